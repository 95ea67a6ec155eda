// Golden histories: what the examples have written once must replay against today's code. Files of
// golden/, one for each execution. To write them anew, when that is meant:
//
//   TANDEM_UPDATE_GOLDEN=1 orchestrations_test --gtest_filter='*Golden*'

#include <cstdlib>
#include <filesystem>
#include <map>

#include "examples/orchestrations/approval.h"
#include "examples/orchestrations/bounded_fan_out.h"
#include "examples/orchestrations/mailbox_actor.h"
#include "examples/orchestrations/monitor.h"
#include "examples/orchestrations/order_saga.h"
#include "examples/orchestrations/tree.h"
#include "examples/orchestrations/versioned_rollout.h"
#include "tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT
using Number = duroxide::Result<std::int64_t>;

duroxide::Registry MakeRegistry() {
  const auto world = std::make_shared<World>(Trouble{25, 7});
  const auto polls = std::make_shared<std::int64_t>(0);
  duroxide::Registry registry;
  RegisterApproval(registry, world);
  RegisterBoundedFanOut(
      registry, [](duroxide::ActivityContext&, std::int64_t item) -> Number { return 2 * item; });
  RegisterMailboxActor(registry);
  RegisterMonitor(registry, [polls](duroxide::ActivityContext&, const std::string&) -> Number {
    return ++*polls;
  });
  RegisterOrderSaga(registry, world);
  RegisterTree(registry, [](duroxide::ActivityContext&, std::int64_t value) -> Number {
    if (value < 0) return duroxide::Status::NotFound("a rotten branch");
    return value;
  });
  RegisterVersionedRollout(registry, world);
  return registry;
}

// Each example in the situations that matter, all in one calm simulation with a fixed seed.
void RunAll(Simulation& sim) {
  const duroxide::Client client = sim.client();
  ASSERT_TRUE(client.Start(kOrderSaga, "order-done", Order("book", 1'000, "here")).ok());
  ASSERT_TRUE(client.Start(kOrderSaga, "order-failed", Order("book", 1'000, "nowhere")).ok());
  ASSERT_TRUE(client.Start(kOrderSaga, "order-cancelled", Order("book", 1'000, "here")).ok());
  ASSERT_TRUE(client.Start(kApproval, "approval-early", Request("a trip", 60)).ok());
  ASSERT_TRUE(client.RaiseEvent("approval-early", kDecided, "yes").ok());
  ASSERT_TRUE(client.Start(kApproval, "approval-none", Request("a yacht", 60)).ok());
  std::vector<std::int64_t> values{3, 1, 4, 1, 5, 9, 2};
  ASSERT_TRUE(client.Start(kBoundedFanOut, "fan-out", Items(3, std::move(values))).ok());
  ASSERT_TRUE(client.Start(kMonitor, "monitor", Watch("water", 13, 60, 0)).ok());
  ASSERT_TRUE(client.Start(kMailboxActor, "actor", Account()).ok());
  for (std::int64_t i = 1; i <= kCommandsPerExecution + 2; ++i) {
    ASSERT_TRUE(
        client.Send("actor", kCommands, Command(i, 10 - i, i == kCommandsPerExecution + 2)).ok());
  }
  ASSERT_TRUE(client.Start(kSubscription, "rollout", Subscription(1'000, 2, 60, 0)).ok());
  std::vector<Tree> leaves;
  leaves.emplace_back(1, std::vector<Tree>());
  leaves.emplace_back(2, std::vector<Tree>());
  ASSERT_TRUE(client.Start(kTree, "tree-done", Tree(3, leaves)).ok());
  leaves.emplace_back(-1, std::vector<Tree>());
  leaves.emplace_back(4, std::vector<Tree>());
  ASSERT_TRUE(client.Start(kTree, "tree-failed", Tree(3, leaves)).ok());
  TakeSteps(sim, 40);
  ASSERT_TRUE(sim.client().Cancel("order-cancelled", "no longer wanted").ok());
  Finish(sim);
}

void WriteAnew(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Simulation sim(20, MakeRegistry(), SimulationOptions::Calm());
  RunAll(sim);
  for (const char* instance :
       {"order-done", "order-failed", "order-cancelled", "approval-early", "approval-none",
        "fan-out", "monitor", "actor", "rollout", "tree-done", "tree-failed"}) {
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
    const auto divergence = duroxide::testing::FindDivergence(*recorded, MakeRegistry());
    EXPECT_EQ(divergence, std::nullopt) << entry.path().filename() << ": " << *divergence;
    ++files;
  }
  EXPECT_GE(files, 11U);
}

}  // namespace
}  // namespace orchestrations
