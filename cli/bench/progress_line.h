#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>

#include "tandem/cli/bench/sweep.h"

namespace tandem::bench {

// "12/18  10 events + 1 message  buffered  rocksdb  66%  18,506/s  21s left"
std::string ProgressInWords(const Progress& progress, std::chrono::duration<double> passed);

// One line of a terminal, written anew at most ten times a second. One thread at a time.
class ProgressLine {
 public:
  explicit ProgressLine(std::ostream& terminal) : terminal_(terminal) {}
  void Show(const Progress& progress);
  // Leaves the line empty, for what is written next.
  void Clear();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  std::ostream& terminal_;
  const SteadyTime start_ = std::chrono::steady_clock::now();
  SteadyTime next_ = start_;
  bool shown_ = false;
};

}  // namespace tandem::bench
