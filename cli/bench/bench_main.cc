#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tandem/cli/bench/bench.h"
#include "tandem/cli/exit_code.h"
#include "tandem/cli/interrupts.h"

int main(int argc, char** argv) {
  const tandem::cli::Interrupts interrupts;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const tandem::bench::Console console{std::cout, std::cerr, isatty(STDERR_FILENO) == 1,
                                       [&interrupts] { return interrupts.Came(); }};
  try {
    return tandem::bench::RunBench(arguments, console);
  } catch (const std::exception& failure) {
    std::cerr << "error: " << failure.what() << "\n";
    return tandem::cli::kDamaged;
  }
}
