#pragma once

// The command line of tandem-bench, read by CLI11.

#include <string>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/cli/bench/plan.h"

namespace tandem::bench {

struct Command {
  std::string text;  // not empty: nothing is measured, this is printed
  Plan plan;
};

// Of the arguments behind the program's name. InvalidArgument says which flag, which value, and
// what it may be; TooLarge: of a batch over the limits of a store (base/limits.h); Unsupported: of
// a store that this program was built without.
Result<Command> ReadCommandLine(const std::vector<std::string>& arguments);

// Whether the arguments ask for JSON, even if they can't be read otherwise: then so are errors.
bool AskForJson(const std::vector<std::string>& arguments);

}  // namespace tandem::bench
