// provider_fuzz --minutes N [--seed S]: random sequences on the RocksDB provider against the model,
// for so long. Exits with 1 at the first that fails, and prints it shrunk, as a script for
// golden_test.cc.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "tests/provider_random/fuzz.h"

namespace tandem::testing {
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
  const FuzzReport report = Fuzz(
      seed, [](ManualClock& clock) { return std::make_unique<RocksSubject>(clock); },
      [&](std::size_t) {
        return Minutes(std::chrono::steady_clock::now() - start).count() < minutes;
      });
  std::cout << ToString(report.tally);
  if (report.failure.empty()) return 0;
  std::cout << "FAILED: " << report.failure << std::endl;
  return 1;
}

}  // namespace
}  // namespace tandem::testing

int main(int argc, char** argv) { return tandem::testing::Main(argc, argv); }
