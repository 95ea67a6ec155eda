// An instance is its history and its key-value map. All other metadata (status, index, what
// announces an execution, progress of activities) serves queries and attempts: without it the
// instance goes on as if nothing had happened.

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;

constexpr Activity<std::string(std::string)> kSlow("slow");
constexpr Orchestration<std::string(std::string)> kAll("all");

Task<Result<std::string>> WaitsForGo(OrchestrationContext ctx, std::string input) {
  const std::string go = co_await OrFail(ctx.WaitForEvent<std::string>("go"));
  co_return input + go;
}

// The same in two executions: map, status, child, timer, activity, events. The second sees its
// timer fire.
Task<Result<std::string>> HasAll(OrchestrationContext ctx, std::string input) {
  ctx.SetKv("at", input);
  ctx.SetCustomStatus("at " + input);
  Child<std::string> child = ctx.StartChild(kChild, input);
  Timer timer = ctx.StartTimer(hours(1));
  const std::string slow = co_await OrFail(ctx.Call(kSlow, input));
  const std::string word = co_await OrFail(ctx.WaitForEvent<std::string>("words"));
  const std::string from_child = co_await OrFail(std::move(child));
  ctx.SetKv(input, slow + " " + word + " " + from_child);
  if (input == "first") co_return ctx.ContinueAsNew(kAll, "second");
  co_await std::move(timer);
  std::string all = ctx.custom_status().value_or("none");
  for (const std::string& key : ctx.KvKeys()) {
    all += "; " + key + ": " + **ctx.GetKv<std::string>(key);
  }
  co_return all;
}

std::string TextOf(const std::vector<History>& histories) {
  std::string text;
  for (const History& history : histories) {
    for (const HistoryEvent& event : history) text += Describe(event.body) + "\n";
  }
  return text;
}

class ErasureTest : public RuntimeFixture {
 protected:
  Registry All() {
    Registry registry;
    registry.Add(kAll, HasAll);
    registry.Add(kChild, WaitsForGo);
    registry.Add(kSlow, [this](ActivityContext& ctx, const std::string& in) -> Result<std::string> {
      TANDEM_RETURN_IF_ERROR(ctx.Heartbeat("half"));
      barriers_.at({ctx.instance(), ctx.execution()}).Enter();
      return in + "!";
    });
    return registry;
  }

  // Runs `instance` to its end, and calls `disturb` wherever it waits.
  template <typename Disturb>
  void Run(const std::string& instance, const Disturb& disturb) {
    barriers_[{instance, 1}];
    barriers_[{instance, 2}];
    ASSERT_TRUE(client.Start(kAll, instance, "first").ok());
    for (std::uint64_t execution = 1; execution <= 2; ++execution) {
      const std::string child = instance + "::sub::" + std::to_string(execution) + ".1";
      Barrier& barrier = barriers_.at({instance, execution});
      barrier.AwaitEntered(1);
      Await(child, 1, 2);
      disturb();  // while the activity runs
      barrier.Open();
      Await(instance, execution, 8);
      disturb();
      ASSERT_TRUE(client.RaiseEvent(instance, "words", "hello").ok());
      Await(instance, execution, 9);
      disturb();
      ASSERT_TRUE(client.RaiseEvent(child, "go", "!").ok());
      Await(instance, execution, 10);
    }
    disturb();
    clock.Advance(hours(1));
    ASSERT_TRUE(client.WaitUntilFinished(instance, kLong).ok());
  }

  // Everything but the key-value map.
  void EraseMetadata(const std::string& instance) {
    std::size_t erased = EraseAll(internal::IndexStream());
    for (std::uint64_t partition = 0; partition <= 2; ++partition) {
      erased += EraseAll({internal::InstanceEntity(instance), partition});
      for (const std::string child : {"::sub::1.1", "::sub::2.1"}) {
        erased += EraseAll({internal::InstanceEntity(instance + child), partition});
      }
    }
    EXPECT_GT(erased, 0u);
  }

  // All executions, without what has to be different.
  std::vector<History> Comparable(const std::string& instance) {
    std::vector<History> histories;
    for (std::uint64_t execution = 1; execution <= 2; ++execution) {
      HistoryOptions options;
      options.execution = execution;
      History history = client.ReadHistory(instance, options)->events;
      const Timestamp begin = history.front().time;
      for (HistoryEvent& event : history) Equalize(instance, begin, event);
      histories.push_back(std::move(history));
    }
    return histories;
  }

 private:
  void Await(const std::string& instance, std::uint64_t execution, tandem::Version count) {
    tandem::ReadOptions options;
    options.from = count;
    options.wait = kLong;
    ASSERT_TRUE(provider.Read(internal::HistoryStream(instance, execution), options).ok());
  }
  std::size_t EraseAll(const tandem::StreamId& stream) {
    tandem::UpdateMetadata update;
    update.stream = stream;
    const tandem::MetadataPage page = provider.ReadMetadata(stream, {}).value();
    EXPECT_FALSE(page.more);
    for (const auto& [key, value] : page.entries) {
      if (!key.starts_with(internal::kKvPrefix)) update.erase.push_back(key);
    }
    const std::size_t count = update.erase.size();
    if (count > 0) {
      EXPECT_TRUE(provider.AtomicBatch({update}).ok());
    }
    return count;
  }
  static void Equalize(const std::string& instance, Timestamp begin, HistoryEvent& event) {
    event.time -= begin.time_since_epoch();
    if (auto* started = std::get_if<Started>(&event.body)) {
      started->seed = 0;
      started->created_at = {};
    }
    if (auto* timer = std::get_if<TimerCreated>(&event.body)) {
      timer->fire_at -= begin.time_since_epoch();
    }
    if (auto* child = std::get_if<ChildScheduled>(&event.body)) {
      EXPECT_TRUE(child->instance.starts_with(instance));
      child->instance.erase(0, instance.size());
    }
  }

  std::map<std::pair<std::string, std::uint64_t>, Barrier>
      barriers_;  // of activities, by execution
};
INSTANTIATE_TEST_SUITE_P(, ErasureTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ErasureTest, InstanceWithoutAnyOtherMetadataHasTheSameHistory) {
  const auto runtime = StartRuntime(All());
  Run("whole", [] {});
  Run("erased", [this] { EraseMetadata("erased"); });
  const auto whole = client.GetStatus("whole");
  const auto left = client.GetStatus("erased");
  EXPECT_EQ(whole->output,
            "at second; at: second; first: first! hello first!; second: second! hello second!");
  EXPECT_EQ(left->output, whole->output);
  EXPECT_EQ(left->state, InstanceState::kCompleted);
  EXPECT_EQ(left->execution, 2u);
  EXPECT_EQ(left->custom_status.value, whole->custom_status.value);
  EXPECT_EQ(left->custom_status.version, whole->custom_status.version);
  EXPECT_TRUE(Comparable("erased") == Comparable("whole")) << TextOf(Comparable("erased")) << "\n"
                                                           << TextOf(Comparable("whole"));
}

}  // namespace
}  // namespace duroxide
