// Golden histories: what the examples have written once must replay against today's code. Files of
// golden/, one for each execution. To write them anew, when that is meant:
//
//   TANDEM_UPDATE_GOLDEN=1 orchestrations_test --gtest_filter='*Golden*'

#include <cstdlib>
#include <filesystem>

#include "tandem/tests/examples_orchestrations/all_examples.h"
#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

// Each example in the situations that matter, all in one calm simulation with a fixed seed.
void RunAll(Simulation& sim) {
  StartAll(sim.client());
  TakeSteps(sim, 40);
  ASSERT_TRUE(sim.client().Cancel("order-cancelled", "no longer wanted").ok());
  Finish(sim);
}

void WriteAnew(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Simulation sim(20, AllExamples(), SimulationOptions::Calm());
  RunAll(sim);
  for (const std::string& instance : AllInstances()) {
    for (const RecordedHistory& recorded : HistoriesOf(sim, instance)) {
      const std::string name = recorded.instance + "." + std::to_string(recorded.execution);
      ASSERT_TRUE(duroxide::testing::WriteHistoryFile(folder / (name + ".txt"), recorded).ok());
    }
  }
}

TEST(GoldenTest, GoldenHistoriesReplayAgainstTodaysCode) {
  const std::filesystem::path folder = TANDEM_GOLDEN_FOLDER;
  if (std::getenv("TANDEM_UPDATE_GOLDEN") != nullptr) WriteAnew(folder);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto recorded = duroxide::testing::ReadHistoryFile(entry.path());
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    const auto divergence = duroxide::testing::FindDivergence(*recorded, AllExamples());
    EXPECT_EQ(divergence, std::nullopt) << entry.path().filename() << ": " << *divergence;
    ++files;
  }
  EXPECT_GE(files, 11U);
}

}  // namespace
}  // namespace orchestrations
