// Many instances that wait, more than a runtime keeps in memory.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

constexpr int kInstances = 10'000;
constexpr std::size_t kLive = 100;
constexpr std::size_t kClients = 8;

// How many frames of Waiter there are, and the most that there were.
std::atomic<std::size_t> frames = 0;
std::atomic<std::size_t> frames_max = 0;

class CountedFrame {
 public:
  CountedFrame() {
    const std::size_t now = ++frames;
    std::size_t most = frames_max;
    while (now > most && !frames_max.compare_exchange_weak(most, now)) {
    }
  }
  ~CountedFrame() { --frames; }
  CountedFrame(const CountedFrame&) = delete;
  CountedFrame& operator=(const CountedFrame&) = delete;
};

constexpr Orchestration<std::string(std::string)> kWaiter("waiter");

Task<Result<std::string>> Waiter(OrchestrationContext ctx, std::string name) {
  const CountedFrame counted;
  const std::string word = co_await OrFail(ctx.WaitForEvent<std::string>("wake"));
  co_return name + " woke by " + word;
}

std::string IdOf(int i) { return Numbered("i-", i); }
std::string OutputOf(int i) { return IdOf(i) + " woke by " + Numbered("word ", i); }

// All numbers below kInstances, each once, on several threads.
void OnManyThreads(const std::function<void(int)>& call) {
  std::vector<std::thread> threads;
  for (std::size_t client = 0; client < kClients; ++client) {
    threads.emplace_back([&call, client] {
      for (int i = static_cast<int>(client); i < kInstances; i += static_cast<int>(kClients)) {
        call(i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class OpenInstancesTest : public RuntimeFixture {
 protected:
  // Of all instances in that state, by id.
  std::map<std::string, std::string> OutputsIn(InstanceState state) {
    std::map<std::string, std::string> outputs;
    InstanceFilter filter;
    filter.state = state;
    ListOptions options;
    for (bool more = true; more;) {
      const auto page = client.admin().ListInstances(filter, options);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const InstanceEntry& entry : page->instances) {
        EXPECT_TRUE(outputs.emplace(entry.instance, entry.status.output).second) << entry.instance;
      }
      more = page->more;
      options.after = page->next;
    }
    return outputs;
  }
};
INSTANTIATE_TEST_SUITE_P(, OpenInstancesTest, ::testing::ValuesIn(LiveKinds()), KindName);

TEST_P(OpenInstancesTest, TenThousandWaitWhileAHundredAreInMemoryAndEachWakesOnce) {
  frames_max = 0;
  RuntimeOptions options;
  options.live_instances = kLive;
  Registry registry;
  registry.Add(kWaiter, Waiter);
  auto runtime = StartRuntime(registry, options);
  OnManyThreads(
      [&](int i) { EXPECT_TRUE(runtime->client().Start(kWaiter, IdOf(i), IdOf(i)).ok()) << i; });
  OnManyThreads([&](int i) {
    const int other = static_cast<int>(std::int64_t{i} * 7919 % kInstances);
    EXPECT_TRUE(client.RaiseEvent(IdOf(other), "wake", Numbered("word ", other)).ok()) << other;
  });
  for (int i = 0; i < kInstances; ++i) {
    ASSERT_EQ(client.Wait(kWaiter, IdOf(i), kLong).value(), OutputOf(i));
  }
  runtime.reset();
  EXPECT_EQ(frames, 0u);
  // Kept, and at most one in the hands of each thread that runs turns: clients run first ones.
  EXPECT_LE(frames_max, RuntimeCount() * (kLive + options.orchestration_threads) + kClients);
  EXPECT_GE(frames_max, kLive);

  const auto completed = OutputsIn(InstanceState::kCompleted);
  ASSERT_EQ(completed.size(), static_cast<std::size_t>(kInstances));
  for (int i = 0; i < kInstances; ++i) EXPECT_EQ(completed.at(IdOf(i)), OutputOf(i));
  EXPECT_TRUE(OutputsIn(InstanceState::kRunning).empty());
  EXPECT_TRUE(OutputsIn(InstanceState::kPending).empty());
  for (int i = 0; i < kInstances; i += 997) {
    const History history = HistoryOf(IdOf(i));
    ASSERT_EQ(history.size(), 4u) << "started, waits, woken, completed";
    EXPECT_EQ(std::get<EventRaised>(history[2].body).payload, Numbered("word ", i));
    EXPECT_EQ(internal::FindDivergence(IdOf(i), 1, history, {}, registry), std::nullopt);
  }
}

}  // namespace
}  // namespace duroxide
