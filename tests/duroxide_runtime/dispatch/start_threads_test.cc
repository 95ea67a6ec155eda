// A system that gives no more threads: Runtime::Start is Unavailable, whichever of its threads it
// does not get, leaves nothing behind, and works once there are some.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tandem/batch/memory_provider.h"
#include "tandem/duroxide.h"
#include "tandem/tests/support/thread_faults.h"

namespace duroxide {
namespace {

constexpr Activity<std::string(std::string)> kEcho("echo");
constexpr Orchestration<std::string(std::string)> kGreeting("greeting");

Task<Result<std::string>> Greeting(OrchestrationContext ctx, std::string name) {
  co_return co_await ctx.Call(kEcho, name);
}

Result<std::unique_ptr<Runtime>> Start(tandem::Provider& provider) {
  Registry registry;
  registry.Add(kGreeting, Greeting);
  registry.Add(kEcho, [](ActivityContext& /*context*/, std::string name) -> Result<std::string> {
    return "hello " + name;
  });
  RuntimeOptions options;
  options.orchestration_threads = 2;
  options.activity_threads = 2;
  return Runtime::Start(provider, std::move(registry), options);
}

TEST(StartThreadsTest, StartIsUnavailableWhicheverThreadIsNotGivenAndWorksLater) {
  tandem::MemoryProvider provider;
  std::uint64_t nth = 1;
  for (;; ++nth) {
    ASSERT_LT(nth, 100U);
    SCOPED_TRACE("thread " + std::to_string(nth));
    const tandem::testing::RefusedThreads refused(nth);
    const auto runtime = Start(provider);
    if (refused.count() == 0) {
      EXPECT_TRUE(runtime.ok()) << runtime.status();
      break;
    }
    EXPECT_EQ(runtime.status().code(), tandem::StatusCode::kUnavailable) << runtime.status();
  }
  EXPECT_GT(nth, 4U) << "the pulling threads at least";

  const auto runtime = Start(provider);
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  const Client client = (*runtime)->client();
  ASSERT_TRUE(client.Start(kGreeting, "i", "ann").ok());
  EXPECT_EQ(client.Wait(kGreeting, "i", std::chrono::minutes(1)).value(), "hello ann");
}

}  // namespace
}  // namespace duroxide
