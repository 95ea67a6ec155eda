// Retries: a loop of calls, each of its own in history.

#include "tandem/duroxide_runtime/retry.h"

#include <gtest/gtest.h>

#include <limits>

#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using Duration = RetryPolicy::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

Output Retries(OrchestrationContext ctx, std::string input) {
  RetryPolicy policy;
  policy.NotOn(StatusCode::kInvalidArgument);
  if (input == "timeout") policy.AttemptTimeout(seconds(5));
  if (input == "no backoff") policy.NoBackoff();
  if (input == "once") policy.Attempts(0);
  co_return co_await CallWithRetry(ctx, kEcho, input, policy);
}

WorkItem Broken(EventId id) { return Engine::Failed(id, StatusCode::kUnavailable, "broken"); }

TEST(RetryTest, EachAttemptIsACallAndEachDelayATimer) {
  Engine engine(Retries);
  engine.Start("x");
  const TurnOutcome first = engine.Turn({Broken(2)});
  engine.Fire(4);
  engine.Complete(6, "X");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 ActivityScheduled \"echo\" input \"x\"\n"
            "3 ActivityFailed of event 2 with Unavailable \"broken\"\n"
            "4 TimerCreated\n"
            "5 TimerFired of event 4\n"
            "6 ActivityScheduled \"echo\" input \"x\"\n"
            "7 ActivityCompleted of event 6 output \"X\"\n"
            "8 OrchestrationCompleted output \"X\"");
  EXPECT_EQ(std::get<TimerCreated>(engine.history()[3].body).fire_at,
            engine.history()[2].time + milliseconds(100));
  ASSERT_EQ(first.logs.size(), 1u);
  EXPECT_EQ(first.logs[0].text.find("attempt 1 of activity 'echo' failed: "), 0u);
  CheckHistory(engine);
}

TEST(RetryTest, LastFailureIsTheResult) {
  Engine engine(Retries);
  engine.Start("no backoff");
  engine.Turn({Broken(2)});
  engine.Turn({Broken(4)});
  engine.Turn({Engine::Failed(6, StatusCode::kIoError, "the last")});
  EXPECT_EQ(LastOf(engine), "OrchestrationFailed with IoError \"the last\"");
  EXPECT_EQ(Count<ActivityScheduled>(engine.history()), 3u);
  EXPECT_EQ(Count<TimerCreated>(engine.history()), 0u);
  CheckHistory(engine);
}

TEST(RetryTest, AtLeastOneAttempt) {
  Engine engine(Retries);
  engine.Start("once");
  engine.Turn({Broken(2)});
  EXPECT_EQ(LastOf(engine), "OrchestrationFailed with Unavailable \"broken\"");
}

TEST(RetryTest, FinalCodesAreNotTriedAgain) {
  Engine engine(Retries);
  engine.Start("x");
  engine.Turn({Engine::Failed(2, StatusCode::kInvalidArgument, "bad")});
  EXPECT_EQ(LastOf(engine), "OrchestrationFailed with InvalidArgument \"bad\"");
}

TEST(RetryTest, PoisonIsNotTriedAgain) {
  Engine engine(Retries);
  engine.Start("x");
  const Failure poison{FailureCategory::kPoison, StatusCode::kInternal, "kills", {}};
  engine.Turn({ActivityFailedItem{{1, 2}, poison}});
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kPoison);
}

// Upstream ends the loop at the first timeout.
TEST(RetryTest, AttemptThatTakesTooLongIsCancelledAndTriedAgain) {
  Engine engine(Retries);
  engine.Start("timeout");
  engine.Fire(3);
  engine.Fire(6);
  engine.Complete(8, "done");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"timeout\"\n"
            "2 ActivityScheduled \"echo\" input \"timeout\"\n"
            "3 TimerCreated\n"
            "4 TimerFired of event 3\n"
            "5 ActivityCancelRequested of event 2\n"
            "6 TimerCreated\n"
            "7 TimerFired of event 6\n"
            "8 ActivityScheduled \"echo\" input \"timeout\"\n"
            "9 TimerCreated\n"
            "10 ActivityCompleted of event 8 output \"done\"\n"
            "11 TimerCancelled of event 9\n"
            "12 OrchestrationCompleted output \"done\"");
  CheckHistory(engine);
}

TEST(RetryTest, TimeoutOfTheLastAttemptIsUnavailable) {
  Engine engine(Retries);
  engine.Start("timeout");
  for (const EventId id : {3, 6, 9, 12, 15}) engine.Fire(id);
  EXPECT_EQ(LastOf(engine),
            "OrchestrationFailed with Unavailable \"activity 'echo' took longer than its attempt "
            "may\"");
  CheckHistory(engine);
}

TEST(RetryTest, TimerAndResultInOneBatchAreTakenInTheirOrder) {
  Engine timer_first(Retries);
  timer_first.Start("timeout");
  const TurnOutcome late =
      timer_first.Turn({TimerFiredItem{{1, 3}}, ActivityCompletedItem{{1, 2}, "late"}});
  EXPECT_EQ(late.dropped, 1u);
  Engine result_first(Retries);
  result_first.Start("timeout");
  result_first.Turn({ActivityCompletedItem{{1, 2}, "in time"}, TimerFiredItem{{1, 3}}});
  EXPECT_EQ(LastOf(result_first), "OrchestrationCompleted output \"in time\"");
}

TEST(RetryTest, TagGoesWithEveryAttempt) {
  Engine engine([](OrchestrationContext ctx, std::string input) -> Output {
    RetryPolicy policy;
    policy.NoBackoff().Attempts(2);
    CallOptions options;
    options.Tag("gpu");
    co_return co_await CallWithRetry(ctx, kEcho, input, policy, options);
  });
  engine.Start("x");
  engine.Turn({Broken(2)});
  EXPECT_EQ(std::get<ActivityScheduled>(engine.history()[1].body).tag, "gpu");
  EXPECT_EQ(std::get<ActivityScheduled>(engine.history()[3].body).tag, "gpu");
}

TEST(RetryTest, CancellationEndsTheLoop) {
  Engine engine(Retries);
  engine.Start("timeout");
  engine.Fire(3);
  engine.Cancel("enough");  // in the delay
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

// --- Delays -------------------------------------------------------------------------------------

TEST(RetryTest, DelayGrowsUpToTheLimitAndNeverOverflows) {
  const RetryPolicy usual;
  EXPECT_EQ(usual.DelayAfter(1), milliseconds(100));
  EXPECT_EQ(usual.DelayAfter(2), milliseconds(200));
  EXPECT_EQ(usual.DelayAfter(9), milliseconds(25'600));
  EXPECT_EQ(usual.DelayAfter(10), seconds(30));
  EXPECT_EQ(usual.DelayAfter(std::numeric_limits<std::uint32_t>::max()), seconds(30));
  RetryPolicy endless;
  endless.Backoff(seconds(1), 10, Duration::max());
  EXPECT_EQ(endless.DelayAfter(1000), Duration::max());
}

TEST(RetryTest, DelayMayStayTheSame) {
  RetryPolicy fixed;
  fixed.Backoff(seconds(2), 1, seconds(30));
  EXPECT_EQ(fixed.DelayAfter(1), seconds(2));
  EXPECT_EQ(fixed.DelayAfter(1'000'000'000), seconds(2));
  RetryPolicy capped;
  capped.Backoff(seconds(9), 2, seconds(5));
  EXPECT_EQ(capped.DelayAfter(1), seconds(5));
  EXPECT_EQ(RetryPolicy().NoBackoff().DelayAfter(7), Duration(0));
}

}  // namespace
}  // namespace duroxide
