// However an example is run, it comes to the same end: kept in memory or replayed at each turn,
// with fused commits or without, by one runtime or by several. Where its code alone decides what
// comes next, its history is the same too.

#include <map>

#include "tandem/tests/examples_orchestrations/all_examples.h"
#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

// Without what has to be different: the seed, and times, which are told from the event before.
std::vector<RecordedHistory> Comparable(std::vector<RecordedHistory> executions) {
  for (RecordedHistory& recorded : executions) {
    for (auto& [key, entry] : recorded.kv) entry.updated_at = {};
    for (duroxide::HistoryEvent& event : recorded.history) {
      auto* started = std::get_if<duroxide::Started>(&event.body);
      auto* timer = std::get_if<duroxide::TimerCreated>(&event.body);
      if (started != nullptr) started->seed = 0;
      if (started != nullptr) started->created_at = {};
      if (timer != nullptr) timer->fire_at -= event.time.time_since_epoch();
      event.time = {};
    }
  }
  return executions;
}

std::string TextOf(const std::vector<RecordedHistory>& executions) {
  std::string text;
  for (const RecordedHistory& recorded : executions) {
    text += "execution " + std::to_string(recorded.execution) + "\n";
    for (const duroxide::HistoryEvent& event : recorded.history) {
      text += duroxide::Describe(event.body) + "\n";
    }
  }
  return text;
}

// Several activities or children at a time: their results come in any order.
bool OrderIsDetermined(const std::string& instance) {
  return instance != "fan-out" && !instance.starts_with("tree-");
}

struct Ends {
  std::map<std::string, std::string> outcomes;
  std::map<std::string, std::vector<RecordedHistory>> histories;
};

// What comes when all that was due was done, and the time has come to when more is: so in a turn of
// its own.
void StartWithLateMessages(Simulation& sim) {
  const auto rest = [&sim] {
    ASSERT_TRUE(sim.RunUntil(sim.now() + std::chrono::microseconds(1)).ok());
  };
  const duroxide::Client client = sim.client();
  ASSERT_TRUE(client.Start(kApproval, "approval-late", Request("a tent", 60)).ok());
  ASSERT_TRUE(client.Start(kActor, "actor-late", Account()).ok());
  rest();
  ASSERT_TRUE(client.RaiseEvent("approval-late", kDecided, "yes").ok());
  for (std::int64_t i = 1; i <= kCommandsPerExecution + 2; ++i) {
    const Command command(i, 10 - i, i == kCommandsPerExecution + 2);
    ASSERT_TRUE(client.RaiseEvent("actor-late", kCommand, command).ok());
    rest();
  }
}

void RunVariant(std::uint64_t seed, const SimulationOptions& options, Ends& ends) {
  Simulation sim(seed, AllExamples(), options);
  StartAll(sim.client());
  StartWithLateMessages(sim);
  Finish(sim);
  std::vector<std::string> instances = AllInstances();
  instances.insert(instances.end(), {"approval-late", "actor-late"});
  for (const std::string& instance : instances) {
    const duroxide::InstanceStatus status = StatusOf(sim, instance);
    std::string& outcome = ends.outcomes[instance];
    outcome = std::string(duroxide::InstanceStateName(status.state)) + " " + status.output;
    if (status.failure) outcome += " " + status.failure->ToStatus().ToString();
    outcome += " " + status.custom_status.value.value_or("no status");
    if (!OrderIsDetermined(instance)) continue;
    ends.histories[instance] = Comparable(HistoriesOf(sim, instance));
  }
}

TEST(VariantsTest, ExamplesEndTheSameLiveAndReplayedFusedAndNot) {
  std::uint64_t seed = tandem::testing::TestSeed();
  Ends first;
  for (const std::size_t live : {10'000, 3, 0}) {
    for (const bool fused : {true, false}) {
      for (const std::size_t runtimes : {1, 3}) {
        SCOPED_TRACE("seed " + std::to_string(++seed) + ", live " + std::to_string(live) +
                     ", fused " + std::to_string(fused) + ", runtimes " + std::to_string(runtimes));
        SimulationOptions options = SimulationOptions::Calm();
        options.live_instances = live;
        options.fused_commits = fused;
        options.runtimes = runtimes;
        Ends ends;
        RunVariant(seed, options, ends);
        if (first.outcomes.empty()) first = ends;
        EXPECT_EQ(ends.outcomes, first.outcomes);
        for (const auto& [instance, executions] : ends.histories) {
          EXPECT_TRUE(executions == first.histories[instance]) << instance << "\n"
                                                               << TextOf(executions) << "\n"
                                                               << TextOf(first.histories[instance]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace orchestrations
