#include "tandem/base/clock.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "tandem/base/manual_clock.h"

namespace tandem {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(ManualClockTest, AdvanceWakesTheWaiterWhoseDeadlineHasCome) {
  ManualClock clock;
  const Timestamp deadline = clock.Now() + hours(5);
  std::thread waiter([&] {
    Signal signal;
    EXPECT_FALSE(clock.WaitUntil(signal, deadline));
    EXPECT_GE(clock.Now(), deadline);
  });
  clock.AwaitWaiters(1);
  clock.Advance(hours(5));
  waiter.join();
}

TEST(ManualClockTest, NotifyWakesBeforeTheDeadline) {
  ManualClock clock;
  Signal signal;
  std::thread waiter([&] { EXPECT_TRUE(clock.WaitUntil(signal, kNever)); });
  clock.AwaitWaiters(1);
  signal.Notify();
  waiter.join();
}

TEST(ManualClockTest, MovesToTheNextDeadlineOnly) {
  ManualClock clock;
  EXPECT_FALSE(clock.AdvanceToNextDeadline());
  const Timestamp first = clock.Now() + milliseconds(3);
  Signal later;
  std::thread waits_longer([&] { clock.WaitUntil(later, first + hours(1)); });
  std::thread waits([&] {
    Signal signal;
    clock.WaitUntil(signal, first);
  });
  clock.AwaitWaiters(2);
  EXPECT_TRUE(clock.AdvanceToNextDeadline());
  EXPECT_EQ(clock.Now(), first);
  waits.join();
  later.Notify();
  waits_longer.join();
}

TEST(ManualClockTest, FollowsThoseWhoWaitForADeadlineThatIsNear) {
  ManualClock clock;
  const Timestamp start = clock.Now();
  std::jthread time([&](const std::stop_token& stop) {
    while (clock.AdvanceWhenAwaited(hours(1), stop)) {
    }
  });
  Signal far;
  std::thread waits_longer([&] { clock.WaitUntil(far, start + hours(100)); });
  clock.AwaitWaiters(1);
  Signal near;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(clock.WaitUntil(near, start + hours(i)));
    EXPECT_EQ(clock.Now(), start + hours(i));
  }
  time.request_stop();
  time.join();
  EXPECT_EQ(clock.Now(), start + hours(3));
  far.Notify();
  waits_longer.join();
}

TEST(SignalTest, NotificationBeforeTheWaitIsNotLost) {
  SystemClock clock;
  Signal signal;
  signal.Notify();
  EXPECT_TRUE(clock.WaitUntil(signal, kNever));
  EXPECT_FALSE(signal.TryTake());
}

TEST(SignalTest, StopRequestNotifies) {
  SystemClock clock;
  Signal signal;
  std::stop_source stop;
  const NotifyOnStop notify(stop.get_token(), signal);
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_TRUE(clock.WaitUntil(signal, kNever));
  stopper.join();
}

TEST(SystemClockTest, NeverGoesBackwardsAndReachesDeadlines) {
  SystemClock clock;
  const Timestamp start = clock.Now();
  Signal signal;
  EXPECT_FALSE(clock.WaitUntil(signal, start + milliseconds(2)));
  EXPECT_GE(clock.Now(), start + milliseconds(2));
}

TEST(TimestampTest, AdditionSaturates) {
  EXPECT_EQ(SaturatingAdd(kNever, microseconds(1)), kNever);
  EXPECT_EQ(SaturatingAdd(Timestamp(microseconds(5)), microseconds::max()), kNever);
  EXPECT_EQ(SaturatingAdd(Timestamp(microseconds(5)), microseconds(7)),
            Timestamp(microseconds(12)));
}

TEST(DurationTest, CastToAFinerUnitSaturates) {
  using std::chrono::hours;
  EXPECT_EQ(SaturatingCast<microseconds>(milliseconds(7)), microseconds(7'000));
  EXPECT_EQ(SaturatingCast<microseconds>(milliseconds(-7)), microseconds(-7'000));
  EXPECT_EQ(SaturatingCast<microseconds>(microseconds::max()), microseconds::max());
  EXPECT_EQ(SaturatingCast<microseconds>(hours::max()), microseconds::max());
  EXPECT_EQ(SaturatingCast<microseconds>(hours::min()), microseconds::min());
  EXPECT_EQ(SaturatingCast<milliseconds>(hours::max()), milliseconds::max());
}

TEST(DurationTest, CastTakesTheLongestThatFits) {
  const auto longest = std::chrono::duration_cast<milliseconds>(microseconds::max());
  EXPECT_EQ(SaturatingCast<microseconds>(longest), microseconds(longest));
  EXPECT_EQ(SaturatingCast<microseconds>(longest + milliseconds(1)), microseconds::max());
  EXPECT_EQ(SaturatingCast<microseconds>(-longest), microseconds(-longest));
  EXPECT_EQ(SaturatingCast<microseconds>(-longest - milliseconds(1)), microseconds::min());
}

TEST(DurationTest, CastTakesOtherRepresentations) {
  using Days = std::chrono::duration<int, std::ratio<86'400>>;
  using Seconds = std::chrono::duration<std::uint64_t>;
  EXPECT_EQ(SaturatingCast<microseconds>(Days(1)), std::chrono::hours(24));
  EXPECT_EQ(SaturatingCast<microseconds>(Days::max()), microseconds::max());
  EXPECT_EQ(SaturatingCast<microseconds>(Seconds(2)), std::chrono::seconds(2));
  EXPECT_EQ(SaturatingCast<microseconds>(Seconds::max()), microseconds::max());
}

static_assert(std::is_convertible_v<std::chrono::hours, Saturated<microseconds>>);
static_assert(!std::is_convertible_v<std::chrono::nanoseconds, Saturated<microseconds>>);
static_assert(!std::is_convertible_v<std::chrono::duration<double>, Saturated<microseconds>>);

}  // namespace
}  // namespace tandem
