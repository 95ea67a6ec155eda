// A store that is opened again under a clock that was set: what waits goes on as if the clock had
// been right, on every provider and in every way.

#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/duroxide_runtime/retry.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Orchestration<std::string(int)> kCollect("collect");
constexpr Orchestration<std::string(std::string)> kSleepy("sleepy");
constexpr Orchestration<std::string(std::string)> kStubborn("stubborn");

// So many words, in the order in which they come.
Task<Result<std::string>> Collect(OrchestrationContext ctx, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("words"));
  co_return text;
}

// Sleeps for ten seconds whenever it has a word, twice; tells how long that was by its own time.
Task<Result<std::string>> Sleepy(OrchestrationContext ctx, std::string /*input*/) {
  const Timestamp start = ctx.Now();
  co_await ctx.Sleep(seconds(10));
  const Timestamp first = ctx.Now();
  co_await ctx.Sleep(seconds(10));
  const bool in_order = first >= start + seconds(10) && ctx.Now() >= first + seconds(10);
  co_return in_order ? "slept" : "time ran back";
}

Task<Result<std::string>> Stubborn(OrchestrationContext ctx, std::string input) {
  RetryPolicy policy;
  policy.Attempts(2).Backoff(seconds(10), 1, seconds(10));
  co_return co_await CallWithRetry(ctx, kEcho, input, policy);
}

class ClockStepTest : public ::testing::TestWithParam<ProviderKind> {
 protected:
  ClockStepTest() { Open(GetParam().make(clock(), directory_.path())); }

  tandem::ManualClock& clock() { return clocks_.back(); }
  Client client() { return Client(*provider_); }

  // The store is closed, and opened again when the clock shows another time.
  void ReopenAfterStep(microseconds step) {
    runtimes_.clear();
    clocks_.emplace_back(clock().Now() + step);
    const auto* memory = dynamic_cast<tandem::MemoryProvider*>(provider_.get());
    if (memory == nullptr) {
      provider_.reset();
      return Open(GetParam().make(clock(), directory_.path()));
    }
    tandem::MemoryOptions options;
    options.clock = &clock();
    options.image = memory->Image();
    provider_.reset();
    Open(std::make_unique<tandem::MemoryProvider>(options));
  }

  void StopRuntimes() { runtimes_.clear(); }

  void Run() {
    RuntimeOptions options;
    options.log = &log_;
    if (GetParam().plain_runtimes) {
      options.live_instances = 0;
      options.fused_commits = false;
    }
    while (runtimes_.size() < GetParam().runtimes) {
      auto runtime = Runtime::Start(*provider_, Code(), options);
      ASSERT_TRUE(runtime.ok()) << runtime.status();
      runtimes_.push_back(*std::move(runtime));
    }
  }

  // Once the history of the instance has so many events.
  void AwaitHistory(const std::string& instance, tandem::Version count) {
    tandem::ReadOptions options;
    options.from = count;
    options.wait = kLong;
    ASSERT_TRUE(provider_->Read(internal::HistoryStream(instance, 1), options).ok());
  }

  std::string OutputOf(const Orchestration<std::string(std::string)>& code,
                       const std::string& instance) {
    const auto output = client().Wait(code, instance, kLong);
    return output.ok() ? *output : output.status().ToString();
  }

  CollectingLog log_;
  std::atomic<int> failures_left_ = 0;  // of kEcho

 private:
  Registry Code() {
    Registry registry;
    registry.Add(kCollect, Collect);
    registry.Add(kSleepy, Sleepy);
    registry.Add(kStubborn, Stubborn);
    registry.Add(kEcho, [this](ActivityContext&, std::string text) -> Result<std::string> {
      if (failures_left_.fetch_sub(1) > 0) return tandem::Status::Unavailable("not yet");
      return text;
    });
    return registry;
  }
  void Open(std::unique_ptr<tandem::Provider> provider) { provider_ = std::move(provider); }

  tandem::testing::TemporaryDirectory directory_;
  std::list<tandem::ManualClock> clocks_{1};
  std::unique_ptr<tandem::Provider> provider_;
  std::vector<std::unique_ptr<Runtime>> runtimes_;
};
INSTANTIATE_TEST_SUITE_P(, ClockStepTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ClockStepTest, MessagesOfAPendingInstanceKeepTheirOrder) {
  ASSERT_TRUE(client().Start(kCollect, "i", 4).ok());
  ASSERT_TRUE(client().RaiseEvent("i", "words", "a").ok());
  ASSERT_TRUE(client().RaiseEvent("i", "words", "b").ok());
  ReopenAfterStep(-hours(1));
  ASSERT_TRUE(client().RaiseEvent("i", "words", "c").ok());
  ReopenAfterStep(-hours(24 * 365 * 60));
  ASSERT_TRUE(client().RaiseEvent("i", "words", "d").ok());
  Run();
  EXPECT_EQ(client().Wait(kCollect, "i", kLong).value(), "abcd");
  EXPECT_EQ(log_.Count("dropped"), 0u);
}

TEST_P(ClockStepTest, CancelOfAPendingInstanceIsNotDropped) {
  ASSERT_TRUE(client().Start(kCollect, "before", 1).ok());
  ASSERT_TRUE(client().Start(kCollect, "after", 1).ok());
  ASSERT_TRUE(client().Cancel("before", "no").ok());
  ReopenAfterStep(-hours(1));
  ASSERT_TRUE(client().Cancel("after", "no").ok());
  Run();
  for (const char* instance : {"before", "after"}) {
    const auto status = client().WaitUntilFinished(instance, kLong);
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(status->state, InstanceState::kCancelled) << instance;
  }
}

TEST_P(ClockStepTest, DelayedStartWaitsNoLongerThanItsDelay) {
  ASSERT_TRUE(client().Start(kCollect, "i", 1, StartOptions().Delay(hours(2))).ok());
  ASSERT_TRUE(client().RaiseEvent("i", "words", "early").ok());
  ReopenAfterStep(-hours(1));
  Run();
  clock().Advance(hours(2));
  EXPECT_EQ(client().Wait(kCollect, "i", kLong).value(), "early");
}

// A message is due when the start is, by the clock of its own day, so it may be due first.
TEST_P(ClockStepTest, MessageThatIsDueBeforeADelayedStartWaitsForIt) {
  ReopenAfterStep(hours(1));
  ASSERT_TRUE(client().Start(kCollect, "first", 0).ok());  // the queue has seen that time
  ReopenAfterStep(-hours(1));
  ASSERT_TRUE(client().Start(kCollect, "i", 1, StartOptions().Delay(hours(2))).ok());
  ReopenAfterStep(hours(1) + seconds(1));
  ASSERT_TRUE(client().RaiseEvent("i", "words", "kept").ok());
  Run();
  clock().Advance(hours(1));
  log_.Await("i: ");  // that it waits
  clock().Advance(hours(2));
  EXPECT_EQ(client().Wait(kCollect, "i", kLong).value(), "kept");
  EXPECT_EQ(log_.Count("dropped"), 0u);
}

TEST_P(ClockStepTest, SleepLastsNoLonger) {
  Run();
  ASSERT_TRUE(client().Start(kSleepy, "i", "").ok());
  AwaitHistory("i", 2);
  ReopenAfterStep(-hours(1));
  Run();
  clock().Advance(seconds(10));  // the one that had begun
  AwaitHistory("i", 4);
  clock().Advance(seconds(10));  // one that begins where the time of the instance is ahead
  EXPECT_EQ(OutputOf(kSleepy, "i"), "slept");
}

TEST_P(ClockStepTest, RetryComesInItsTime) {
  failures_left_ = 1;
  Run();
  ASSERT_TRUE(client().Start(kStubborn, "i", "x").ok());
  AwaitHistory("i", 4);  // the timer of the pause
  ReopenAfterStep(-hours(1));
  Run();
  clock().Advance(seconds(10));
  EXPECT_EQ(OutputOf(kStubborn, "i"), "x");
}

// Whatever waits for a time, when the clock shows a later one: it is due, once and in order.
TEST_P(ClockStepTest, AStepForwardMakesDueWhatItHasPassed) {
  for (const hours step : {hours(1), hours(24 * 365 * 30)}) {
    const std::string id = "after " + std::to_string(step.count()) + " h: ";
    failures_left_ = 1;
    Run();
    ASSERT_TRUE(client().Start(kSleepy, id + "sleepy", "").ok());
    ASSERT_TRUE(client().Start(kStubborn, id + "stubborn", "x").ok());
    AwaitHistory(id + "sleepy", 2);
    AwaitHistory(id + "stubborn", 4);  // the timer of the pause
    StopRuntimes();
    ASSERT_TRUE(client().Start(kCollect, id + "i", 3).ok());
    ASSERT_TRUE(client().RaiseEvent(id + "i", "words", "a").ok());
    const StartOptions later = StartOptions().Delay(hours(1));
    ASSERT_TRUE(client().Start(kCollect, id + "later", 1, later).ok());
    ASSERT_TRUE(client().RaiseEvent(id + "later", "words", "early").ok());
    ASSERT_TRUE(client().Start(kCollect, id + "cancelled", 1, later).ok());
    ASSERT_TRUE(client().Cancel(id + "cancelled", "no").ok());
    ReopenAfterStep(step);
    ASSERT_TRUE(client().RaiseEvent(id + "i", "words", "b").ok());
    Run();
    ASSERT_TRUE(client().RaiseEvent(id + "i", "words", "c").ok());
    EXPECT_EQ(client().Wait(kCollect, id + "i", kLong).value(), "abc");
    EXPECT_EQ(client().Wait(kCollect, id + "later", kLong).value(), "early");
    const auto cancelled = client().WaitUntilFinished(id + "cancelled", kLong);
    EXPECT_EQ(cancelled->state, InstanceState::kCancelled);
    EXPECT_EQ(OutputOf(kStubborn, id + "stubborn"), "x");
    AwaitHistory(id + "sleepy", 4);  // the first timer has fired, and the second has begun
    clock().Advance(seconds(10));
    EXPECT_EQ(OutputOf(kSleepy, id + "sleepy"), "slept");
  }
  EXPECT_EQ(log_.Count("dropped"), 0u);
}

TEST_P(ClockStepTest, ActivityThatWaitsIsReadyWhateverTheClockShows) {
  ASSERT_TRUE(client().Start(kStubborn, "i", "x").ok());
  ReopenAfterStep(-hours(1));
  Run();
  EXPECT_EQ(OutputOf(kStubborn, "i"), "x");
  ASSERT_TRUE(client().Start(kStubborn, "j", "y").ok());
  ReopenAfterStep(hours(24 * 365));
  Run();
  EXPECT_EQ(OutputOf(kStubborn, "j"), "y");
}

}  // namespace
}  // namespace duroxide
