// Random sequences on the RocksDB provider against the model, and proof that they find faults. To
// replay a failure, paste the script that it prints into golden_test.cc. For longer: ./dev fuzz.

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <utility>

#include "tandem/tests/provider_random/broken_provider.h"
#include "tandem/tests/provider_random/fuzz.h"
#include "tandem/tests/provider_random/generator.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem::testing {
namespace {

std::unique_ptr<Subject> MakeRocks(ManualClock& clock) {
  return std::make_unique<RocksSubject>(clock);
}

SubjectFactory MakeBroken(Fault fault) {
  return [fault](ManualClock& clock) {
    return std::make_unique<MemorySubject>(
        clock, MemoryImage(), [fault](std::unique_ptr<MemoryProvider> sound) {
          return std::make_unique<BrokenProvider>(std::move(sound), fault);
        });
  };
}

TEST(RandomSequences, RocksDbAndTheModelAgree) {
  const int sequences = ScaledRounds(40);
  const FuzzReport report = Fuzz(TestSeed(), MakeRocks, [sequences](std::size_t played) {
    return played < static_cast<std::size_t>(sequences);
  });
  EXPECT_EQ(report.failure, "");
  std::cout << ToString(report.tally);
}

// The model opened again, and again, is the model: what a copy of it forgets would be found.
TEST(RandomSequences, TheModelAgreesWithItself) {
  const SubjectFactory factory = [](ManualClock& clock) {
    return std::make_unique<MemorySubject>(clock);
  };
  const FuzzReport report =
      Fuzz(TestSeed(), factory, [](std::size_t played) { return played < 50; });
  EXPECT_EQ(report.failure, "");
}

TEST(RandomSequences, TheSameSeedMakesTheSameScript) {
  EXPECT_EQ(ToString(Generator(7).Make(100)), ToString(Generator(7).Make(100)));
  EXPECT_NE(ToString(Generator(7).Make(100)), ToString(Generator(8).Make(100)));
}

TEST(RandomSequences, AScriptIsReadAsItWasWritten) {
  const std::string text = ToString(Generator(9).Make(300));
  EXPECT_EQ(ToString(ParseScript(text)), text);
}

class FaultTest : public ::testing::TestWithParam<Fault> {};

// Found whatever the seed, and shrunk to what one needs to see it.
TEST_P(FaultTest, IsFoundAndShrunkToAFewSteps) {
  const FuzzReport report =
      Fuzz(TestSeed(), MakeBroken(GetParam()), [](std::size_t played) { return played < 200; });
  ASSERT_NE(report.failure, "");
  EXPECT_LE(report.script.size(), 12U) << report.failure;  // of some hundred; most are below 6
  std::cout << report.failure;
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultTest,
                         ::testing::Values(Fault::kForgetsKeys, Fault::kDeliversGroupsTwice,
                                           Fault::kIgnoresExpectations, Fault::kDropsErasures,
                                           Fault::kCountsNothing));

}  // namespace
}  // namespace tandem::testing
