// orchestration_fuzz --minutes N [--seed S]: random orchestrations in simulations full of faults,
// for so long. Exits with 1 at the first for which something does not hold, and prints its seed.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "tests/duroxide_runtime/simulation/random_run.h"

namespace duroxide::testing {
namespace {

int Main(int argc, char** argv) {
  double minutes = 1;
  std::uint64_t seed = std::random_device()();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--minutes") minutes = std::atof(argv[i + 1]);
    if (name == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::cout << "seed " << seed << ", for " << minutes << " minutes" << std::endl;
  using Minutes = std::chrono::duration<double, std::ratio<60>>;
  const auto start = std::chrono::steady_clock::now();
  SimulationCounts all;
  std::uint64_t programs = 0;
  while (Minutes(std::chrono::steady_clock::now() - start).count() < minutes) {
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
    ++seed;
  }
  std::cout << programs << " programs: " << all.steps << " steps, " << all.turns << " turns, "
            << all.activities << " activities, " << all.crashes << " crashes, " << all.lost_leases
            << " lost leases" << std::endl;
  return 0;
}

}  // namespace
}  // namespace duroxide::testing

int main(int argc, char** argv) { return duroxide::testing::Main(argc, argv); }
