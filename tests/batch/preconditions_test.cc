// What fails a batch, how it is reported, and that nothing of a failed batch is applied.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class PreconditionsTest : public testing::StoreTest {
 protected:
  // Everything that a batch could have changed.
  struct Picture {
    Version head, other_head;
    std::size_t metadata;
    Position position;
    bool operator==(const Picture&) const = default;
  };
  Picture Look() {
    return {store_->Read(stream_, {})->head, store_->Read(other_, {})->head,
            store_->ReadMetadata(stream_, {})->entries.size(), store_->ReadAll(0, {})->next};
  }

  // An operation that can't fail, of each kind.
  Batch Effects() {
    return {AppendEvents{other_, {"x"}}, UpdateMetadata{stream_, {{"new", "v"}}, {"owner"}},
            Enqueue{"mail", "m", {}}, CancelMessage{"work", "k"}};
  }

  // One failing precondition of each kind, and its code.
  std::vector<std::pair<Operation, StatusCode>> Failing() {
    return {{AppendEvents{stream_, {"x"}, Expected::NoStream()}, StatusCode::kConflict},
            {CheckVersion{other_, Expected::Exists()}, StatusCode::kConflict},
            {CheckVersion{stream_, Expected::Exactly(1)}, StatusCode::kConflict},
            {CheckMetadata{stream_, "owner", "you"}, StatusCode::kConflict},
            {CheckMetadata{stream_, "owner", std::nullopt}, StatusCode::kConflict},
            {CheckMetadata{stream_, "none", ""}, StatusCode::kConflict},
            {DeleteMessages{lost_}, StatusCode::kLeaseLost},
            {AbandonMessages{gone_, {}, true}, StatusCode::kLeaseLost}};
  }

  void SetUp() override {
    ASSERT_TRUE(
        store_
            ->AtomicBatch({AppendEvents{stream_, {"a", "b"}},
                           UpdateMetadata{stream_, {{"owner", "me"}}, {}}, Enqueue{"work", "1", {}},
                           Enqueue{"work", "2", {}}, Enqueue{"work", "3", {.key = "k"}}})
            .ok());
    DequeueOptions first;
    first.lease = std::chrono::seconds(1);
    lost_ = store_->Dequeue("work", first)->front().lock_token;
    clock_.Advance(std::chrono::seconds(1));
    held_ = store_->Dequeue("work")->front().lock_token;
    gone_ = store_->Dequeue("work")->front().lock_token;
    ASSERT_TRUE(store_->Ack(gone_).ok());
  }

  const StreamId stream_{"account-1", 0};
  const StreamId other_{"account-2", 0};
  LockToken lost_, gone_, held_;
};

TEST_F(PreconditionsTest, EachFailsABatchFromEachPlaceAndNothingIsApplied) {
  const Picture before = Look();
  for (const auto& [failing, code] : Failing()) {
    for (std::size_t place = 0; place <= Effects().size(); ++place) {
      std::vector<Operation> operations = Effects().Take();
      operations.insert(operations.begin() + static_cast<std::ptrdiff_t>(place), failing);
      Batch batch(std::move(operations));
      batch.Add(DeleteMessages{held_});
      const auto result = store_->AtomicBatch(batch);
      ASSERT_EQ(result.status().code(), code) << result.status();
      ASSERT_EQ(result.status().failures().size(), 1U) << result.status();
      ASSERT_EQ(result.status().failures()[0].operation, place);
      ASSERT_EQ(Look(), before);
    }
  }
  EXPECT_TRUE(store_->Dequeue("mail")->empty());
  EXPECT_EQ(store_->Dequeue("work")->front().key, "k") << "not cancelled";
  EXPECT_TRUE(store_->Ack(held_).ok()) << "not acked";
}

TEST_F(PreconditionsTest, EveryFailureIsReportedInOrder) {
  Batch batch;
  std::vector<StatusCode> codes;
  for (const auto& [failing, code] : Failing()) {
    batch.Add(Enqueue{"mail", "m", {}});
    batch.Add(failing);
    codes.push_back(code);
  }
  const auto result = store_->AtomicBatch(batch);
  const auto& failures = result.status().failures();
  ASSERT_EQ(failures.size(), codes.size()) << result.status();
  for (std::size_t i = 0; i < failures.size(); ++i) {
    EXPECT_EQ(failures[i].operation, 2 * i + 1);
    EXPECT_EQ(failures[i].status.code(), codes[i]) << failures[i].status;
  }
  EXPECT_EQ(result.status().code(), failures[0].status.code());
  EXPECT_EQ(result.status().conflict()->actual, 2U);
  EXPECT_EQ(failures[1].status.conflict()->actual, 0U);
  EXPECT_EQ(failures[6].status.lease_lost()->reason, LeaseLoss::kTaken);
  EXPECT_EQ(failures[7].status.lease_lost()->reason, LeaseLoss::kGone);
}

TEST_F(PreconditionsTest, AreJudgedAgainstTheStateBeforeTheBatch) {
  const auto result = store_->AtomicBatch(
      {AppendEvents{stream_, {"c"}, Expected::Exactly(2)},
       CheckVersion{stream_, Expected::Exactly(2)},
       AppendEvents{stream_, {"d", "e"}, Expected::Exactly(2)},
       UpdateMetadata{stream_, {{"owner", "you"}}, {}}, CheckMetadata{stream_, "owner", "me"},
       AppendEvents{other_, {"x"}}, AppendEvents{other_, {"y"}, Expected::NoStream()}});
  ASSERT_TRUE(result.ok()) << result.status();
  const auto& first = std::get<AppendResult>(result->operations[0]);
  const auto& second = std::get<AppendResult>(result->operations[2]);
  EXPECT_EQ(first.version, 3U);
  EXPECT_EQ(second.first, 4U) << "appends to one stream concatenate";
  EXPECT_EQ(second.version, 5U);
  EXPECT_EQ(second.position, first.position + 2);
  EXPECT_EQ(store_->Read(stream_, {})->events[4].payload, "e");
  EXPECT_EQ(store_->Read(other_, {})->head, 2U);
}

TEST_F(PreconditionsTest, ABatchOfChecksThatHoldChangesNothing) {
  const Picture before = Look();
  const auto result = store_->AtomicBatch(
      {CheckVersion{stream_, Expected::Exactly(2)}, CheckVersion{other_, Expected::NoStream()},
       CheckMetadata{stream_, "owner", "me"}, CheckMetadata{stream_, "none", std::nullopt},
       CheckMetadata{other_, "owner", std::nullopt}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->operations.size(), 5U);
  EXPECT_EQ(Look(), before);
  const auto empty = store_->AtomicBatch(Batch());
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_TRUE(empty->operations.empty());
}

TEST_F(PreconditionsTest, AnEmptyMetadataValueIsNotAnAbsentOne) {
  ASSERT_TRUE(store_->AtomicBatch({UpdateMetadata{stream_, {{"empty", ""}}, {}}}).ok());
  EXPECT_TRUE(store_->AtomicBatch({CheckMetadata{stream_, "empty", ""}}).ok());
  EXPECT_FALSE(store_->AtomicBatch({CheckMetadata{stream_, "empty", std::nullopt}}).ok());
}

TEST_F(PreconditionsTest, OneTokenTwiceInABatchIsInvalid) {
  for (const Operation& second :
       {Operation(DeleteMessages{held_}), Operation(AbandonMessages{held_, {}, true})}) {
    const auto result =
        store_->AtomicBatch({Enqueue{"mail", "m", {}}, DeleteMessages{held_}, second});
    ASSERT_EQ(result.status().code(), StatusCode::kInvalidArgument) << result.status();
    EXPECT_EQ(result.status().failures().at(0).operation, 2U);
  }
  EXPECT_TRUE(store_->Dequeue("mail")->empty());
  EXPECT_TRUE(store_->Ack(held_).ok());
}

TEST_F(PreconditionsTest, WhatIsOverALimitIsRefusedBeforeAnythingElse) {
  const std::string long_name(kNameBytesMax + 1, 'n');
  const StreamId unnamed{"", 0};
  const StreamId overlong{long_name, 0};
  const std::string large(kPayloadBytesMax + 1, 'p');
  const std::vector<std::pair<Operation, StatusCode>> bad = {
      {AppendEvents{unnamed, {"x"}}, StatusCode::kInvalidArgument},
      {AppendEvents{overlong, {"x"}}, StatusCode::kTooLarge},
      {AppendEvents{stream_, {"x", large}}, StatusCode::kTooLarge},
      {UpdateMetadata{stream_, {{"", "v"}}, {}}, StatusCode::kInvalidArgument},
      {UpdateMetadata{stream_, {{"k", large}}, {}}, StatusCode::kTooLarge},
      {UpdateMetadata{stream_, {}, {long_name}}, StatusCode::kTooLarge},
      {CheckVersion{unnamed, Expected::Any()}, StatusCode::kInvalidArgument},
      {CheckMetadata{stream_, "", "v"}, StatusCode::kInvalidArgument},
      {CheckMetadata{stream_, long_name, "v"}, StatusCode::kTooLarge},
      {Enqueue{"", "m", {}}, StatusCode::kInvalidArgument},
      {Enqueue{"q", large, {}}, StatusCode::kTooLarge},
      {Enqueue{"q", "m", {.group = long_name}}, StatusCode::kTooLarge},
      {CancelMessage{"q", ""}, StatusCode::kInvalidArgument},
      {CancelMessage{"", "k"}, StatusCode::kInvalidArgument},
      {DeleteMessages{LockToken{"rubbish"}}, StatusCode::kInvalidArgument},
      {AbandonMessages{held_, std::chrono::milliseconds(-1), true}, StatusCode::kInvalidArgument}};
  const RocksDbStats before = store_->Stats();
  for (std::size_t i = 0; i < bad.size(); ++i) {
    // The conflict in front is not reached.
    const auto result =
        store_->AtomicBatch({AppendEvents{stream_, {"x"}, Expected::NoStream()}, bad[i].first});
    ASSERT_EQ(result.status().code(), bad[i].second) << i << ": " << result.status();
    ASSERT_EQ(result.status().failures().size(), 1U) << i;
    ASSERT_EQ(result.status().failures()[0].operation, 1U) << i;
  }
  EXPECT_EQ(store_->Stats().groups, before.groups);
}

TEST_F(PreconditionsTest, TooManyOperationsAreRefused) {
  const Batch checks(
      std::vector<Operation>(kBatchOperationsMax, CheckVersion{stream_, Expected::Any()}));
  EXPECT_TRUE(store_->AtomicBatch(checks).ok());
  Batch many = checks;
  many.Add(CheckVersion{stream_, Expected::Any()});
  EXPECT_EQ(store_->AtomicBatch(many).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(
      store_->Append(stream_, std::vector<std::string>(kBatchOperationsMax + 1)).status().code(),
      StatusCode::kTooLarge)
      << "each event counts";
  EXPECT_EQ(store_->Read(stream_, {})->head, 2U);
}

TEST_F(PreconditionsTest, TooManyBytesAreRefused) {
  const std::string payload(kPayloadBytesMax, 'p');
  Batch batch(std::vector<Operation>(4, Enqueue{"mail", payload, {}}));
  EXPECT_EQ(store_->AtomicBatch(batch).status().code(), StatusCode::kTooLarge);
  EXPECT_TRUE(store_->Dequeue("mail")->empty());
  batch = Batch(std::vector<Operation>(3, Enqueue{"mail", payload, {}}));
  EXPECT_TRUE(store_->AtomicBatch(batch).ok());
}

}  // namespace
}  // namespace tandem
