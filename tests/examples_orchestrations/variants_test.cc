// However an example is run, it comes to the same end: kept in memory or replayed at each turn,
// with fused commits or without, by one runtime or by several. Where its code alone decides what
// comes next, its history is the same too.

#include <map>

#include "tests/examples_orchestrations/all_examples.h"
#include "tests/examples_orchestrations/harness.h"

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

void RunVariant(const SimulationOptions& options, Ends& ends) {
  Simulation sim(tandem::testing::TestSeed(), AllExamples(), options);
  StartAll(sim.client());
  Finish(sim);
  for (const std::string& instance : AllInstances()) {
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
  Ends first;
  for (const std::size_t live : {10'000, 3, 0}) {
    for (const bool fused : {true, false}) {
      for (const std::size_t runtimes : {1, 3}) {
        SCOPED_TRACE("live " + std::to_string(live) + ", fused " + std::to_string(fused) +
                     ", runtimes " + std::to_string(runtimes));
        SimulationOptions options = SimulationOptions::Calm();
        options.live_instances = live;
        options.fused_commits = fused;
        options.runtimes = runtimes;
        Ends ends;
        RunVariant(options, ends);
        if (first.outcomes.empty()) first = ends;
        EXPECT_EQ(ends.outcomes, first.outcomes);
        for (const auto& [instance, executions] : ends.histories) {
          EXPECT_EQ(executions, first.histories[instance]) << instance << "\n"
                                                           << TextOf(executions) << "\n"
                                                           << TextOf(first.histories[instance]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace orchestrations
