// What is kept of instances between their turns, and that it is only a guess.

#include "tandem/duroxide_runtime/internal/dispatch/live_instances.h"

#include <gtest/gtest.h>

#include <limits>

#include "tandem/tests/duroxide_runtime/engine/engine.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

class LiveInstancesTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  LiveInstancesTest() { AddSamples(registry_); }

  std::unique_ptr<LiveInstance> Started(const std::string& instance) {
    return Started(instance, "sequence", "2");
  }
  std::unique_ptr<LiveInstance> Started(const std::string& instance, const std::string& name,
                                        const std::string& text) {
    TurnInput input;
    input.instance = instance;
    input.items = {StartItem{name, text}};
    return RunTurn(input, registry_).live;
  }

  Registry registry_;
};

TEST_F(LiveInstancesTest, WhatIsTakenIsGone) {
  LiveInstances live(10, kNoLimit);
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
  LiveInstances live(2, kNoLimit);
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
  LiveInstances live(2, kNoLimit);
  live.Put(Started("a"));
  live.Put(Started("b"));
  live.Put(Started("a"));
  EXPECT_EQ(live.size(), 2U);
  EXPECT_NE(live.Take("b"), nullptr);
}

TEST_F(LiveInstancesTest, LiveInstancesAreBoundedByBytesAndNotByNumberAlone) {
  const std::string large(std::size_t{1} << 20, 'x');
  LiveInstances live(1'000, std::size_t{20} << 20);
  for (int i = 0; i < 100; ++i) live.Put(Started("i" + std::to_string(i), "once", large));
  EXPECT_LE(live.bytes(), std::size_t{20} << 20);
  EXPECT_GE(live.size(), 5U);
  EXPECT_LE(live.size(), 20U);
  EXPECT_EQ(live.Take("i0"), nullptr) << "the least recently used goes first";
  EXPECT_NE(live.Take("i99"), nullptr);
}

TEST_F(LiveInstancesTest, BytesOfWhatIsTakenAreLetGo) {
  LiveInstances live(10, kNoLimit);
  for (int i = 0; i < 20; ++i) live.Put(Started("i" + std::to_string(i)));
  live.Put(Started("i19"));
  for (int i = 0; i < 20; ++i) live.Take("i" + std::to_string(i));
  EXPECT_EQ(live.size(), 0U);
  EXPECT_EQ(live.bytes(), 0U);
}

TEST_F(LiveInstancesTest, OneThatHoldsTooMuchIsNotKept) {
  LiveInstances live(10, std::size_t{1} << 20);
  live.Put(Started("large", "once", std::string(std::size_t{1} << 20, 'x')));
  EXPECT_EQ(live.size(), 0U);
  EXPECT_EQ(live.bytes(), 0U);
}

TEST_F(LiveInstancesTest, NoneIsKeptWhereNoneMayBe) {
  LiveInstances live(0, kNoLimit);
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
