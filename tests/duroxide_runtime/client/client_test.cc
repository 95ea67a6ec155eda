// What a client can ask and send.

#include "tandem/duroxide_runtime/client.h"

#include <gtest/gtest.h>

#include <future>

#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/client/client_samples.h"
#include "tandem/tests/duroxide_runtime/moody.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using std::chrono::seconds;
using tandem::StatusCode;

class ClientTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, ClientTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ClientTest, DelayedStartIsPendingUntilItsTime) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kSequence, "i", 2, StartOptions().Delay(hours(1))).ok());
  ASSERT_TRUE(client.Start(kSequence, "at", 2, StartOptions().At(clock.Now() + hours(1))).ok());
  ASSERT_TRUE(client.Start(kSequence, "past", 2, StartOptions().At(clock.Now() - hours(1))).ok());
  EXPECT_EQ(client.Wait(kSequence, "past", kLong).value(), 3);
  const auto pending = client.GetStatus("i");
  EXPECT_EQ(pending->state, InstanceState::kPending);
  EXPECT_EQ(pending->start_at, clock.Now() + hours(1));
  EXPECT_EQ(client.Start(kSequence, "i", 2).code(), StatusCode::kAlreadyExists);
  clock.Advance(hours(1));
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), 3);
  EXPECT_EQ(client.Wait(kSequence, "at", kLong).value(), 3);
  EXPECT_EQ(client.GetStatus("i")->start_at, std::nullopt);
}

TEST_P(ClientTest, MessagesToADelayedStartWaitForIt) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kApproval, "event", "trip", StartOptions().Delay(hours(1))).ok());
  ASSERT_TRUE(client.Start(kApproval, "cancel", "trip", StartOptions().Delay(hours(1))).ok());
  ASSERT_TRUE(client.RaiseEvent("event", "approved", "ann").ok());
  ASSERT_TRUE(client.Cancel("cancel", "no trip").ok());
  ASSERT_TRUE(client.Start(kOnce, "other", "x").ok());
  ASSERT_TRUE(client.Wait(kOnce, "other", kLong).ok());
  clock.Advance(hours(1));
  EXPECT_EQ(client.Wait(kApproval, "event", kLong).value(), "trip by ann");
  EXPECT_EQ(client.WaitUntilFinished("cancel", kLong)->state, InstanceState::kCancelled);
  EXPECT_EQ(log.Count("no such instance"), 0u);
}

TEST_P(ClientTest, StartTakesExactlyTheVersion) {
  const auto version_of = [](OrchestrationContext ctx, int) -> Task<Result<int>> {
    co_return static_cast<int>(ctx.version().major);
  };
  Registry registry;
  registry.Add(kSequence, {1, 0, 0}, version_of);
  registry.Add(kSequence, {2, 0, 0}, version_of);
  const auto runtime = StartRuntime(registry);
  const OrchestrationVersion old{1, 0, 0};
  ASSERT_TRUE(client.Start(kSequence, "old", 0, StartOptions().Version(old)).ok());
  ASSERT_TRUE(client.Start(kSequence, "latest", 0).ok());
  EXPECT_EQ(client.Wait(kSequence, "old", kLong).value(), 1);
  EXPECT_EQ(client.Wait(kSequence, "latest", kLong).value(), 2);
  const OrchestrationVersion next{3, 0, 0};
  EXPECT_EQ(
      runtime->client().Start(kSequence, "next", 0, StartOptions().Version(next)).ToString(),
      "NotFound: orchestration 'sequence' 3.0.0 is not registered in this runtime; registered: "
      "1.0.0, 2.0.0");
}

TEST_P(ClientTest, RaisedEventReachesItsReader) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", std::string("sun")).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  EXPECT_EQ(client.Wait(kDiary, "i", kLong).value(), "d");
  EXPECT_EQ(client.RaiseEvent("i", "words", "late").ToString(),
            "InvalidArgument: instance 'i' has finished (Completed)");
  EXPECT_EQ(client.RaiseEvent("unknown", "words", "x").ToString(),
            "NotFound: there is no instance 'unknown'");
}

TEST_P(ClientTest, MessageToARunningInstanceIsOneBatchAndNoRead) {
  auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  AwaitHistory("i", 3);
  runtime.reset();
  const std::uint64_t batches = provider.batches();
  const std::uint64_t reads = provider.event_reads();
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  EXPECT_EQ(provider.batches(), batches + 1);
  EXPECT_EQ(provider.event_reads(), reads);
}

TEST_P(ClientTest, MessageThatRacesWithADeletionIsRefused) {
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());  // nobody runs it
  bool deleted = false;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (!deleted && batch.size() == 3 && Has<tandem::Enqueue>(batch)) {
      deleted = true;
      DeleteOptions force;
      force.force = true;
      EXPECT_TRUE(client.admin().Delete("i", force).ok());
    }
    return Status::Ok();
  });
  EXPECT_EQ(client.RaiseEvent("i", "words", "sun").code(), StatusCode::kNotFound);
  EXPECT_TRUE(deleted);
}

// Started behind the look at the index, and deleted before the message is stored: the index is the
// same as before.
TEST_P(ClientTest, MessageThatRacesWithAWholeLifeIsRefused) {
  int reads = 0;
  provider.OnMetadata([&](const tandem::StreamId&) {
    if (++reads != 3) return Status::Ok();  // two of the index, then that of the status
    provider.OnMetadata(nullptr);
    return client.Start(kDiary, "i", "d");  // nobody runs it
  });
  bool deleted = false;
  provider.OnBatch([&](const ProbeProvider::Operations& batch) {
    if (deleted || reads < 3 || !Has<tandem::Enqueue>(batch)) return Status::Ok();
    if (Has<tandem::UpdateMetadata>(batch)) return Status::Ok();  // the start
    deleted = true;
    DeleteOptions force;
    force.force = true;
    return client.admin().Delete("i", force).status();
  });
  EXPECT_EQ(client.RaiseEvent("i", "words", "sun").code(), StatusCode::kNotFound);
  EXPECT_TRUE(deleted);
  EXPECT_TRUE(provider.Dequeue("dx/turns")->empty());
}

TEST_P(ClientTest, MessagesReachAnInstanceWhoseIndexWasErased) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  AwaitHistory("i", 3);
  tandem::Batch batch;
  batch.Add(internal::RemoveFromIndex("i", "diary", std::string(), InstanceState::kRunning));
  ASSERT_TRUE(provider.AtomicBatch(std::move(batch)).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  EXPECT_EQ(client.Wait(kDiary, "i", kLong).value(), "d");
}

TEST_P(ClientTest, CancelledInstanceEndsWithTheReason) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  ASSERT_TRUE(client.Cancel("i", "enough").ok());
  const auto status = client.WaitUntilFinished("i", kLong);
  EXPECT_EQ(status->state, InstanceState::kCancelled);
  EXPECT_NE(status->failure->message.find("enough"), std::string::npos);
  EXPECT_TRUE(client.Cancel("i", "again").ok()) << "it does not run on";
  EXPECT_EQ(client.Cancel("unknown", "x").code(), StatusCode::kNotFound);
}

TEST_P(ClientTest, WaitGoesOnOverManyExecutions) {
  const auto runtime = StartRuntime(ClientSamples());
  constexpr int kExecutions = static_cast<int>(internal::kTurnExecutionsMax) + 8;
  std::vector<std::future<Result<int>>> waiters;
  ASSERT_TRUE(client.Start(kCountdown, "i", kExecutions, StartOptions().Delay(hours(1))).ok());
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(
        std::async(std::launch::async, [&] { return client.Wait(kCountdown, "i", kLong); }));
  }
  clock.Advance(hours(1));
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().value(), kExecutions);
}

TEST_P(ClientTest, WaitEndsWhenTheInstanceIsDeleted) {
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());  // nobody runs it
  auto waiter =
      std::async(std::launch::async, [&] { return client.WaitUntilFinished("i", kLong).status(); });
  clock.AwaitWaiters(1);
  DeleteOptions force;
  force.force = true;
  ASSERT_TRUE(client.admin().Delete("i", force).ok());
  ASSERT_TRUE(client.Start(kDiary, "i", "another").ok());
  EXPECT_EQ(waiter.get().code(), StatusCode::kNotFound);
}

TEST_P(ClientTest, WaitForAnUnknownInstanceIsNotFound) {
  const auto runtime = StartRuntime(ClientSamples());
  const auto expect_not_found = [](const Status& status) {
    EXPECT_EQ(status.ToString(), "NotFound: there is no instance 'unknown'");
  };
  expect_not_found(client.Wait(kOnce, "unknown", kLong).status());
  expect_not_found(client.WaitUntilFinished("unknown", kLong).status());
  expect_not_found(client.WaitForCustomStatus("unknown", 0, kLong).status());
  expect_not_found(client.WaitForKv<std::string>("unknown", "key", kLong).status());
}

TEST_P(ClientTest, WaitForCustomStatusSeesEachNewOne) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  std::uint64_t version = 0;
  for (const std::string word : {"sun", "rain", "anew", "snow"}) {
    ASSERT_TRUE(client.RaiseEvent("i", "words", word).ok());
    if (word == "anew") continue;
    const auto status = client.WaitForCustomStatus("i", version, kLong);
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(status->custom_status.value, word);
    version = status->custom_status.version;
  }
  EXPECT_EQ(client.WaitForCustomStatus("i", version, seconds(0)).status().code(),
            StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  const auto last = client.WaitForCustomStatus("i", version, kLong);
  EXPECT_EQ(last->state, InstanceState::kCompleted);
  EXPECT_EQ(last->custom_status.value, "snow");
}

TEST_P(ClientTest, KeyValueMapIsReadWhileItRunsAndAfterTheEnd) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  EXPECT_EQ(client.WaitForKv<std::string>("i", "before", kLong).value(), "d");
  EXPECT_EQ(client.GetKv<std::string>("i", "word").value(), std::nullopt);
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  EXPECT_EQ(client.WaitForKv<std::string>("i", "word", kLong).value(), "sun");
  ASSERT_TRUE(client.RaiseEvent("i", "words", "anew").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "forget").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "x").ok());
  ASSERT_TRUE(client.WaitForCustomStatus("i", 1, kLong).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "forget").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  ASSERT_TRUE(client.Wait(kDiary, "i", kLong).ok());
  const auto items = client.ListKv("i");
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ(items->front().key, "before");
  EXPECT_EQ(items->front().value, "d+");
  EXPECT_EQ(client.WaitForKv<std::string>("i", "word", kLong).status().ToString(),
            "InvalidArgument: instance 'i' has finished without key 'word'");
  ASSERT_TRUE(client.admin().Delete("i").ok());
  EXPECT_EQ(client.ListKv("i").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.GetKv<std::string>("i", "before").status().code(), StatusCode::kNotFound);
}

TEST_P(ClientTest, StatsCountExecutionsEventsKeysAndBytes) {
  const auto expect_stats = [this](std::uint64_t executions, std::uint64_t events,
                                   std::uint64_t keys, std::uint64_t bytes) {
    const auto stats = client.admin().GetStats("i");
    ASSERT_TRUE(stats.ok()) << stats.status();
    EXPECT_EQ(stats->executions, executions);
    EXPECT_EQ(stats->history_events, events);
    EXPECT_EQ(stats->kv_keys, keys);
    EXPECT_EQ(stats->kv_bytes, bytes);
  };
  ASSERT_TRUE(client.Start(kDiary, "i", "four").ok());
  expect_stats(0, 0, 0, 0);  // nobody runs it
  const auto runtime = StartRuntime(ClientSamples());
  AwaitHistory("i", 3);
  expect_stats(1, 3, 1, 4);  // Started, KvSet, EventSubscribed
  ASSERT_TRUE(client.RaiseEvent("i", "words", "sun").ok());
  AwaitHistory("i", 7);
  expect_stats(1, 7, 2, 7);  // event, status, KvSet, EventSubscribed
  ASSERT_TRUE(client.RaiseEvent("i", "words", "forget").ok());
  AwaitHistory("i", 10);
  expect_stats(1, 10, 1, 4);  // event, KvErased, EventSubscribed
  ASSERT_TRUE(client.RaiseEvent("i", "words", "anew").ok());
  ASSERT_TRUE(client.RaiseEvent("i", "words", "end").ok());
  ASSERT_TRUE(client.Wait(kDiary, "i", kLong).ok());
  expect_stats(2, 5, 1, 5);  // Started, KvSet, EventSubscribed, event, end
  ASSERT_TRUE(client.admin().PruneExecutions("i", 1).ok());
  expect_stats(1, 5, 1, 5);
}

TEST_P(ClientTest, Defect01_MessageForAnUnknownInstanceDoesNotBlockOthers) {
  tandem::Batch batch;
  batch.Add(internal::ToInstance("ghost", internal::CancelItem{"x"}));
  batch.Add(internal::ToInstance("ghost", internal::EventRaisedItem{{"e", "x"}}));
  ASSERT_TRUE(provider.AtomicBatch(std::move(batch)).ok());
  RuntimeOptions options;
  options.orchestration_threads = 1;
  const auto runtime = StartRuntime(ClientSamples(), options);
  ASSERT_TRUE(client.Start(kSequence, "i", 3).ok());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), 6);
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().messages_dropped, 2u);
  EXPECT_EQ(client.GetStatus("ghost").status().code(), StatusCode::kNotFound);
}

TEST_P(ClientTest, Defect15_StatusAndWaitReadNoHistory) {
  auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kSequence, "i", 50).ok());
  ASSERT_TRUE(client.Wait(kSequence, "i", kLong).ok());
  runtime.reset();
  const std::uint64_t reads = provider.event_reads();
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kCompleted);
  EXPECT_TRUE(client.Wait(kSequence, "i", kLong).ok());
  EXPECT_EQ(client.admin().ListInstances(InstanceFilter())->instances.size(), 1u);
  EXPECT_EQ(client.admin().GetStats("i")->history_events, 102u);
  EXPECT_EQ(provider.event_reads(), reads);
}

TEST_P(ClientTest, Defect17_WhatCannotBeEncodedOrDecodedIsATypedError) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  ASSERT_TRUE(client.WaitForKv<std::string>("i", "before", kLong).ok());
  const std::string big(kValueBytesMax + 1, 'x');
  EXPECT_EQ(client.RaiseEvent("i", "words", big).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.RaiseEvent("i", "e", big).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.Cancel("i", big).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.GetKv<int>("i", "before").status().code(), StatusCode::kInvalidArgument);
}

TEST_P(ClientTest, WhateverACodecThrowsIsInvalidArgumentAndNothingIsDone) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(client.Start(kDiary, "i", "d").ok());
  ASSERT_TRUE(client.WaitForKv<std::string>("i", "before", kLong).ok());
  constexpr Orchestration<Unit(Moody)> kTakesMoody("takes-moody");
  for (const int throws : {1, 2}) {
    const Moody moody(throws);
    const std::string why =
        throws == 1 ? "not today" : "Encode threw an exception that is no std::exception";
    const std::string refused = "InvalidArgument: can't be encoded: " + why;
    EXPECT_EQ(client.Start(kTakesMoody, "j", moody).ToString(), refused);
    EXPECT_EQ(client.RaiseEvent("i", "words", moody).ToString(), refused);
    EXPECT_EQ(client.RaiseEvent("i", "e", moody).ToString(), refused);
  }
  EXPECT_EQ(client.GetStatus("j").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(client.RaiseEvent("i", "words", "2").ok());
  const std::string unread = "InvalidArgument: Decode threw an exception that is no std::exception";
  EXPECT_EQ(client.WaitForKv<Moody>("i", "word", kLong).status().ToString(), unread);
  EXPECT_EQ(client.GetKv<Moody>("i", "word").status().ToString(), unread);
}

TEST_P(ClientTest, BadArgumentsAreRefusedBeforeAnythingIsDone) {
  const std::string long_id(kInstanceIdBytesMax + 1, 'i');
  const auto negative = StartOptions().Delay(seconds(-1));
  EXPECT_EQ(client.Start(kSequence, "i", 1, negative).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Start(kSequence, "a::sub::1.2", 1).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.RaiseEvent("i", "", "x").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Cancel("", "x").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.GetKv<int>("i", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.admin().Delete(long_id).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.admin().Delete("index").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.admin().PruneExecutions("i", 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.admin().PruneExecutions("i", 1).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.admin().ListExecutions("i").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.admin().GetStats("i").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.admin().GetTree("i").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(provider.batches(), 0u);
}

}  // namespace
}  // namespace duroxide
