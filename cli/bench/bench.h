#pragma once

// tandem-bench: measures what a batch costs on this machine, in Tandem and in what stands beside
// it.

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace tandem::bench {

// Where it writes, and what ends it early.
struct Console {
  std::ostream& out;  // figures, and nothing else
  std::ostream& err;  // errors, hints, notes, progress
  bool err_is_terminal = false;
  std::function<bool()> interrupted;  // asked between blocks of batches, on any thread
};

// Of the arguments behind the program's name. Returns the exit code (cli/exit_code.h). Every
// directory that it made is removed when it returns.
int RunBench(const std::vector<std::string>& arguments, const Console& console);

}  // namespace tandem::bench
