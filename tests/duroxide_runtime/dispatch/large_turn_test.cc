// Events of one instance that gather until its turn would be more than one batch can take. Not
// among the tests for ThreadSanitizer: tens of thousands of operations at a time take it minutes.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;

constexpr Activity<int(std::string)> kSwallow("swallow");

// One event after the other, and as many calls with a large input.
Task<Result<int>> LargeSteps(OrchestrationContext ctx, int n) {
  std::vector<Future<int>> calls;
  for (int i = 0; i < n; ++i) {
    const Result<std::string> go = co_await ctx.WaitForEvent<std::string>("go");
    calls.push_back(ctx.Call(kSwallow, *go + std::string(std::size_t{1} << 20, 'x')));
  }
  co_await WhenAll(std::move(calls));
  co_return n;
}

// As many timers with each event, and the last event ends it.
Task<Result<int>> ManySteps(OrchestrationContext ctx, int n) {
  for (int i = 0; i < n; ++i) {
    const Result<std::string> go = co_await ctx.WaitForEvent<std::string>("go");
    std::vector<Timer> timers;
    for (int t = 0; t < 9'000; ++t) timers.push_back(ctx.StartTimer(hours(1)));
  }
  co_return n;
}

class LargeTurnTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, LargeTurnTest, ::testing::ValuesIn(LiveKinds()), KindName);

TEST_P(LargeTurnTest, MessagesThatTogetherAreTooMuchForOneBatchAreTakenInPortions) {
  constexpr Orchestration<int(int)> kLargeSteps("large-steps");
  constexpr Orchestration<int(int)> kManySteps("many-steps");
  const auto registry = [&] {
    Registry steps;
    steps.Add(kSwallow, [](ActivityContext&, const std::string&) -> Result<int> { return 0; });
    steps.Add(kLargeSteps, LargeSteps);
    steps.Add(kManySteps, ManySteps);
    return steps;
  };
  constexpr int kLarge = 40;
  constexpr int kMany = 8;
  auto runtime = StartRuntime(registry());
  ASSERT_TRUE(client.Start(kLargeSteps, "large", kLarge).ok());
  ASSERT_TRUE(client.Start(kManySteps, "many", kMany).ok());
  AwaitHistory("large", 2);
  AwaitHistory("many", 2);
  runtime.reset();  // the events gather
  for (int i = 0; i < kLarge; ++i) {
    ASSERT_TRUE(client.RaiseEvent("large", "go", std::string()).ok());
  }
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(client.RaiseEvent("many", "go", std::string()).ok());
  }

  runtime = StartRuntime(registry());
  EXPECT_EQ(client.Wait(kManySteps, "many", kLong).value(), kMany);
  EXPECT_EQ(client.Wait(kLargeSteps, "large", kLong).value(), kLarge);
  EXPECT_EQ(runtime->Stats().parked, 0u);
  EXPECT_EQ(runtime->Stats().messages_dropped, 0u);
}

}  // namespace
}  // namespace duroxide
