// What a start through a runtime's own client runs on the caller's thread.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

constexpr Orchestration<std::string(std::string)> kTwoTurns("two-turns");

std::atomic<std::thread::id> first_turn_on;
std::atomic<std::thread::id> second_turn_on;

Task<Result<std::string>> TwoTurns(OrchestrationContext ctx, std::string text) {
  first_turn_on = std::this_thread::get_id();
  const std::string echoed = co_await OrFail(ctx.Call(kEcho, text));
  second_turn_on = std::this_thread::get_id();
  co_return echoed;
}

class StartTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, StartTest, ::testing::ValuesIn(LiveKindsOfOneRuntime()), KindName);

// The activity's result is there before the start has returned.
TEST_P(StartTest, CallerOfAStartRunsTheCodeUpToItsFirstWaitOnly) {
  Registry registry = Working();
  registry.Add(kTwoTurns, TwoTurns);
  RuntimeOptions options;
  options.orchestration_threads = 1;
  options.activity_threads = 1;
  const auto runtime = StartExactly(std::move(registry), options);
  clock.AwaitWaiters(3);  // both loops, and the lease keeper
  const std::uint64_t dequeues = provider.dequeues();
  provider.AfterBatch([&](const ProbeProvider::Operations& operations) {
    if (!Has<tandem::Enqueue>(operations)) return;  // the start, with the activity's message
    // The activity has run and left its result to the start, which has the right to the next turn.
    provider.dequeues().Await(dequeues + 1);
  });
  ASSERT_TRUE(runtime->client().Start(kTwoTurns, "i", "x").ok());
  EXPECT_EQ(client.Wait(kTwoTurns, "i", kLong).value(), "x");
  EXPECT_EQ(first_turn_on, std::this_thread::get_id());
  EXPECT_NE(second_turn_on, std::this_thread::get_id());
}

}  // namespace
}  // namespace duroxide
