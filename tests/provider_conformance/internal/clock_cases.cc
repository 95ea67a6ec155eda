// A store that is opened again under a clock that shows something else (T1 to T5): a table of steps
// of the clock, against everything that stores a time.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Clock)

namespace {

constexpr std::chrono::milliseconds kYear = 365 * 24 * kHour;

class ClockTest : public ConformanceTest {
 protected:
  struct Step {
    std::string name;
    std::chrono::microseconds by;
  };

  // The clock of a test begins in the year 2001.
  static std::vector<Step> StepsBack() {
    return {{"a microsecond", -kMicrosecond},
            {"an hour", -kHour},
            {"ten years", -10 * kYear},
            {"to before 1970", -40 * kYear}};
  }
  static std::vector<Step> Steps() {
    std::vector<Step> steps = StepsBack();
    steps.push_back({"an hour on", kHour});
    steps.push_back({"thirty years on", 30 * kYear});
    return steps;
  }

  // Each with a queue of its own, that nothing was done in.
  void ForEach(const std::vector<Step>& steps, const std::function<void(const Step&)>& body) {
    for (const Step& step : steps) {
      SCOPED_TRACE(step.name);
      queue_ = "queue of " + step.name;
      clock().Advance(kSecond);
      body(step);
      if (HasFatalFailure()) return;
      Drain(queue_);
    }
  }
  void ReopenBy(const Step& step) { ReopenAt(clock().Now() + step.by); }

  // Statistics and Browse agree on what is ready and delayed, and since when.
  void ExpectAgreement() {
    if (!Has(Part::kAdmin)) return;
    const QueueStatistics told = Must(admin().Statistics(queue_));
    std::map<MessageState, std::uint64_t> counted;
    std::optional<std::chrono::microseconds> oldest_age;
    for (const BrowsedMessage& message : Must(admin().Browse(queue_, {})).messages) {
      ++counted[message.state];
      const bool is_visible = message.visible_at <= clock().Now();
      EXPECT_EQ(message.state == MessageState::kDelayed, !is_visible) << message.payload;
      if (message.state != MessageState::kReady) continue;
      const std::chrono::microseconds age = clock().Now() - message.visible_at;
      oldest_age = std::max(oldest_age.value_or(age), age);
    }
    EXPECT_EQ(told.ready, counted[MessageState::kReady]);
    EXPECT_EQ(told.delayed, counted[MessageState::kDelayed]);
    EXPECT_EQ(told.leased, counted[MessageState::kLeased]);
    EXPECT_EQ(told.oldest_age, oldest_age);
  }
  // All that is ready, for good.
  Texts TakeAll() {
    return TextsOf(Take(queue_, {.lease = kYear, .max_messages = 100, .max_groups = 100}));
  }

  std::string queue_;
};

CONFORMANCE_CASE(Clock, WhatHasNoDelayIsReadyWhateverTheClockShows,
                 Shows("T1", "L9", "A2").Needs(Part::kReopen)) {
  ForEach(Steps(), [&](const Step& step) {
    for (const std::string payload : {"leased", "waiting"}) Put(queue_, payload);
    Put(queue_, "in a group", {.group = "g"});
    clock().Advance(kMinute);
    EXPECT_EQ(TakeTexts(queue_), Texts{"leased"});
    ReopenBy(step);
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), (Texts{"leased", "waiting", "in a group"}));
  });
}

CONFORMANCE_CASE(Clock, OrderHoldsOverAClockThatWasSet,
                 Shows("T2", "D1", "D3").Needs(Part::kReopen)) {
  ForEach(Steps(), [&](const Step& step) {
    Put(queue_, "1", {.group = "g"});
    Put(queue_, "a");
    clock().Advance(kSecond);
    Put(queue_, "2", {.group = "g"});
    Put(queue_, "b");
    ReopenBy(step);
    Put(queue_, "3", {.group = "g"});
    Put(queue_, "c");
    clock().Advance(kSecond);
    Put(queue_, "4", {.group = "g"});
    ReopenBy(step);
    Put(queue_, "5", {.group = "g"});
    Put(queue_, "d");
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), (Texts{"1", "2", "3", "4", "5", "a", "b", "c", "d"}));
  });
}

// Each is put so that it is visible in ten minutes, and half of that passes in the first opening.
CONFORMANCE_CASE(Clock, ADelayLastsNoLongerThanItWasGiven,
                 Shows("T3", "Q2", "A2").Needs(Part::kReopen)) {
  ForEach(StepsBack(), [&](const Step& step) {
    Put(queue_, "delay", {.delay = 10 * kMinute});
    Put(queue_, "visible_at", {.visible_at = clock().Now() + 10 * kMinute});
    Put(queue_, "in a group", {.delay = 10 * kMinute, .group = "g"});
    clock().Advance(5 * kMinute);
    Put(queue_, "marks the time");
    EXPECT_EQ(TakeTexts(queue_), Texts{"marks the time"});
    ReopenBy(step);
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), Texts{"marks the time"});
    clock().Advance(5 * kMinute - kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts());
    clock().Advance(kMicrosecond);
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), (Texts{"delay", "visible_at", "in a group"}));
  });
}

CONFORMANCE_CASE(Clock, WhatAnAbandonHasHiddenComesBackInItsTime,
                 Shows("T3", "L6").Needs(Part::kReopen)) {
  ForEach(StepsBack(), [&](const Step& step) {
    Put(queue_, "alone");
    Put(queue_, "1", {.group = "g"});
    Put(queue_, "2", {.group = "g"});
    clock().Advance(kMinute);
    for (int i = 0; i < 2; ++i) Abandon(TakeOne(queue_).lock_token, {.delay = 10 * kMinute});
    Put(queue_, "3", {.group = "g"});
    ReopenBy(step);
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), Texts());
    clock().Advance(10 * kMinute - kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts());
    clock().Advance(kMicrosecond);
    ExpectAgreement();
    EXPECT_EQ(TakeAll(), (Texts{"alone", "1", "2", "3"}));
  });
}

CONFORMANCE_CASE(Clock, WhatWasDelayedAndDeliveredIsReady, Shows("T1", "L9").Needs(Part::kReopen)) {
  ForEach(Steps(), [&](const Step& step) {
    Put(queue_, "delayed", {.delay = kMinute});
    Put(queue_, "hidden", {.group = "g"});
    Abandon(TakeOne(queue_).lock_token, {.delay = kMinute});
    clock().Advance(kMinute);
    EXPECT_EQ(TakeAll(), (Texts{"delayed", "hidden"}));
    ReopenBy(step);
    EXPECT_EQ(TakeAll(), (Texts{"delayed", "hidden"}));
  });
}

CONFORMANCE_CASE(Clock, ALaterClockEndsTheDelaysOfThatTime, Shows("T3").Needs(Part::kReopen)) {
  queue_ = kQueue;
  Put(kQueue, "soon", {.delay = 30 * kMinute});
  Put(kQueue, "late", {.delay = 90 * kMinute});
  ReopenAt(clock().Now() + kHour);
  EXPECT_EQ(TakeAll(), Texts{"soon"});
  clock().Advance(30 * kMinute);
  EXPECT_EQ(TakeAll(), Texts{"late"});
}

// The clock was wrong for one opening: nothing is early, nothing is lost for longer than that.
CONFORMANCE_CASE(Clock, AClockThatIsRightAgainIsFollowed, Shows("T3", "T1").Needs(Part::kReopen)) {
  ForEach(StepsBack(), [&](const Step& step) {
    Put(queue_, "month", {.delay = 30 * 24 * kHour});
    const Timestamp right = clock().Now();
    ReopenBy(step);
    Put(queue_, "at once");
    clock().Advance(kMinute);
    ReopenAt(right + kHour);
    EXPECT_EQ(TakeAll(), Texts{"at once"});
    clock().Advance(30 * 24 * kHour - kHour - kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts());
    clock().Advance(kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts{"month"});
  });
}

// In a clock that was set back, a `visible_at` is what that clock will show, and so is what Browse
// tells.
CONFORMANCE_CASE(Clock, VisibleAtIsWhatTheClockWillShow,
                 Shows("T4", "Q2", "A3").Needs(Part::kReopen).Needs(Part::kAdmin)) {
  ForEach(Steps(), [&](const Step& step) {
    Put(queue_, "before");
    ReopenBy(step);
    const Timestamp due = clock().Now() + kMinute;
    Put(queue_, "due", {.visible_at = due});
    Put(queue_, "in a group", {.visible_at = due, .group = "g"});
    Put(queue_, "never", {.visible_at = kNever});
    const auto shown = Must(admin().Browse(queue_, {})).messages;
    ASSERT_EQ(TextsOf(shown), (Texts{"before", "due", "never", "in a group"}));
    EXPECT_LE(shown[0].visible_at, clock().Now());
    EXPECT_EQ(shown[1].visible_at, due);
    EXPECT_EQ(shown[2].visible_at, kNever);
    EXPECT_EQ(shown[3].visible_at, due);
    EXPECT_EQ(TakeAll(), Texts{"before"});
    clock().Advance(kMinute);
    EXPECT_EQ(TakeAll(), (Texts{"due", "in a group"}));
    Must(admin().Purge(queue_));
  });
}

// As it was found: four of a group, one of them from before a step ahead.
CONFORMANCE_CASE(Clock, StatisticsAndBrowseAgreeAfterAStep,
                 Shows("T4", "A2").Needs(Part::kReopen)) {
  queue_ = kQueue;
  PutIn("g", "old");
  clock().Advance(2 * kHour);
  for (const std::string payload : {"a", "b", "c"}) PutIn("g", payload);
  Put(kQueue, "alone");
  ReopenAt(clock().Now() - kHour);
  ExpectAgreement();
  EXPECT_EQ(TakeAll(), (Texts{"old", "a", "b", "c", "alone"}));
}

// Queues differ in how far the clock was when they were used: across them the oldest is first.
CONFORMANCE_CASE(Clock, TheOldestIsFirstAcrossQueuesThatSawOtherClocks,
                 Shows("T2", "D1").Needs(Part::kReopen)) {
  Put("ahead", "1");
  ReopenAt(clock().Now() - kHour);
  Put("behind", "2");
  clock().Advance(kSecond);
  Put("ahead", "3");
  clock().Advance(kSecond);
  Put("behind", "4");
  EXPECT_EQ(TextsOf(TakeFrom({"behind", "ahead"}, All())), (Texts{"1", "2", "3", "4"}));
}

CONFORMANCE_CASE(Clock, AWaitEndsWhenADelayEndsAfterAStep, Shows("T3", "D9").Needs(Part::kReopen)) {
  ForEach(StepsBack(), [&](const Step& step) {
    Put(queue_, "x", {.delay = kMinute});
    ReopenBy(step);
    auto waiting = BlockedTake({queue_}, {.wait = kHour});
    clock().Advance(kMinute);
    EXPECT_EQ(TextsOf(waiting.get()), Texts{"x"});
  });
}

CONFORMANCE_CASE(Clock, LeasesLastAsLongAsTheyWereGranted, Shows("T5").Needs(Part::kReopen)) {
  ForEach(Steps(), [&](const Step& step) {
    Put(queue_, "x");
    ReopenBy(step);
    const Delivery delivery = TakeOne(queue_, {.lease = kMinute});
    EXPECT_EQ(Must(store().Renew(delivery.lock_token, 2 * kMinute)), clock().Now() + 2 * kMinute);
    clock().Advance(2 * kMinute - kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts());
    clock().Advance(kMicrosecond);
    EXPECT_EQ(TakeAll(), Texts{"x"});
  });
}

// Where no clock was set: all of it works, from the first opening on.
CONFORMANCE_CASE(Clock, AClockBefore1970DeliversAll, Shows("T5").Needs(Part::kReopen)) {
  queue_ = kQueue;
  ReopenAt(Timestamp(-kYear));
  Put(kQueue, "alone");
  PutIn("g", "1");
  PutIn("g", "2", kMinute);
  ExpectAgreement();
  EXPECT_EQ(TakeAll(), (Texts{"alone", "1"}));
  clock().Advance(kMinute);
  Reopen();
  ExpectAgreement();
  EXPECT_EQ(TakeAll(), (Texts{"alone", "1", "2"}));
  // Over the year in which the epoch is.
  clock().Advance(2 * kYear);
  EXPECT_EQ(TakeAll(), (Texts{"alone", "1", "2"}));
}

CONFORMANCE_CASE(Clock, AnIdIsKnownForTheRetentionTimeAfterAClockWasSetBack,
                 Shows("I5").Needs(Part::kReopen)) {
  ForEach(StepsBack(), [&](const Step& step) {
    const BatchOptions options{.id = "id of " + step.name};
    const Batch batch = {AppendEvents{{step.name, 0}, {"x"}}};
    CommitWhole(batch, options);
    ReopenBy(step);
    EXPECT_TRUE(CommitWhole(batch, options).repeated);
    clock().Advance(kind().batch_id_retention - kMicrosecond);
    EXPECT_TRUE(CommitWhole(batch, options).repeated);
    clock().Advance(kMicrosecond);
    EXPECT_FALSE(CommitWhole(batch, options).repeated);
    EXPECT_TRUE(CommitWhole(batch, options).repeated);
  });
}

}  // namespace
}  // namespace tandem::conformance
