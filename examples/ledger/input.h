#pragma once

// The input that a command line names: a CSV file, or what the generator makes of a seed.

#include <memory>
#include <string>

#include <tandem/tandem.h>
#include "examples/ledger/row_source.h"

namespace CLI {
class App;
}

namespace ledger {

struct InputOptions {
  std::string csv;  // empty: generated
  GeneratorOptions generator;
};

void AddInputOptions(CLI::App& app, InputOptions& options);

// From the first row on, each time.
tandem::Result<std::unique_ptr<RowSource>> OpenInput(const InputOptions& options);

}  // namespace ledger
