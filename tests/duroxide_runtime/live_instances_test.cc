// What is kept of instances between their turns, and that it is only a guess.

#include "duroxide_runtime/internal/live_instances.h"

#include <gtest/gtest.h>

#include "tests/duroxide_runtime/engine.h"
#include "tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

class LiveInstancesTest : public ::testing::Test {
 protected:
  LiveInstancesTest() { AddSamples(registry_); }

  std::unique_ptr<LiveInstance> Started(const std::string& instance) {
    TurnInput input;
    input.instance = instance;
    input.items = {StartItem{"sequence", "2"}};
    return RunTurn(input, registry_).live;
  }

  Registry registry_;
};

TEST_F(LiveInstancesTest, WhatIsTakenIsGone) {
  LiveInstances live(10);
  live.Put(Started("a"));
  EXPECT_EQ(live.size(), 1U);
  EXPECT_EQ(live.Take("b"), nullptr);
  const auto taken = live.Take("a");
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->execution->instance(), "a");
  EXPECT_EQ(taken->events, 2U);
  EXPECT_EQ(live.Take("a"), nullptr);
}

TEST_F(LiveInstancesTest, TheLeastRecentlyUsedGoesFirst) {
  LiveInstances live(2);
  live.Put(Started("a"));
  live.Put(Started("b"));
  live.Put(live.Take("a"));
  live.Put(Started("c"));
  EXPECT_EQ(live.size(), 2U);
  EXPECT_EQ(live.Take("b"), nullptr);
  EXPECT_NE(live.Take("a"), nullptr);
  EXPECT_NE(live.Take("c"), nullptr);
}

TEST_F(LiveInstancesTest, TheSameInstanceReplacesItself) {
  LiveInstances live(2);
  live.Put(Started("a"));
  live.Put(Started("b"));
  live.Put(Started("a"));
  EXPECT_EQ(live.size(), 2U);
  EXPECT_NE(live.Take("b"), nullptr);
}

TEST_F(LiveInstancesTest, NoneIsKeptWhereNoneMayBe) {
  LiveInstances live(0);
  live.Put(Started("a"));
  EXPECT_EQ(live.size(), 0U);
  EXPECT_EQ(live.Take("a"), nullptr);
}

TEST_F(LiveInstancesTest, ATurnOnALiveInstanceReplaysNothingAndWritesTheSame) {
  Engine replayed(registry_);
  replayed.Start("2", "sequence");
  std::unique_ptr<LiveInstance> live;
  History history;
  const auto turn = [&](WorkItem item, Timestamp now) {
    TurnInput input;
    input.instance = "instance";
    input.items = {std::move(item)};
    input.now = now;
    input.seed = 42;
    TurnOutcome outcome = RunTurn(input, registry_, std::move(live));
    EXPECT_EQ(outcome.head, history.size());
    EXPECT_EQ(outcome.replayed, 0U);
    live = std::move(outcome.live);
    for (const ExecutionDelta& delta : outcome.deltas) {
      history.insert(history.end(), delta.events.begin(), delta.events.end());
    }
  };
  turn(StartItem{"sequence", "2"}, replayed.history().back().time);
  for (const EventId id : {2, 4}) {
    const TurnOutcome outcome = replayed.Complete(id, "1");
    EXPECT_EQ(outcome.replayed, id);
    turn(ActivityCompletedItem{{1, id}, "1"}, replayed.history().back().time);
  }
  EXPECT_EQ(live, nullptr) << "it has ended";
  EXPECT_EQ(history, replayed.history());
}

}  // namespace
}  // namespace duroxide
