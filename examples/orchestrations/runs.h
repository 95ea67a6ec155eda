#pragma once

// What the program does with each example: starts its instances, unless the store has them already,
// plays the world outside, and tells on stdout what happens, a line each.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tandem/duroxide.h>
#include <tandem/tandem.h>
#include "examples/orchestrations/world.h"

namespace orchestrations {

struct RunOptions {
  std::string example;
  std::int64_t count = 20;  // orders, items, commands, months...: how much there is to do
  std::string decision;     // of the approver; empty: nobody answers
  std::int64_t from = 0;    // the first command to send; 0: the one behind the last dealt with
};

// "approval", ..., in order of the alphabet.
std::vector<std::string> ExampleNames();

// All examples, on one world.
duroxide::Registry MakeRegistry(const std::shared_ptr<World>& world);

// `client` is a runtime's on that store. Returns when all instances have finished. What it tells
// after the word "told" is stored for good:
//
//   told started order-7        told sent 12
//   told order-7 Completed
tandem::Status RunExample(const RunOptions& options, tandem::Provider& store,
                          const duroxide::Client& client);

}  // namespace orchestrations
