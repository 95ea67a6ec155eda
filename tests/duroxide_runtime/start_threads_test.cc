// A runtime that is started where the system gives no more threads. It has an executable of its
// own, which refuses them (tests/support/thread_faults.h).

#include <gtest/gtest.h>

#include <chrono>

#include "batch/memory_provider.h"
#include "duroxide_runtime/duroxide.h"
#include "tests/support/thread_faults.h"

namespace duroxide {
namespace {

using tandem::testing::RefusedThreads;

constexpr Orchestration<std::string(std::string)> kEcho("echo");

Task<Result<std::string>> Echo(OrchestrationContext /*ctx*/, std::string text) { co_return text; }

Registry Echoes() {
  Registry registry;
  registry.Add(kEcho, Echo);
  return registry;
}

TEST(StartThreadsTest, StartingIsUnavailableWhicheverThreadIsNotGivenAndWorksLater) {
  tandem::MemoryProvider store;
  RuntimeOptions options;
  options.orchestration_threads = 2;
  options.activity_threads = 2;
  for (std::uint64_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 100U);
    const RefusedThreads refused(nth);
    const auto runtime = Runtime::Start(store, Echoes(), options);
    if (refused.count() > 0) {
      EXPECT_EQ(runtime.status().code(), tandem::StatusCode::kUnavailable) << runtime.status();
      continue;
    }
    ASSERT_TRUE(runtime.ok()) << runtime.status();
    EXPECT_GT(nth, 4U);
    ASSERT_TRUE((*runtime)->client().Start(kEcho, "instance", "word").ok());
    const auto echoed = (*runtime)->client().Wait(kEcho, "instance", std::chrono::minutes(1));
    EXPECT_TRUE(echoed.ok() && *echoed == "word") << echoed.status();
    return;
  }
}

}  // namespace
}  // namespace duroxide
