#pragma once

// A program that runs as a child and can be killed.

#include <sys/types.h>

#include <string>
#include <vector>

namespace examples {

class ChildProcess {
 public:
  // Starts `program` (looked up in PATH unless it has a slash) with its output going to `log`, or
  // to nowhere where that is empty. Aborts when the system has no process to give.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
               const std::string& log);
  ~ChildProcess();  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool Running();
  void Kill();  // SIGKILL
  int Wait();   // its exit status; 128 + the signal if it was killed

 private:
  pid_t pid_;
  int exit_status_ = -1;  // -1: not ended, as far as we know
};

}  // namespace examples
