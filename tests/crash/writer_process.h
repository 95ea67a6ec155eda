#pragma once

// A child process running crash_writer, and the lines that it writes.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tandem::testing {

class WriterProcess {
 public:
  explicit WriterProcess(const std::vector<std::string>& command);
  ~WriterProcess();  // kills it
  WriterProcess(const WriterProcess&) = delete;
  WriterProcess& operator=(const WriterProcess&) = delete;

  // The next line, without its end; nullopt once the process is gone and all
  // its lines are read.
  std::optional<std::string> NextLine();

  // SIGKILL; what it wrote before can still be read.
  void Kill();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace tandem::testing
