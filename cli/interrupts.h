#pragma once

#include <array>
#include <csignal>

namespace tandem::cli {

// As long as it lives, SIGINT, SIGTERM and SIGHUP don't end the process: they are noted, so that a
// program can end its work in order. One at a time in a process; made and destroyed by main's
// thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Whether one came since this was made. Thread-safe.
  bool Came() const;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

  std::array<struct sigaction, kSignals.size()> before_;
};

}  // namespace tandem::cli
