// What the runtime does when things go wrong: code that is missing or has changed, a store that
// fails, messages that belong to nobody.

#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"
#include "tandem/tests/support/random_seed.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using std::chrono::seconds;
using tandem::StatusCode;

class TroubleTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, TroubleTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST(ParkDelayTest, DoublesFromOneSecondToOneMinute) {
  EXPECT_EQ(internal::ParkDelay(1), seconds(1));
  EXPECT_EQ(internal::ParkDelay(2), seconds(2));
  EXPECT_EQ(internal::ParkDelay(6), seconds(32));
  EXPECT_EQ(internal::ParkDelay(7), seconds(60));
  EXPECT_EQ(internal::ParkDelay(4'000'000'000), seconds(60));
}

TEST_P(TroubleTest, UnregisteredOrchestrationWaitsForItsRuntime) {
  auto wrong = StartRuntime(Registry());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  AwaitUnregistered("orchestration 'once' is not registered");
  const auto status = client.GetStatus("i");
  EXPECT_EQ(status->state, InstanceState::kPending);
  EXPECT_EQ(status->diagnosis,
            "orchestration 'once' is not registered in this runtime; register it with "
            "Registry::Add");
  clock.Advance(seconds(1));
  AwaitUnregistered("orchestration 'once' is not registered", 2);  // tried again
  wrong.reset();
  const auto right = StartRuntime(Working());
  clock.Advance(seconds(2));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
}

TEST_P(TroubleTest, UnregisteredActivityWaitsForItsRuntime) {
  Registry half;
  half.Add(kOnce, EchoOnce);
  auto wrong = StartRuntime(half);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  AwaitUnregistered("activity 'echo' is not registered");
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  EXPECT_EQ(client.GetStatus("i")->diagnosis,
            "activity 'echo' is not registered in this runtime; register it with Registry::Add");
  wrong.reset();
  const auto right = StartRuntime(Working());
  clock.Advance(seconds(1));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
}

TEST_P(TroubleTest, WaitThatGivesUpTellsTheDiagnosis) {
  const auto wrong = StartRuntime(Registry());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  AwaitUnregistered("orchestration 'once' is not registered");
  const Status status = client.Wait(kOnce, "i", std::chrono::milliseconds(0)).status();
  EXPECT_NE(status.message().find("register it with Registry::Add"), std::string::npos);
}

TEST_P(TroubleTest, DivergingInstanceIsParkedAndGoesOnWithTheOldCode) {
  auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  runtime.reset();
  const History before = HistoryOf("i");

  Registry changed;
  changed.Add(kApproval, EchoOnce);
  runtime = StartRuntime(changed);
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "ann").ok());
  log.Await("the code no longer matches the history at event 2");
  EXPECT_EQ(HistoryOf("i"), before);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  EXPECT_EQ(client.GetStatus("i")->diagnosis.find("the code no longer matches"), 0u);
  EXPECT_EQ(runtime->Stats().parked, 1u);
  runtime.reset();

  runtime = StartRuntime(Working());
  clock.Advance(seconds(1));
  EXPECT_EQ(client.Wait(kApproval, "i", kLong).value(), "trip by ann");
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
}

TEST_P(TroubleTest, DamagedHistoryIsParkedNotSkipped) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  ASSERT_TRUE(provider.EventStore::Append(internal::HistoryStream("i", 1), {"garbage!"}).ok());
  const auto runtime = StartRuntime(Working());
  log.Await("history event 1 of execution 1 of instance 'i'");
  EXPECT_NE(client.GetStatus("i")->diagnosis.find("unreadable record"), std::string::npos);
}

TEST_P(TroubleTest, InstanceWithADamagedHistoryCanBeDeleted) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  ASSERT_TRUE(provider.EventStore::Append(internal::HistoryStream("i", 1), {"garbage!"}).ok());
  DeleteOptions force;
  force.force = true;
  const auto deleted = client.admin().Delete("i", force);
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_TRUE(client.admin().ListInstances(InstanceFilter())->instances.empty());
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "again").ok());
  EXPECT_TRUE(client.Wait(kOnce, "i", kLong).ok());
}

// The status is derived from the history, so only one without a turn is lost with it.
TEST_P(TroubleTest, DamagedStatusIsDerivedAnewAndStopsNoList) {
  auto runtime = StartRuntime(Working());
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(client.Start(kOnce, id, "x").ok());
    ASSERT_TRUE(client.Wait(kOnce, id, kLong).ok());
  }
  runtime.reset();
  ASSERT_TRUE(client.Start(kOnce, "d", "x").ok());
  for (const char* id : {"b", "d"}) {
    tandem::UpdateMetadata damage;
    damage.stream = internal::HomeStream(id, internal::kFirstExecution);
    damage.set.emplace(internal::kStatusKey, "garbage!");
    ASSERT_TRUE(provider.AtomicBatch({damage}).ok());
  }
  const auto status = client.GetStatus("b");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->state, InstanceState::kCompleted);
  EXPECT_NE(status->diagnosis, "");
  EXPECT_EQ(client.GetStatus("d").status().code(), StatusCode::kCorruption);

  const auto page = client.admin().ListInstances(InstanceFilter());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->instances.size(), 3u);
  EXPECT_EQ(page->unreadable, std::vector<std::string>{"d"});
  EXPECT_FALSE(page->more);

  EXPECT_EQ(client.admin().Delete("b")->instances, 1u);
  EXPECT_EQ(client.admin().Delete("d").status().code(), StatusCode::kCorruption);
  runtime = StartRuntime(Working());
  AwaitHistory("d", 2);
  EXPECT_TRUE(client.Wait(kOnce, "d", kLong).ok()) << "its turn needs no status, and mends it";
  EXPECT_EQ(client.admin().Delete("d")->instances, 1u);
}

TEST_P(TroubleTest, HistoryWhoseFirstExecutionIsNoneBeforeItIsCorruption) {
  for (const std::uint64_t first : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    Started started;
    started.name = "once";
    started.first_execution = first;
    const std::string id = "i" + std::to_string(first);
    const std::string event = internal::EncodeHistoryEvent(HistoryEvent{Timestamp(), started});
    ASSERT_TRUE(provider.EventStore::Append(internal::HistoryStream(id, 2), {event}).ok());
    EXPECT_EQ(client.admin().GetStats(id).status().code(), StatusCode::kCorruption);
    EXPECT_EQ(client.admin().ListExecutions(id).status().code(), StatusCode::kCorruption);
  }
}

TEST_P(TroubleTest, TheLargestExecutionThatThereCanBeIsTheLast) {
  Started started;
  started.name = "once";
  const std::string event = internal::EncodeHistoryEvent(HistoryEvent{Timestamp(), started});
  constexpr std::uint64_t kLargest = ~std::uint64_t{0};
  ASSERT_TRUE(provider.EventStore::Append(internal::HistoryStream("i", kLargest), {event}).ok());
  const auto page = client.admin().ListExecutions("i");
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->executions.size(), 1u);
  EXPECT_EQ(page->executions.front().execution, kLargest);
  EXPECT_TRUE(client.admin().ListExecutions("i", kLargest)->executions.empty());
}

TEST_P(TroubleTest, HeadThatClaimsMoreEventsThanThereAreIsCorruption) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  ASSERT_TRUE(client.Wait(kOnce, "i", kLong).ok());
  for (const std::uint64_t head : {std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    const auto history = internal::LoadHistory(provider, "i", 1, head);
    EXPECT_EQ(history.status().ToString(),
              "Corruption: history event 5 of execution 1 of instance 'i': missing");
  }
}

TEST_P(TroubleTest, MessagesWithoutAnInstanceAreDroppedAndBlockNobody) {
  tandem::EnqueueOptions orphan;
  orphan.group = "nobody";
  const auto queue = std::string(internal::kTurnQueue);
  ASSERT_TRUE(
      provider.Enqueue(queue, EncodeWorkItem(internal::EventRaisedItem{{"e", "x"}}), orphan).ok());
  ASSERT_TRUE(provider.Enqueue(queue, "no group", tandem::EnqueueOptions()).ok());
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  log.Await("no such instance was ever started");
  log.Await("a message without an instance");
  EXPECT_EQ(runtime->Stats().messages_dropped, 2u);
}

TEST_P(TroubleTest, ConflictingTurnIsDroppedAndTriedAgain) {
  std::atomic<int> conflicts = 3;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (!Has<tandem::AppendEvents>(operations) || conflicts-- <= 0) return Status::Ok();
    return Status::Conflict("exactly 0", 7);
  });
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(runtime->Stats().turn_conflicts, 3u);
}

// A single item, and yet too much for one batch: it would be so forever.
TEST_P(TroubleTest, TurnThatIsTooLargeForABatchEndsItsInstance) {
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    for (const tandem::Operation& operation : operations) {
      const auto* enqueue = std::get_if<tandem::Enqueue>(&operation);
      if (enqueue != nullptr && enqueue->queue == "dx/work")
        return Status::TooLarge("over the limit");
    }
    return Status::Ok();
  });
  const auto runtime = StartExactly(Working(), RuntimeOptions());
  ASSERT_TRUE(runtime->client().Start(kSequence, "i", 3).ok());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).status().ToString(),
            "TooLarge: a turn of instance 'i' can't be stored: over the limit");
  EXPECT_EQ(client.GetStatus("i")->failure->category, FailureCategory::kPoison);
  EXPECT_EQ(HistoryOf("i").size(), 2u);  // started, failed
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().poisoned, 1u);
}

TEST_P(TroubleTest, TurnThatCanNotBeStoredIsParked) {
  std::atomic<bool> refuse = true;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (!refuse || !Has<tandem::AppendEvents>(operations)) return Status::Ok();
    return Status::TooLarge("the batch is over the limit");
  });
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  log.Await("can't be stored: the batch is over the limit");
  EXPECT_NE(client.GetStatus("i")->diagnosis, "");
  refuse = false;
  clock.Advance(seconds(1));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

TEST_P(TroubleTest, WhatStartsUnderTheIdOfAParkedInstanceIsParkedAsIfForTheFirstTime) {
  std::atomic<bool> refuse = true;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (!refuse || !Has<tandem::AppendEvents>(operations)) return Status::Ok();
    return Status::TooLarge("the batch is over the limit");
  });
  const auto runtime = StartOne(Working(), RuntimeOptions());
  ASSERT_TRUE(client.Start(kApproval, "i", "x").ok());
  for (int attempts = 1; attempts <= 3; ++attempts) {
    log.Await("the batch is over the limit", attempts);
    clock.Advance(seconds(1 << (attempts - 1)));
  }
  log.Await("the batch is over the limit", 4);
  DeleteOptions options;
  options.force = true;
  ASSERT_TRUE(client.admin().Delete("i", options).ok());
  refuse = false;
  ASSERT_TRUE(runtime->client().Start(kApproval, "i", "x").ok());
  AwaitState("i", InstanceState::kRunning);
  refuse = true;
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "y").ok());
  log.Await("the batch is over the limit", 5);
  refuse = false;
  clock.Advance(seconds(1));
  EXPECT_TRUE(client.Wait(kApproval, "i", kLong).ok());
}

TEST_P(TroubleTest, ParkingLeavesTheStatusOfAFinishedInstanceAlone) {
  {
    const auto runtime = StartRuntime(Working());
    ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
    ASSERT_TRUE(client.Wait(kOnce, "i", kLong).ok());
  }
  ASSERT_TRUE(provider.Enqueue("q", "m", tandem::EnqueueOptions()).ok());
  internal::ParkOrder order;
  order.token = provider.Dequeue("q")->front().lock_token;
  order.instance = "i";
  order.diagnosis = "late";
  EXPECT_TRUE(internal::Park(provider, order).ok());
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kCompleted);
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
  EXPECT_TRUE(provider.Dequeue("q")->empty());  // hidden
  clock.Advance(seconds(1));
  EXPECT_EQ(provider.Dequeue("q")->size(), 1u);  // not lost
}

TEST_P(TroubleTest, ParkingNeverOverwritesANewerStatus) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  ASSERT_TRUE(provider.Enqueue("q", "m", tandem::EnqueueOptions()).ok());
  internal::ParkOrder order;
  order.token = provider.Dequeue("q")->front().lock_token;
  order.instance = "i";
  order.diagnosis = "no code";
  // Between reading and writing the status the instance finishes.
  bool finished = false;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (finished || !Has<tandem::AbandonMessages>(operations)) return Status::Ok();
    finished = true;
    const auto runtime = StartRuntime(Working());
    return client.Wait(kOnce, "i", kLong).status();
  });
  EXPECT_TRUE(internal::Park(provider, order).ok());
  EXPECT_TRUE(finished);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kCompleted);
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "");
}

Task<Result<int>> CountEvents(OrchestrationContext ctx, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await OrFail(ctx.WaitForEvent<int>("add"));
  co_return sum;
}

TEST_P(TroubleTest, BacklogAndHistoryOfManyPagesAreProcessedWhole) {
  Registry registry;
  registry.Add(kSequence, CountEvents);
  constexpr int kEvents = 1500;
  {
    const auto runtime = StartRuntime(registry);
    ASSERT_TRUE(client.Start(kSequence, "i", kEvents).ok());
    AwaitHistory("i", 2);
  }
  for (int i = 1; i <= kEvents; ++i) ASSERT_TRUE(client.RaiseEvent("i", "add", i).ok());
  const auto runtime = StartRuntime(registry);
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), kEvents * (kEvents + 1) / 2);
  EXPECT_LE(runtime->Stats().turns, 10u);  // many messages per turn
}

TEST_P(TroubleTest, StoppedStoreIsLoggedOnceAndNotHammered) {
  provider.OnDequeue([]() -> Status { return Status::Unavailable("stopped"); });
  RuntimeOptions options;
  options.orchestration_threads = 1;
  options.activity_threads = 1;
  const auto runtime = StartRuntime(Working(), options);
  const std::uint64_t loops = 2 * RuntimeCount();
  for (int i = 0; i < 20; ++i) {
    clock.AwaitWaiters(3 * RuntimeCount());  // both loops and the keeper
    clock.Advance(hours(1));
    provider.dequeues().Await(loops * (static_cast<std::uint64_t>(i) + 2));
  }
  clock.AwaitWaiters(3 * RuntimeCount());
  EXPECT_EQ(provider.dequeues(), loops * 21);              // one try per wait
  EXPECT_EQ(log.Count("the store is in trouble"), loops);  // once per queue
  runtime->Shutdown();
}

TEST_P(TroubleTest, ResultIsReportedWhenTheStoreWorksAgain) {
  std::atomic<int> failures = 5;
  std::atomic<int> runs = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool report =
        Has<tandem::DeleteMessages>(operations) && !Has<tandem::AppendEvents>(operations);
    if (!report || failures-- <= 0) return Status::Ok();
    return Status::Unavailable("later");
  });
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [&](ActivityContext&, std::string text) -> Result<std::string> {
    ++runs;
    return text;
  });
  RuntimeOptions options;
  options.lease = std::chrono::hours(24 * 365);  // the clock below runs faster than renewals do
  const auto runtime = StartRuntime(registry, options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  const TimePasses time(clock, std::chrono::minutes(1));
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(runs, 1);
}

// Batches fail at random on two runtimes; every instance still ends with the right result, and
// every history is one that its code would write.
TEST_P(TroubleTest, RandomFailuresLoseAndDoubleNothing) {
  const auto seed = static_cast<unsigned>(tandem::testing::TestSeed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  tandem::Guarded<std::mt19937> random(seed);
  std::atomic<bool> quiet = true;
  provider.OnBatch([&](const ProbeProvider::Operations&) -> Status {
    if (quiet) return Status::Ok();
    switch ((*random.Lock())() % 8) {
      case 0:
        return Status::Conflict("something else", 1);
      case 1:
        return Status::Unavailable("later");
      default:
        return Status::Ok();
    }
  });
  constexpr int kInstances = 30;
  for (int i = 0; i < kInstances; ++i) {
    ASSERT_TRUE(client.Start(kFanOut, Numbered("fan-", i), 6).ok());
    ASSERT_TRUE(client.Start(kSequence, Numbered("seq-", i), 6).ok());
  }
  quiet = false;
  RuntimeOptions options;
  options.max_deliveries = 1'000'000;  // the clock below runs faster than work: leases run out
  auto one = StartRuntime(Working(), options);
  auto two = StartRuntime(Working(), options);
  const TimePasses time(clock, std::chrono::minutes(1));
  const Registry registry = Working();
  for (int i = 0; i < kInstances; ++i) {
    for (const char* name : {"fan-", "seq-"}) {
      const std::string instance = Numbered(name, i);
      EXPECT_EQ(client.WaitUntilFinished(instance, kLong)->output, "21");
      EXPECT_EQ(internal::FindDivergence(instance, 1, HistoryOf(instance), {}, registry),
                std::nullopt);
    }
  }
  one.reset();  // what could not be stored is tried again after a while, on the clock
  two.reset();
}

}  // namespace
}  // namespace duroxide
