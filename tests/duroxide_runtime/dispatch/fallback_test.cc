// The result of an activity is stored in the batch of the turn that takes it. Where that can't be,
// it is stored by itself, and its turn comes by the queue: no result is lost, and no activity runs
// again for it.

#include <gtest/gtest.h>

#include <atomic>

#include "tandem/base/guarded.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;
using Batches = std::vector<std::string>;

// What the batch does with messages and histories, each kind once.
std::string BatchText(const ProbeProvider::Operations& operations) {
  std::string text;
  if (Has<tandem::DeleteMessages>(operations)) text += " ack";
  if (Has<tandem::AbandonMessages>(operations)) text += " abandon";
  if (Has<tandem::AppendEvents>(operations)) text += " append";
  if (Has<tandem::Enqueue>(operations)) text += " enqueue";
  return text.empty() ? text : text.substr(1);
}

bool TakesAResult(const ProbeProvider::Operations& operations) {
  return Has<tandem::DeleteMessages>(operations) && Has<tandem::AppendEvents>(operations);
}

class FallbackTest : public RuntimeFixture {
 protected:
  // From now on batches are noted, and asked for by `probe`.
  void NoteBatches(const ProbeProvider::Probe<ProbeProvider::Operations>& probe) {
    batches_.Lock()->clear();
    provider.OnBatch([this, probe](const ProbeProvider::Operations& operations) -> Status {
      batches_.Lock()->push_back(BatchText(operations));
      return probe(operations);
    });
  }
  void NoteBatches() {
    NoteBatches([](const ProbeProvider::Operations&) { return Status::Ok(); });
  }
  Batches Noted() { return *batches_.Lock(); }

  // An activity that says how often it has run.
  void AddCounting(Registry& registry) {
    registry.Add(kEcho, [this](ActivityContext&, const std::string& text) -> Result<std::string> {
      return Numbered(text + " ", ++runs_);
    });
  }
  Registry Counting() {
    Registry registry;
    AddSamples(registry);
    AddCounting(registry);
    return registry;
  }
  // Starts an instance, whose activity then waits for somebody who runs it.
  void StartUpToTheActivity(const std::string& instance) {
    RuntimeOptions options;
    options.activity_threads = 0;
    const auto runtime = StartExactly(Working(), options);
    ASSERT_TRUE(client.Start(kOnce, instance, "x").ok());
    AwaitHistory(instance, 2);
  }
  // The turn of the result is impossible with the code of `wrong`: it is handed over to other
  // runtimes so often, then parked.
  void ExpectResultIsKept(Registry wrong, const std::string& diagnosis, std::size_t hand_overs) {
    StartUpToTheActivity("i");
    NoteBatches();
    auto runtime = StartExactly(std::move(wrong), RuntimeOptions());
    hand_overs == 0 ? log.Await(diagnosis) : AwaitUnregistered(diagnosis);
    EXPECT_EQ(client.GetStatus("i")->diagnosis.find(diagnosis), 0u);
    runtime->Shutdown();
    Batches expected(hand_overs + 1, "abandon");
    expected.insert(expected.begin(), "ack enqueue");
    EXPECT_EQ(Noted(), expected);
    EXPECT_EQ(runtime->Stats().activities_run, 1u);
    EXPECT_EQ(HistoryOf("i").size(), 2u);

    runtime = StartExactly(Counting(), RuntimeOptions());
    clock.Advance(seconds(1));
    EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x 1");
    EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
    EXPECT_EQ(runs_, 1);
  }
  int runs() const { return runs_; }

 private:
  tandem::Guarded<Batches> batches_;
  std::atomic<int> runs_ = 0;
};
INSTANTIATE_TEST_SUITE_P(, FallbackTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(FallbackTest, ResultWhoseTurnConflictsTwiceIsStoredByItself) {
  std::atomic<int> conflicts = 2;
  NoteBatches([&](const ProbeProvider::Operations& operations) -> Status {
    if (!TakesAResult(operations) || conflicts-- <= 0) return Status::Ok();
    return Status::Conflict("exactly 2", 3);
  });
  const auto runtime = StartExactly(Counting(), RuntimeOptions());
  ASSERT_TRUE(runtime->client().Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x 1");
  runtime->Shutdown();
  EXPECT_EQ(Noted(),
            Batches({"append enqueue", "ack append", "ack append", "ack enqueue", "ack append"}));
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(runtime->Stats().turn_conflicts, 2u);
  EXPECT_EQ(runtime->Stats().turns, 2u);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  EXPECT_EQ(runtime->Stats().activities_dropped, 0u);
}

TEST_P(FallbackTest, ResultWhoseTurnConflictsOnceIsStoredWithTheSecondTry) {
  std::atomic<int> conflicts = 1;
  NoteBatches([&](const ProbeProvider::Operations& operations) -> Status {
    if (!TakesAResult(operations) || conflicts-- <= 0) return Status::Ok();
    return Status::Conflict("exactly 2", 3);
  });
  const auto runtime = StartExactly(Counting(), RuntimeOptions());
  ASSERT_TRUE(runtime->client().Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x 1");
  runtime->Shutdown();
  EXPECT_EQ(Noted(), Batches({"append enqueue", "ack append", "ack append"}));
  EXPECT_EQ(runtime->Stats().turn_conflicts, 1u);
}

Task<Result<std::string>> EchoOther(OrchestrationContext ctx, std::string text) {
  co_return co_await ctx.Call(kEcho, "not " + text);
}

TEST_P(FallbackTest, ResultWhoseTurnDivergesIsStoredByItself) {
  Registry changed;
  changed.Add(kOnce, EchoOther);
  AddCounting(changed);
  ExpectResultIsKept(std::move(changed), "the code no longer matches the history at event 2",
                     /*hand_overs=*/0);
}

TEST_P(FallbackTest, ResultForCodeThatIsMissingIsStoredByItself) {
  Registry half;
  AddCounting(half);
  ExpectResultIsKept(std::move(half), "orchestration 'once' 1.0.0 is not registered",
                     internal::tuning::kHandOversInARow);
}

TEST_P(FallbackTest, ResultOfASecondDeliveryIsStoredByItself) {
  for (const bool second : {false, true}) {
    const std::string instance = second ? "second" : "first";
    StartUpToTheActivity(instance);
    if (second) {  // as a process that dies
      tandem::DequeueOptions options;
      options.lease = seconds(1);
      ASSERT_EQ(provider.Dequeue("dx/work", options)->size(), 1u);
      clock.Advance(seconds(1));
    }
    NoteBatches();
    const auto runtime = StartExactly(Counting(), RuntimeOptions());
    EXPECT_TRUE(client.Wait(kOnce, instance, kLong).ok());
    runtime->Shutdown();
    EXPECT_EQ(Noted(), second ? Batches({"ack enqueue", "ack append"}) : Batches({"ack append"}));
  }
}

}  // namespace
}  // namespace duroxide
