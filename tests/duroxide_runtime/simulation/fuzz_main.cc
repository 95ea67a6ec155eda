// orchestration_fuzz --minutes N [--seed S]: random orchestrations in simulations full of faults,
// for so long. Exits with 1 at the first for which something does not hold, and prints its seed.

#include <cstdint>
#include <iostream>
#include <string>

#include "tandem/tests/duroxide_runtime/simulation/random_run.h"
#include "tandem/tests/support/fuzz_run.h"

namespace duroxide::testing {
namespace {

int Main(int argc, char** argv) {
  const tandem::testing::FuzzRun run("Random orchestrations in simulations full of faults.", argc,
                                     argv);
  SimulationCounts all;
  std::uint64_t programs = 0;
  for (std::uint64_t seed = run.seed(); !run.over(); ++seed) {
    SimulationOptions options;
    options.runtimes = 1 + seed % 3;
    options.live_instances = seed % 4 * 2;
    options.fused_commits = seed % 7 != 0;
    options.crash_at_commit = options.crash_between = options.lease_loss =
        0.05 * static_cast<double>(seed % 5);
    const std::string wrong = CheckRandomProgram(seed, options);
    if (!wrong.empty()) {
      std::cout << "FAILED: seed " << seed << ": " << wrong << std::endl;
      return 1;
    }
    const SimulationCounts counts = RunRandomProgram(seed, options).counts;
    all.steps += counts.steps;
    all.turns += counts.turns;
    all.activities += counts.activities;
    all.crashes += counts.crashes;
    all.lost_leases += counts.lost_leases;
    ++programs;
  }
  std::cout << programs << " programs: " << all.steps << " steps, " << all.turns << " turns, "
            << all.activities << " activities, " << all.crashes << " crashes, " << all.lost_leases
            << " lost leases" << std::endl;
  return 0;
}

}  // namespace
}  // namespace duroxide::testing

int main(int argc, char** argv) { return duroxide::testing::Main(argc, argv); }
