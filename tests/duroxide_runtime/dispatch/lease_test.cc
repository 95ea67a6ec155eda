// Activities that run long, lose their lease, or are cancelled while they run.

#include <gtest/gtest.h>

#include <set>

#include <atomic>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;

class LeaseTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, LeaseTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(LeaseTest, LeaseIsRenewedWhileAnActivityRunsLong) {
  Barrier barrier;
  std::atomic<int> runs = 0;
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [&](ActivityContext& context, std::string text) -> Result<std::string> {
    ++runs;
    barrier.Enter();
    EXPECT_FALSE(context.stop_token().stop_requested());
    return text;
  });
  RuntimeOptions options;
  options.orchestration_threads = 1;
  options.activity_threads = 2;
  const auto runtime = StartRuntime(registry, options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  // Waiting: the keeper, the idle activity thread, the orchestration thread; and all four of an
  // idle runtime.
  for (int i = 0; i < 10; ++i) {
    clock.AwaitWaiters(3 + 4 * (RuntimeCount() - 1));
    const std::uint64_t before = provider.renewals();
    clock.Advance(seconds(15));
    provider.renewals().Await(before + 1);
  }
  barrier.Open();
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(runs, 1);
}

// Blocks until stop is requested.
void AwaitStop(const std::stop_token& stop) {
  tandem::Signal signal;
  const tandem::NotifyOnStop notify(stop, signal);
  signal.Wait();
}

TEST_P(LeaseTest, LostLeaseStopsTheActivityAndDropsItsResult) {
  std::atomic<int> runs = 0;
  std::atomic<bool> renewals_fail = true;
  Barrier started;
  Barrier first_returns;
  Barrier second_returns;
  started.Open();
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [&](ActivityContext& context, std::string) -> Result<std::string> {
    if (++runs == 1) {
      // Called by the keeper itself, before it renews anything else.
      const std::stop_callback works_again(context.stop_token(), [&] { renewals_fail = false; });
      started.Enter();
      AwaitStop(context.stop_token());
      first_returns.Enter();
      return std::string("first");
    }
    second_returns.Enter();
    return "delivery " + std::to_string(context.delivery_count());
  });
  provider.OnRenew([&]() -> Status {
    return renewals_fail ? Status::Unavailable("no renewal today") : Status::Ok();
  });
  RuntimeOptions options;
  options.activity_threads = 2;
  const auto runtime = StartOne(registry, options);  // with one keeper
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  started.AwaitEntered(1);
  // The keeper tries until the lease's end; then the other thread takes the activity over.
  {
    const TimePasses time(clock, seconds(30));
    first_returns.AwaitEntered(1);
  }
  second_returns.Open();
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "delivery 2");
  first_returns.Open();
  log.Await("dropped the result of activity 'echo'");
  runtime->Shutdown();  // a result is counted after it can be seen
  EXPECT_EQ(runtime->Stats().activities_dropped, 1u);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  EXPECT_EQ(runs, 2);
}

Task<Result<std::string>> EchoUnlessStopped(OrchestrationContext ctx, std::string text) {
  const auto any = co_await WhenAny(ctx.Call(kEcho, text), ctx.WaitForEvent<std::string>("stop"));
  co_return std::to_string(any.index());
}

TEST_P(LeaseTest, CancelledActivityIsToldAndItsResultDropped) {
  Barrier running;
  running.Open();
  Registry registry;
  registry.Add(kOnce, EchoUnlessStopped);
  registry.Add(kEcho, [&](ActivityContext& context, std::string text) -> Result<std::string> {
    running.Enter();
    AwaitStop(context.stop_token());
    return text;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  running.AwaitEntered(1);
  ASSERT_TRUE(client.RaiseEvent("i", "stop").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "1");
  clock.Advance(seconds(15));  // the next renewal finds the lease gone
  log.Await("dropped the result of activity 'echo'");
}

// An instance that somebody else works on keeps nobody from the others.
TEST_P(LeaseTest, Defect19_ALeasedInstanceDoesNotHideTheOthers) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Start(kOnce, Numbered("i-", i), "x").ok());
  }
  const std::string queue(internal::kTurnQueue);
  std::set<std::string> taken;
  for (int i = 0; i < 3; ++i) {
    const auto deliveries = provider.Dequeue(queue);
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    ASSERT_EQ(deliveries->size(), 1U);
    taken.insert(deliveries->front().group);
  }
  EXPECT_EQ(taken.size(), 3U);
  EXPECT_TRUE(provider.Dequeue(queue)->empty());
}

}  // namespace
}  // namespace duroxide
