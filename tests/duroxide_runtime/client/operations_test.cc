// Starts and events as operations of the caller's own batch.

#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/duroxide_runtime/client/client_samples.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using tandem::Batch;
using tandem::StatusCode;

class OperationsTest : public RuntimeFixture {
 protected:
  Batch StartOf(const std::string& id) {
    auto batch = client.StartOperations(kDiary, id, "");
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }
  Batch WordFor(const std::string& id, const std::string& word) {
    auto batch = client.RaiseEventOperations(id, kWords, word);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }
  Status Commit(Batch batch) { return provider.AtomicBatch(std::move(batch)).status(); }
  StatusCode RaiseCode(const std::string& id) {
    return client.RaiseEventOperations(id, kWords, "x").status().code();
  }
  tandem::Version Noted() { return provider.Read({"notes", 0}, {})->head; }
  // Starts it, and waits until its first turn is stored.
  void Run(const std::string& id) {
    ASSERT_TRUE(client.Start(kDiary, id, "").ok());
    AwaitHistory(id, 1);
  }
  void End(const std::string& id) {
    ASSERT_TRUE(client.RaiseEvent(id, kWords, "end").ok());
    ASSERT_TRUE(client.WaitUntilFinished(id, kLong).ok());
  }

  static constexpr Event<std::string> kWords{"words"};
};
INSTANTIATE_TEST_SUITE_P(, OperationsTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(OperationsTest, AStartCommitsWithTheMessageThatAskedForIt) {
  const auto runtime = StartRuntime(ClientSamples());
  ASSERT_TRUE(provider.Enqueue("requests", "one please").ok());
  const auto request = provider.DequeueOne("requests");
  Batch batch = StartOf("d");
  batch.Ack((*request)->lock_token);
  batch.Append("notes", "started");
  ASSERT_TRUE(Commit(batch).ok());
  End("d");

  // The token is lost by now: neither a note nor an instance.
  Batch late = StartOf("e");
  late.Ack((*request)->lock_token);
  late.Append("notes", "started");
  EXPECT_EQ(Commit(late).code(), StatusCode::kLeaseLost);
  EXPECT_EQ(client.GetStatus("e").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Noted(), 1U);
}

TEST_P(OperationsTest, OfSeveralStartsOneSucceedsAndTheOthersAreToldSo) {
  Batch first = StartOf("d");
  Batch second = StartOf("d");
  second.Append("notes", "started");
  ASSERT_TRUE(Commit(first).ok());
  const Status refused = Commit(second);
  EXPECT_EQ(refused.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(refused.failures().front().status.message(), "instance 'd' already exists");
  EXPECT_EQ(Noted(), 0U);
  EXPECT_EQ(client.StartOperations(kDiary, "d", "").status().code(), StatusCode::kAlreadyExists);
}

TEST_P(OperationsTest, OneBatchStartsAnIdOnce) {
  Batch twice = StartOf("d");
  twice.Add(StartOf("d"));
  const Status refused = Commit(twice);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("instance 'd'"), std::string::npos) << refused;
  EXPECT_EQ(client.GetStatus("d").status().code(), StatusCode::kNotFound);

  Batch two = StartOf("d");
  two.Add(StartOf("e"));
  EXPECT_TRUE(Commit(two).ok());
}

TEST_P(OperationsTest, AStartOverADeletedInstanceIsAConflictAndThenAStart) {
  const auto runtime = StartRuntime(ClientSamples());
  Batch stale = StartOf("d");
  Run("d");
  End("d");
  ASSERT_TRUE(client.admin().Delete("d").ok());
  Run("d");
  End("d");
  EXPECT_FALSE(Commit(stale).ok());
  ASSERT_TRUE(client.admin().Delete("d").ok());
  EXPECT_EQ(Commit(stale).code(), StatusCode::kConflict);
  EXPECT_TRUE(Commit(StartOf("d")).ok());
}

TEST_P(OperationsTest, AStartIsCheckedBeforeAnythingIsMade) {
  EXPECT_EQ(client.StartOperations(kDiary, "", "").status().code(), StatusCode::kInvalidArgument);
  const auto runtime = StartRuntime(Working());
  EXPECT_EQ(runtime->client().StartOperations(kDiary, "d", "").status().code(),
            StatusCode::kNotFound);
}

TEST_P(OperationsTest, AnEventCommitsWithWhatElseTheBatchSays) {
  const auto runtime = StartRuntime(ClientSamples());
  Run("d");
  Batch batch = WordFor("d", "hello");
  batch.Add(WordFor("d", "world"));
  batch.Append("notes", "said hello");
  ASSERT_TRUE(Commit(batch).ok());
  EXPECT_EQ(client.WaitForCustomStatus("d", 1, kLong)->custom_status.value, "world");
  EXPECT_EQ(Noted(), 1U);
}

TEST_P(OperationsTest, AnEventForWhatHasFinishedMeanwhileRefusesTheBatch) {
  const auto runtime = StartRuntime(ClientSamples());
  Run("d");
  Batch batch = WordFor("d", "too late");
  batch.Append("notes", "said it");
  End("d");
  const Status refused = Commit(batch);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.failures().front().status.message(), "instance 'd' has finished meanwhile");
  EXPECT_EQ(Noted(), 0U);
  EXPECT_EQ(RaiseCode("d"), StatusCode::kInvalidArgument);
  ASSERT_TRUE(client.admin().Delete("d").ok());
  EXPECT_EQ(RaiseCode("d"), StatusCode::kNotFound);
  EXPECT_EQ(Commit(batch).code(), StatusCode::kInvalidArgument);
}

TEST_P(OperationsTest, AnEventForWhatIsPendingIsReadWhenItStarts) {
  ASSERT_TRUE(client.Start(kDiary, "d", "", StartOptions().Delay(std::chrono::hours(1))).ok());
  Batch batch = WordFor("d", "early");
  batch.Add(WordFor("d", "birds"));
  ASSERT_TRUE(Commit(batch).ok());
  const Batch stale = WordFor("d", "stale");
  const auto runtime = StartRuntime(ClientSamples());
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(client.WaitForCustomStatus("d", 1, kLong)->custom_status.value, "birds");
  const Status refused = Commit(stale);
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_NE(refused.message().find("has started"), std::string::npos) << refused;
  EXPECT_TRUE(Commit(WordFor("d", "fresh")).ok());
}

TEST_P(OperationsTest, StartOrRaiseStartsWhatIsNotThereWithTheEvent) {
  const auto runtime = StartRuntime(ClientSamples());
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "one").value(), true);
  EXPECT_EQ(client.WaitForCustomStatus("d", 0, kLong)->custom_status.value, "one");
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "two").value(), false);
  EXPECT_EQ(client.WaitForCustomStatus("d", 1, kLong)->custom_status.value, "two");
  End("d");
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "three").status().code(),
            StatusCode::kInvalidArgument);
  ASSERT_TRUE(client.admin().Delete("d").ok());
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "four").value(), true);
  EXPECT_EQ(client.WaitForCustomStatus("d", 0, kLong)->custom_status.value, "four");
}

TEST_P(OperationsTest, StartOrRaiseOfADelayedStartKeepsTheEventForIt) {
  const StartOptions later = StartOptions().Delay(std::chrono::hours(1));
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "one", later).value(), true);
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "two").value(), false);
  const auto runtime = StartRuntime(ClientSamples());
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(client.WaitForCustomStatus("d", 1, kLong)->custom_status.value, "two");
}

// Somebody starts it between the look and the batch.
TEST_P(OperationsTest, StartOrRaiseThatIsOvertakenRaises) {
  int starts = 0;
  provider.OnBatch([&](const Batch& batch) {
    const bool is_start = Has<tandem::CheckVersion>(batch) && Has<tandem::Enqueue>(batch);
    if (!is_start || ++starts > 1) return Status::Ok();
    return client.Start(kDiary, "d", "");
  });
  EXPECT_EQ(client.StartOrRaise(kDiary, "d", "", kWords, "one").value(), false);
  provider.OnBatch(nullptr);
  const auto runtime = StartRuntime(ClientSamples());
  EXPECT_EQ(client.WaitForCustomStatus("d", 0, kLong)->custom_status.value, "one");
}

TEST_P(OperationsTest, RacingCallersOfStartOrRaiseAllRaiseAndOneStarts) {
  constexpr int kCallers = 8;
  std::atomic<int> started = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const auto done = client.StartOrRaise(kDiary, "d", "", kWords, Numbered("word ", i));
      ASSERT_TRUE(done.ok()) << done.status();
      started += *done ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(started, 1);
  const auto runtime = StartRuntime(ClientSamples());
  EXPECT_TRUE(client.WaitForCustomStatus("d", kCallers - 1, kLong).ok());
}

TEST_P(OperationsTest, AWaitEndsWhenItsCallerStops) {
  const auto runtime = StartRuntime(ClientSamples());
  Run("d");
  std::stop_source stop;
  std::thread caller([&] {
    const auto end = client.Wait(kDiary, "d", stop.get_token());
    EXPECT_EQ(end.status().code(), StatusCode::kDeadlineExceeded);
    EXPECT_NE(end.status().message().find("its caller waits no longer"), std::string::npos);
  });
  stop.request_stop();
  caller.join();
  EXPECT_EQ(client.Wait(kDiary, "d", stop.get_token()).status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client.Wait(kDiary, "d", {kLong, stop.get_token()}).status().code(),
            StatusCode::kDeadlineExceeded);
  End("d");
  EXPECT_TRUE(client.Wait(kDiary, "d", stop.get_token()).ok());
}

TEST_P(OperationsTest, AKeyThatIsNotThereHasTheValueOfTheCaller) {
  const auto runtime = StartRuntime(ClientSamples());
  Run("d");
  EXPECT_EQ(client.GetKv("d", "word", std::string("none")).value(), "none");
  ASSERT_TRUE(client.RaiseEvent("d", kWords, "sun").ok());
  ASSERT_TRUE(client.WaitForCustomStatus("d", 0, kLong).ok());
  EXPECT_EQ(client.GetKv("d", "word", std::string("none")).value(), "sun");
}

}  // namespace
}  // namespace duroxide
