// The end of an instance whose turns are poison, as a pure function of its history.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/internal/engine/poison.h"
#include "tandem/tests/duroxide_runtime/engine/engine.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using tandem::Timestamp;

const Timestamp kNow{std::chrono::seconds(1000)};

Failure Poison() { return PoisonFailure("instance 'i'", 11, 10); }

Started StartedAs(const std::string& name) {
  Started started;
  started.name = name;
  started.version = {3, 0, 0};
  started.input = "input";
  return started;
}

class PoisonTurnTest : public ::testing::Test {
 protected:
  PoisonTurnTest() {
    input.instance = "i";
    input.now = kNow;
  }
  void Add(HistoryBody body) {
    input.history.push_back(HistoryEvent{kNow + std::chrono::seconds(5), std::move(body)});
  }
  TurnOutcome Run() { return PoisonTurn(input, registry, Poison()); }

  TurnInput input;
  Registry registry;
};

TEST_F(PoisonTurnTest, FailureTellsWhatAndHowOften) {
  EXPECT_EQ(Poison().category, FailureCategory::kPoison);
  EXPECT_EQ(Poison().message,
            "instance 'i' was delivered 11 times without a result, the limit is 10 "
            "(RuntimeOptions::max_deliveries): it may end the process that runs it");
}

TEST_F(PoisonTurnTest, InstanceThatNeverGotThroughItsFirstTurnIsStartedAndEnded) {
  StartItem start{"work", "input", OrchestrationVersion{2, 0, 0}, OperationAddress{"p", 1, 4}, 7};
  input.items = {EventRaisedItem{{"e", "x"}}, start};
  const TurnOutcome outcome = Run();
  ASSERT_EQ(outcome.deltas.size(), 1u);
  const ExecutionDelta& delta = outcome.deltas.front();
  EXPECT_EQ(delta.execution, 7u);
  EXPECT_EQ(delta.events_before, 0u);
  ASSERT_EQ(delta.events.size(), 2u);
  const auto& started = std::get<Started>(delta.events[0].body);
  EXPECT_EQ(started.name, "work");
  EXPECT_EQ(started.version, (OrchestrationVersion{2, 0, 0}));
  EXPECT_EQ(started.input, "input");
  EXPECT_EQ(delta.started.parent, (OperationAddress{"p", 1, 4}));
  EXPECT_EQ(delta.started.input, "");
  EXPECT_EQ(delta.events[1].body, HistoryBody(OrchestrationFailed{Poison()}));
  EXPECT_EQ(outcome.dropped, 1u);
}

TEST_F(PoisonTurnTest, WhatIsOpenIsCancelledOldestFirst) {
  Add(StartedAs("work"));
  Add(ActivityScheduled{"a", "", ""});          // 2: done
  Add(ActivityScheduled{"b", "", "gpu"});       // 3: open
  Add(TimerCreated{kNow});                      // 4: fired
  Add(TimerCreated{kNow});                      // 5: open
  Add(ChildScheduled{"c", {}, "child-1", ""});  // 6: open
  Add(ChildScheduled{"c", {}, "child-2", ""});  // 7: cancelled
  Add(ActivityCompleted{2, ""});
  Add(ChildCancelRequested{7, "child-2"});
  Add(TimerFired{4});
  Add(EventSubscribed{"e"});
  const TurnOutcome outcome = Run();
  ASSERT_EQ(outcome.deltas.size(), 1u);
  EXPECT_EQ(outcome.deltas.front().events_before, 11u);
  std::vector<HistoryBody> bodies;
  for (const HistoryEvent& event : outcome.deltas.front().events) bodies.push_back(event.body);
  const std::vector<HistoryBody> expected = {ActivityCancelRequested{3, "gpu"}, TimerCancelled{5},
                                             ChildCancelRequested{6, "child-1"},
                                             OrchestrationFailed{Poison()}};
  EXPECT_EQ(bodies, expected);
  // Time of a history never runs backwards.
  EXPECT_EQ(outcome.deltas.front().events.front().time, kNow + std::chrono::seconds(5));
}

TEST_F(PoisonTurnTest, KeyValueMapAndCustomStatusStay) {
  input.kv = {{"a", KvEntry{"0", kNow}}};
  Add(StartedAs("work"));
  Add(KvSet{"a", "1"});
  Add(KvSet{"b", "2"});
  Add(KvErased{"a"});
  Add(CustomStatusSet{{"half", 3}});
  const TurnOutcome outcome = Run();
  EXPECT_EQ(outcome.custom_status, (CustomStatus{"half", 3}));
  const KvChanges& changes = outcome.deltas.front().kv_changes;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes.find("a")->second, std::nullopt);
  EXPECT_EQ(changes.find("b")->second->value, "2");
}

TEST_F(PoisonTurnTest, ExecutionThatCouldNotBeginIsEndedInsteadOfTheOneBefore) {
  input.execution = 4;
  Add(StartedAs("work"));
  Add(OrchestrationContinuedAsNew{"next", OrchestrationVersion{4, 0, 0}, {{"box", "m"}}});
  input.items = {GoOnItem{}};
  const TurnOutcome outcome = Run();
  ASSERT_EQ(outcome.deltas.size(), 1u);
  const ExecutionDelta& delta = outcome.deltas.front();
  EXPECT_EQ(delta.execution, 5u);
  EXPECT_EQ(delta.events_before, 0u);
  const auto& started = std::get<Started>(delta.events.at(0).body);
  EXPECT_EQ(started.input, "next");
  EXPECT_EQ(started.version, (OrchestrationVersion{4, 0, 0}));
  EXPECT_EQ(started.unread.size(), 1u);
  EXPECT_EQ(delta.events.at(1).body, HistoryBody(OrchestrationFailed{Poison()}));
  EXPECT_EQ(outcome.dropped, 0u);
}

TEST_F(PoisonTurnTest, FinishedInstanceIsLeftAlone) {
  Add(StartedAs("work"));
  Add(OrchestrationCompleted{"done"});
  input.items = {EventRaisedItem{{"e", "x"}}};
  const TurnOutcome outcome = Run();
  EXPECT_TRUE(outcome.empty());
  EXPECT_EQ(outcome.dropped, 1u);
}

TEST_F(PoisonTurnTest, MessagesOfAnInstanceThatNeverStartedAreDropped) {
  input.items = {CancelItem{"why"}};
  const TurnOutcome outcome = Run();
  EXPECT_TRUE(outcome.empty());
  EXPECT_EQ(outcome.diagnosis, std::nullopt);
  EXPECT_EQ(outcome.dropped, 1u);
}

TEST_F(PoisonTurnTest, AnotherParentThatWantedTheIdIsTold) {
  Add(StartedAs("work"));
  StartItem start{"work", "", {}, OperationAddress{"p", 1, 4}, 1};
  input.items = {start};
  const TurnOutcome outcome = Run();
  ASSERT_EQ(outcome.replies.size(), 1u);
  EXPECT_EQ(outcome.replies.front().instance, "p");
}

}  // namespace
}  // namespace duroxide
