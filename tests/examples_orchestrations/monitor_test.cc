// The monitor: it notices when it is so, and stays small however long that takes.

#include "examples/orchestrations/monitor.h"

#include <map>

#include "examples/orchestrations/world.h"
#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

// A level that rises by one with each poll. The same call gets the same answer again.
class Level {
 public:
  explicit Level(std::uint64_t trouble_percent) : world_(Trouble{trouble_percent, 1}) {}
  duroxide::Result<std::int64_t> Poll(const duroxide::ActivityContext& context) {
    TANDEM_RETURN_IF_ERROR(world_.Hiccup(context));
    const auto [call, is_new] = answers_.try_emplace(CallName(context), answers_.size() + 1);
    return call->second;
  }

 private:
  World world_;
  std::map<std::string, std::int64_t> answers_;
};

duroxide::Registry MakeRegistry(const std::shared_ptr<Level>& level) {
  duroxide::Registry registry;
  RegisterMonitor(registry, [level](duroxide::ActivityContext& context, const std::string&) {
    return level->Poll(context);
  });
  return registry;
}

// Per round: an activity and its answer, a timer and its end, key and status.
constexpr std::size_t kEventsMax = 2 + 6 * kPollsPerExecution;

TEST(MonitorTest, ItEndsWhenTheTargetIsReachedAndItsHistoryStaysShort) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    constexpr std::int64_t kTarget = 57;
    Simulation sim(seed, MakeRegistry(std::make_shared<Level>(0)), options);
    ASSERT_TRUE(sim.client().Start(kMonitor, "m", Watch("water", kTarget, 60, 0)).ok());
    Finish(sim);
    // A call that ran, and whose result was lost, has been answered all the same.
    EXPECT_EQ(*OutputOf(sim, kMonitor, "m"), kTarget);
    const std::vector<RecordedHistory> executions = HistoriesOf(sim, "m");
    EXPECT_EQ(executions.size(), (kTarget + kPollsPerExecution - 1) / kPollsPerExecution);
    for (const RecordedHistory& execution : executions) {
      EXPECT_LE(execution.history.size(), kEventsMax);
    }
    EXPECT_EQ(executions.back().kv.at(std::string(kLastValue)).value, "50");
    EXPECT_EQ(StatusOf(sim, "m").custom_status.value, "water is at 57");
  });
}

TEST(MonitorTest, APollThatFailsIsNoReasonToEnd) {
  ForSeeds(100, [](std::uint64_t seed, const SimulationOptions& options) {
    Simulation sim(seed, MakeRegistry(std::make_shared<Level>(30)), options);
    ASSERT_TRUE(sim.client().Start(kMonitor, "m", Watch("water", 40, 60, 0)).ok());
    Finish(sim);
    EXPECT_GT(*OutputOf(sim, kMonitor, "m"), 40);
  });
}

TEST(MonitorTest, ItRunsForYearsAndCanBeCancelled) {
  Simulation sim(1, MakeRegistry(std::make_shared<Level>(0)), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kMonitor, "m", Watch("water", 1 << 30, 86'400, 0)).ok());
  ASSERT_TRUE(sim.RunUntil(sim.now() + std::chrono::days(3 * 365)).ok());
  EXPECT_EQ(StatusOf(sim, "m").state, InstanceState::kRunning);
  EXPECT_GT(StatusOf(sim, "m").execution, 100U);
  ASSERT_TRUE(sim.client().Cancel("m", "no longer wanted").ok());
  Finish(sim);
  EXPECT_EQ(StatusOf(sim, "m").state, InstanceState::kCancelled);
}

}  // namespace
}  // namespace orchestrations
