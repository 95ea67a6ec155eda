// Replay equivalence: wherever a history is cut, replaying the part and giving the next inputs
// again writes the rest again, however the inputs are spread over turns. And the golden histories:
// what the samples write is compared with golden/*.txt, so that a change of order or content is
// seen.
//
// Format of a golden file: one line per event, `id +seconds-since-start description`. To write them
// anew: TANDEM_UPDATE_GOLDEN=1 duroxide_engine_test --gtest_filter='*Golden*'

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/engine.h"
#include "tandem/tests/duroxide_runtime/hostile_records.h"
#include "tandem/tests/duroxide_runtime/newer_kinds.h"
#include "tandem/tests/duroxide_runtime/samples.h"
#include "tandem/tests/support/random_seed.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

struct Script {
  std::string orchestration;
  std::string input;
  std::vector<std::vector<WorkItem>> turns;  // after the start
};

std::vector<Script> Scripts() {
  const auto completed = [](EventId id, std::string output) -> WorkItem {
    return ActivityCompletedItem{{1, id}, std::move(output)};
  };
  const auto fired = [](EventId id) -> WorkItem { return TimerFiredItem{{1, id}}; };
  const auto raised = [](std::string name, std::string payload) -> WorkItem {
    return EventRaisedItem{{std::move(name), std::move(payload)}};
  };
  return {
      {"sequence", "3", {{completed(2, "1")}, {completed(4, "3")}, {completed(6, "6")}}},
      {"fan-out",
       "4",
       {{completed(3, "2"), completed(5, "4")}, {completed(2, "1")}, {completed(4, "3")}}},
      {"approval", "trip", {{raised("approved", "ann")}}},
      {"approval",
       "late",
       {{raised("noise", "x"), fired(2)}, {raised("approved", "early"), completed(7, "")}}},
      {"mixed", "text", {{completed(3, "TEXT")}, {fired(6)}, {completed(9, "slow")}}},
      {"mixed", "skip", {{raised("skip", ""), completed(3, "SKIP")}}},
      {"mixed", "fails", {{Engine::Failed(3, StatusCode::kIoError, "disk")}, {fired(4)}}},
  };
}

Engine MakeEngine() {
  Registry registry;
  AddSamples(registry);
  return Engine(std::move(registry));
}

History RunScript(const Script& script) {
  Engine engine = MakeEngine();
  engine.Start(script.input, script.orchestration);
  for (const auto& items : script.turns) {
    const TurnOutcome outcome = engine.Turn(items);
    EXPECT_FALSE(outcome.diagnosis) << *outcome.diagnosis;
    EXPECT_EQ(outcome.dropped, 0u) << engine.Text();
  }
  return engine.history();
}

// The item that an input event came from.
WorkItem ToItem(const HistoryBody& body) {
  if (const auto* e = std::get_if<Started>(&body)) return StartItem{e->name, e->input};
  if (const auto* e = std::get_if<ActivityCompleted>(&body)) {
    return ActivityCompletedItem{{1, e->scheduled_id}, e->output};
  }
  if (const auto* e = std::get_if<ActivityFailed>(&body)) {
    return ActivityFailedItem{{1, e->scheduled_id}, e->failure};
  }
  if (const auto* e = std::get_if<TimerFired>(&body)) return TimerFiredItem{{1, e->scheduled_id}};
  return EventRaisedItem{std::get<EventRaised>(body)};
}

TEST(ReplayTest, ScriptsRunToTheirEnd) {
  for (const Script& script : Scripts()) {
    const History history = RunScript(script);
    EXPECT_TRUE(IsEnd(history.back().body)) << Engine::TextOf(history);
  }
}

TEST(ReplayTest, EveryPrefixGoesOnToTheSameHistory) {
  for (const Script& script : Scripts()) {
    const History full = RunScript(script);
    for (std::size_t cut = 1; cut < full.size(); ++cut) {
      if (!IsInput(full[cut].body)) continue;  // a turn is stored whole, up to the next input
      History history(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(cut));
      Engine engine = MakeEngine();
      while (history.size() < full.size()) {
        TurnInput input;
        input.instance = "instance";
        input.history = history;
        input.items = {ToItem(full[history.size()].body)};
        input.now = full[history.size()].time;
        const TurnOutcome outcome = RunTurn(input, engine.registry());
        ASSERT_FALSE(outcome.diagnosis) << *outcome.diagnosis;
        ASSERT_EQ(outcome.deltas.size(), 1U);
        const History& events = outcome.deltas.front().events;
        history.insert(history.end(), events.begin(), events.end());
      }
      EXPECT_EQ(history, full) << "cut before event " << cut + 1;
    }
    EXPECT_EQ(FindDivergence("instance", 1, full, {}, MakeEngine().registry()), std::nullopt);
  }
}

TEST(ReplayTest, CutInsideATurnIsADivergenceUnlessCommandsAreComplete) {
  const History full = RunScript(Scripts()[1]);  // fan-out: four commands behind Started
  const History torn(full.begin(), full.begin() + 3);
  const auto diagnosis = FindDivergence("instance", 1, torn, {}, MakeEngine().registry());
  ASSERT_TRUE(diagnosis);
  EXPECT_NE(diagnosis->find("at event 4: history ends before it"), std::string::npos);
}

// Any completions in any order, in turns of any size: the result depends on nothing but the order.
TEST(ReplayTest, RandomOrderAndBatchingWriteWhatReplayReads) {
  const auto base = static_cast<unsigned>(tandem::testing::TestSeed());
  for (unsigned seed = base; seed < base + 100; ++seed) {
    std::mt19937 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Engine engine = MakeEngine();
    engine.Start("12", "fan-out");
    std::vector<WorkItem> items;
    for (EventId id = 2; id <= 13; ++id) {
      items.push_back(ActivityCompletedItem{{1, id}, std::to_string(id)});
    }
    std::shuffle(items.begin(), items.end(), random);
    while (!items.empty()) {
      const std::size_t count = 1 + random() % items.size();
      const auto first = items.end() - static_cast<std::ptrdiff_t>(count);
      ASSERT_FALSE(engine.Turn(std::vector<WorkItem>(first, items.end())).diagnosis);
      items.erase(first, items.end());
    }
    EXPECT_EQ(std::get<OrchestrationCompleted>(engine.history().back().body).output, "90");
    EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
  }
}

TEST(ReplayTest, HistoryEventsComeBackFromTheirRecords) {
  for (const Script& script : Scripts()) {
    for (const HistoryEvent& event : RunScript(script)) {
      const Result<HistoryEvent> decoded = DecodeHistoryEvent(EncodeHistoryEvent(event), "event");
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(*decoded, event);
    }
  }
}

// A chain of a million causes would be taken down by recursion, on a stack that is too small.
TEST(ReplayTest, FailureWithMoreCausesThanAreEverWrittenIsCorruption) {
  EXPECT_TRUE(DecodeHistoryEvent(HistoryEventWithCauses(kFailureCausesMax), "event").ok());
  EXPECT_TRUE(DecodeWorkItem(WorkItemWithCauses(kFailureCausesMax), "item").ok());
  for (const unsigned causes : {static_cast<unsigned>(kFailureCausesMax) + 1, 1'000'000U}) {
    const Status event = DecodeHistoryEvent(HistoryEventWithCauses(causes), "event").status();
    EXPECT_EQ(event.code(), StatusCode::kCorruption) << event;
    const Status item = DecodeWorkItem(WorkItemWithCauses(causes), "item").status();
    EXPECT_EQ(item.code(), StatusCode::kCorruption) << item;
  }
}

TEST(ReplayTest, NoMoreCausesAreWrittenThanAreRead) {
  Failure failure;
  failure.causes.resize(1'000);
  const HistoryEvent event{Timestamp(), ActivityFailed{2, failure}};
  const Result<HistoryEvent> decoded = DecodeHistoryEvent(EncodeHistoryEvent(event), "event");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(std::get<ActivityFailed>(decoded->body).failure.causes.size(), kFailureCausesMax);
}

TEST(ReplayTest, WorkItemsComeBackFromTheirRecords) {
  const std::string bytes("\0\xff", 2);
  const Failure failure{
      FailureCategory::kPoison, StatusCode::kNoSpace, "full", {{StatusCode::kIoError, bytes}}};
  std::vector<WorkItem> items;
  items.emplace_back(StartItem{"name", bytes});
  items.emplace_back(
      StartItem{"name", bytes, OrchestrationVersion{2, 3, 4}, OperationAddress{"p", 5, 6}, 7});
  ActivityItem activity;  // field by field: g++ 12 warns without reason about a braced list
  activity.operation = OperationAddress{"instance", 1, 2};
  activity.name = "name";
  activity.input = bytes;
  activity.tag = "tag";
  activity.orchestration = "orchestration";
  activity.version = OrchestrationVersion{2, 3, 4};
  items.emplace_back(activity);
  items.emplace_back(ActivityCompletedItem{{1, 2}, bytes});
  items.emplace_back(ActivityFailedItem{{1, 2}, failure});
  items.emplace_back(TimerFiredItem{{1, 2}});
  items.emplace_back(EventRaisedItem{{"name", bytes}});
  items.emplace_back(ChildCompletedItem{{1, 2}, bytes});
  items.emplace_back(ChildFailedItem{{1, 2}, failure});
  items.emplace_back(CancelItem{bytes});
  items.emplace_back(GoOnItem{});
  for (const WorkItem& item : items) {
    const Result<WorkItem> decoded = DecodeWorkItem(EncodeWorkItem(item), "message");
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, item);
  }
}

TEST(ReplayTest, DamagedRecordsAreCorruption) {
  EXPECT_EQ(DecodeHistoryEvent("garbage!", "event 7").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeWorkItem("", "message 7").status().code(), StatusCode::kCorruption);
}

TEST(ReplayTest, UnknownKindsAreUnsupported) {
  const Status event = DecodeHistoryEvent(NewerHistoryEvent(), "event 7").status();
  EXPECT_EQ(event.code(), StatusCode::kUnsupported) << event;
  EXPECT_EQ(event.message().find("event 7: written by a newer version of the runtime"), 0u);
  const Status item = DecodeWorkItem(NewerWorkItem(), "message 7").status();
  EXPECT_EQ(item.code(), StatusCode::kUnsupported) << item;
  EXPECT_EQ(item.message().find("message 7: written by a newer version of the runtime"), 0u);
}

std::string Golden(const History& history) {
  std::ostringstream text;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto since = std::chrono::floor<std::chrono::seconds>(history[i].time - history[0].time);
    text << i + 1 << " +" << since.count() << " " << Describe(history[i].body) << "\n";
  }
  return text.str();
}

TEST(ReplayTest, GoldenHistories) {
  const std::filesystem::path folder = TANDEM_GOLDEN_FOLDER;
  int number = 0;
  for (const Script& script : Scripts()) {
    const std::filesystem::path path =
        folder / (std::to_string(++number) + "_" + script.orchestration + ".txt");
    const std::string actual = Golden(RunScript(script));
    if (std::getenv("TANDEM_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(path) << actual;
      continue;
    }
    std::stringstream expected;
    expected << std::ifstream(path).rdbuf();
    EXPECT_EQ(actual, expected.str()) << path.filename();
  }
}

}  // namespace
}  // namespace duroxide
