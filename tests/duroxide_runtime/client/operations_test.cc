// Starts and events as operations of the caller's own batch.

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace duroxide
