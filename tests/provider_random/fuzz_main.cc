// provider_fuzz --minutes N [--seed S]: random sequences on the RocksDB provider against the model,
// for so long. Exits with 1 at the first that fails, and prints it shrunk, as a script for
// golden_test.cc.

#include <cstddef>
#include <iostream>
#include <memory>

#include "tandem/tests/provider_random/fuzz.h"
#include "tandem/tests/support/fuzz_run.h"

namespace tandem::testing {
namespace {

int Main(int argc, char** argv) {
  const FuzzRun run("Random sequences on the RocksDB provider against the model in memory.", argc,
                    argv);
  const FuzzReport report = Fuzz(
      run.seed(), [](ManualClock& clock) { return std::make_unique<RocksSubject>(clock); },
      [&](std::size_t) { return !run.over(); });
  std::cout << ToString(report.tally);
  if (report.failure.empty()) return 0;
  std::cout << "FAILED: " << report.failure << std::endl;
  return 1;
}

}  // namespace
}  // namespace tandem::testing

int main(int argc, char** argv) { return tandem::testing::Main(argc, argv); }
