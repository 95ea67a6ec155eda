// What is delivered again and again without an answer is given up; what is answered never is.

#include <gtest/gtest.h>

#include <atomic>

#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;
using tandem::StatusCode;

class PoisonTest : public RuntimeFixture {
 protected:
  static RuntimeOptions OrchestrationsOnly() {
    RuntimeOptions options;
    options.activity_threads = 0;
    return options;
  }

  // Takes what is first and lets the lease run out, `times` in a row: as a process that dies.
  void LoseDeliveries(const std::string& queue, int times) {
    for (int i = 0; i < times; ++i) {
      tandem::DequeueOptions options;
      options.lease = seconds(1);
      options.max_messages = 100;
      const auto deliveries = provider.Dequeue(queue, options);
      ASSERT_FALSE(deliveries->empty());
      clock.Advance(seconds(1));
    }
  }
  void RunFirstTurn(const std::string& instance, tandem::Version events) {
    const auto runtime = StartRuntime(Working(), OrchestrationsOnly());
    AwaitHistory(instance, events);
  }
};
INSTANTIATE_TEST_SUITE_P(, PoisonTest, ::testing::ValuesIn(ProviderKinds()), KindName);

// --- Activities ---------------------------------------------------------------------------------

TEST_P(PoisonTest, ActivityOnItsEleventhDeliveryIsReportedAndNotRun) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i", 2);
  LoseDeliveries("dx/work", 10);
  const auto runtime = StartRuntime(Working());
  const auto status = client.WaitUntilFinished("i", kLong);
  EXPECT_EQ(status->state, InstanceState::kFailed);
  EXPECT_EQ(status->failure->category, FailureCategory::kPoison);
  EXPECT_EQ(
      status->failure->message,
      "an activity failed for good: activity 'echo' was delivered 11 times without a result, "
      "the limit is 10 (RuntimeOptions::max_deliveries): it may end the process that runs it");
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().activities_run, 0u);
  EXPECT_EQ(runtime->Stats().poisoned, 1u);
}

TEST_P(PoisonTest, ActivityOnItsTenthDeliveryIsRun) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i", 2);
  LoseDeliveries("dx/work", 9);
  const auto runtime = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

TEST_P(PoisonTest, PoisonOfAnActivityIsReportedOnceByTwoRuntimes) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i", 2);
  LoseDeliveries("dx/work", 10);
  const auto one = StartRuntime(Working());
  const auto two = StartRuntime(Working());
  EXPECT_EQ(client.WaitUntilFinished("i", kLong)->state, InstanceState::kFailed);
  one->Shutdown();
  two->Shutdown();
  EXPECT_EQ(one->Stats().poisoned + two->Stats().poisoned, 1u);
}

TEST_P(PoisonTest, Defect09_PoisonIsToldThroughALeaseThatHolds) {
  // However slow taking was: the report needs one batch, and no second delivery.
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i", 2);
  LoseDeliveries("dx/work", 10);
  std::atomic<int> failures = 2;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool report =
        Has<tandem::DeleteMessages>(operations) && !Has<tandem::AppendEvents>(operations);
    if (!report || failures-- <= 0) return Status::Ok();
    clock.Advance(seconds(1));  // for the wait before the next try
    return Status::Unavailable("later");
  });
  RuntimeOptions options;
  options.orchestration_threads = 1;
  options.activity_threads = 1;
  // One: the clock below runs faster than renewals do, and a second would take over.
  const auto runtime = StartOne(Working(), options);
  const TimePasses time(clock, seconds(1));  // for retries, not for the lease
  EXPECT_EQ(client.WaitUntilFinished("i", kLong)->failure->category, FailureCategory::kPoison);
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().poisoned, 1u);
}

TEST_P(PoisonTest, UnregisteredActivityFailsForGoodAfterItsLastDelivery) {
  Registry half;
  half.Add(kOnce, EchoOnce);
  RuntimeOptions options;
  options.max_deliveries = 3;
  const auto runtime = StartRuntime(half, options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  AwaitUnregistered("activity 'echo' is not registered", 1);
  clock.Advance(seconds(1));
  AwaitUnregistered("activity 'echo' is not registered", 2);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  clock.Advance(seconds(2));
  AwaitUnregistered("activity 'echo' is not registered", 3);
  const auto status = client.WaitUntilFinished("i", kLong);
  EXPECT_EQ(status->state, InstanceState::kFailed);
  EXPECT_EQ(status->failure->category, FailureCategory::kConfiguration);
  EXPECT_NE(status->failure->message.find("register it with Registry::Add (3 deliveries)"),
            std::string::npos)
      << status->failure->message;
  EXPECT_EQ(status->diagnosis, "");
}

TEST_P(PoisonTest, UnreadableActivityIsNeverCounted) {
  ASSERT_TRUE(provider.Enqueue("dx/work", "garbage!", tandem::EnqueueOptions()).ok());
  const auto runtime = StartRuntime(Working());
  for (std::size_t i = 1; i <= 12; ++i) {
    log.Await("an activity can't be read", i);
    clock.Advance(seconds(60));
  }
  log.Await("an activity can't be read", 13);
  runtime->Shutdown();
  clock.Advance(seconds(60));
  EXPECT_EQ(provider.Dequeue("dx/work")->front().delivery_count, 1u);
}

// --- Turns --------------------------------------------------------------------------------------

TEST_P(PoisonTest, InstanceWhoseFirstTurnIsPoisonIsEnded) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  LoseDeliveries("dx/turns", 10);
  const auto runtime = StartRuntime(Working());
  const auto status = client.WaitUntilFinished("i", kLong);
  EXPECT_EQ(status->state, InstanceState::kFailed);
  EXPECT_EQ(status->failure->category, FailureCategory::kPoison);
  EXPECT_EQ(status->orchestration, "once");
  EXPECT_EQ(status->version, OrchestrationVersion());
  const History history = HistoryOf("i");
  ASSERT_EQ(history.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Started>(history[0].body));
  EXPECT_EQ(internal::FindDivergence("i", 1, history, {}, Working()), std::nullopt);
  EXPECT_EQ(client.Start(kOnce, "i", "x").code(), StatusCode::kAlreadyExists);
  log.Await("instance 'i' was delivered 11 times without a result");
}

TEST_P(PoisonTest, PoisonedInstanceCancelsWhatItHasStarted) {
  ASSERT_TRUE(client.Start(kMixed, "i", "x").ok());
  RunFirstTurn("i", 6);
  ASSERT_TRUE(client.RaiseEvent("i", "skip", "x").ok());
  LoseDeliveries("dx/turns", 10);
  const auto runtime = StartRuntime(Working(), OrchestrationsOnly());
  const auto status = client.WaitUntilFinished("i", kLong);
  EXPECT_EQ(status->failure->category, FailureCategory::kPoison);
  EXPECT_TRUE(provider.Dequeue("dx/work")->empty());
  EXPECT_EQ(internal::FindDivergence("i", 1, HistoryOf("i"), {}, Working()), std::nullopt);
  runtime->Shutdown();
  clock.Advance(std::chrono::hours(1));
  EXPECT_TRUE(provider.Dequeue("dx/turns")->empty());  // no timer
  EXPECT_EQ(runtime->Stats().poisoned, 1u);
}

TEST_P(PoisonTest, FinishedInstanceSwallowsAPoisonousMessage) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  runtime->Shutdown();
  ASSERT_TRUE(
      provider.AtomicBatch({internal::ToInstance("i", internal::EventRaisedItem{{"e", "x"}})})
          .ok());
  LoseDeliveries("dx/turns", 10);
  const std::uint64_t before = provider.batches();
  const auto next = StartRuntime(Working());
  provider.batches().Await(before + 1);
  next->Shutdown();  // a message is counted after its batch
  EXPECT_EQ(next->Stats().messages_dropped, 1u);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kCompleted);
  EXPECT_EQ(next->Stats().poisoned, 0u);
}

constexpr Orchestration<std::string(std::string)> kParent("parent");

Task<Result<std::string>> CallsOnce(OrchestrationContext ctx, std::string text) {
  const ChildOptions options = ChildOptions().Instance("child");
  Child<std::string> child = ctx.StartChild(kOnce, text, options);
  co_return co_await std::move(child);
}

TEST_P(PoisonTest, ParentOfAPoisonedChildIsToldAndEnds) {
  Registry registry = Working();
  registry.Add(kParent, CallsOnce);
  {
    Registry parents;
    parents.Add(kParent, CallsOnce);
    const auto runtime = StartRuntime(parents, OrchestrationsOnly());
    ASSERT_TRUE(client.Start(kParent, "p", "x").ok());
    log.Await("orchestration 'once' is not registered");  // the child is parked
  }
  clock.Advance(seconds(60));
  LoseDeliveries("dx/turns", 10);
  const auto runtime = StartRuntime(registry);
  const auto status = client.WaitUntilFinished("p", kLong);
  EXPECT_EQ(status->state, InstanceState::kFailed);
  EXPECT_EQ(status->failure->category, FailureCategory::kPoison);
  EXPECT_EQ(client.GetStatus("child")->failure->category, FailureCategory::kPoison);
}

// --- What is answered is never poison -----------------------------------------------------------

TEST_P(PoisonTest, ParkedInstanceIsNeverPoisoned) {
  auto wrong = StartRuntime(Registry());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  for (std::size_t i = 1; i <= 25; ++i) {
    AwaitUnregistered("orchestration 'once' is not registered", i);
    clock.Advance(seconds(60));
  }
  AwaitUnregistered("orchestration 'once' is not registered", 26);
  EXPECT_EQ(wrong->Stats().poisoned, 0u);
  wrong.reset();
  const auto right = StartRuntime(Working());
  clock.Advance(seconds(60));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

TEST_P(PoisonTest, ParkedInstanceWaitsLongerEachTimeAlthoughNothingIsCounted) {
  const auto wrong = StartOne(Registry(), RuntimeOptions());  // each runtime has its own count
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  for (int i = 0; i < 4; ++i) {
    AwaitUnregistered("orchestration 'once' is not registered", static_cast<std::size_t>(i) + 1);
    clock.Advance(seconds(1 << i) - std::chrono::microseconds(1));
    EXPECT_TRUE(provider.Dequeue("dx/turns")->empty());
    clock.Advance(std::chrono::microseconds(1));
  }
}

TEST_P(PoisonTest, ConflictsAndTroublesOfTheStoreAreNotCounted) {
  std::atomic<int> conflicts = 30;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (!Has<tandem::AppendEvents>(operations) || conflicts-- <= 0) return Status::Ok();
    return Status::Conflict("exactly 0", 7);
  });
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(runtime->Stats().turn_conflicts, 30u);
  EXPECT_EQ(runtime->Stats().poisoned, 0u);
}

TEST_P(PoisonTest, Defect13_GivingBackIsTriedAgainWhenTheStoreFails) {
  std::atomic<int> conflicts = 2;  // a turn is run once more before it is set aside
  std::atomic<int> troubles = 3;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (Has<tandem::AppendEvents>(operations) && conflicts-- > 0) {
      return Status::Conflict("exactly 0", 7);
    }
    if (Has<tandem::AbandonMessages>(operations) && troubles-- > 0) {
      return Status::Unavailable("later");
    }
    return Status::Ok();
  });
  RuntimeOptions options;
  options.lease = std::chrono::hours(1'000);  // it can only come back by being given back
  const auto runtime = StartRuntime(Working(), options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  const TimePasses time(clock, std::chrono::minutes(1));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_LT(troubles, 0);
}

}  // namespace
}  // namespace duroxide
