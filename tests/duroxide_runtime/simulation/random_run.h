#pragma once

// One random orchestration, run in a simulation, and everything that must hold of it.

#include <cstdint>
#include <string>

#include "tandem/duroxide_runtime/testing/simulation.h"

namespace duroxide::testing {

struct RandomRun {
  std::string wrong;  // the first thing that does not hold; empty if all does
  std::string result;
  bool cancelled = false;  // somebody asked for it
  SimulationCounts counts;
  std::vector<std::string> trace;
};

// The program, and what goes on around it, follow from the seed.
RandomRun RunRandomProgram(std::uint64_t seed, const SimulationOptions& options);

// The same, and that its result is that of a run without faults, where it is determined. Empty if
// all holds.
std::string CheckRandomProgram(std::uint64_t seed, const SimulationOptions& options);

}  // namespace duroxide::testing
