// What AtomicBatch promises across events and messages.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class AtomicBatchTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 0};
};

TEST_F(AtomicBatchTest, AppliesEventsMetadataAndMessagesTogether) {
  const auto result = store_->AtomicBatch(
      {AppendEvents{stream_, {"opened", "paid in"}, Expected::NoStream()},
       UpdateMetadata{stream_, {{"balance", "10"}}, {}}, Enqueue{"mail", "hello", {}}});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->operations.size(), 3U);
  EXPECT_EQ(std::get<AppendResult>(result->operations[0]).version, 2U);
  EXPECT_EQ(std::get<EnqueueResult>(result->operations[2]).outcome, EnqueueOutcome::kQueued);

  const auto page = store_->Read(stream_, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->events.size(), 2U);
  EXPECT_EQ(page->events[1].payload, "paid in");
  EXPECT_EQ(page->head, 2U);
  const auto mail = store_->Dequeue("mail");
  ASSERT_TRUE(mail.ok()) << mail.status();
  ASSERT_EQ(mail->size(), 1U);
  EXPECT_EQ(mail->front().payload, "hello");
}

TEST_F(AtomicBatchTest, AFailingPreconditionAppliesNothingAndEveryOneIsReported) {
  ASSERT_TRUE(store_->Append(stream_, {"opened"}).ok());
  const auto result = store_->AtomicBatch(
      {Enqueue{"mail", "hello", {}}, AppendEvents{stream_, {"again"}, Expected::NoStream()},
       CheckMetadata{stream_, "owner", "me"}, DeleteMessages{LockToken{"rubbish"}}});
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument) << result.status();
  const auto judged = store_->AtomicBatch({Enqueue{"mail", "hello", {}},
                                           AppendEvents{stream_, {"again"}, Expected::NoStream()},
                                           CheckMetadata{stream_, "owner", "me"}});
  ASSERT_EQ(judged.status().failures().size(), 2U) << judged.status();
  EXPECT_EQ(judged.status().failures()[0].operation, 1U);
  EXPECT_EQ(judged.status().failures()[0].status.conflict()->actual, 1U);
  EXPECT_EQ(judged.status().failures()[1].operation, 2U);
  EXPECT_TRUE(store_->Dequeue("mail")->empty());
  EXPECT_EQ(store_->Read(stream_, {})->head, 1U);
}

TEST_F(AtomicBatchTest, AckFencesTheWholeBatch) {
  ASSERT_TRUE(store_->Enqueue("work", "job").ok());
  const auto first = store_->Dequeue("work");
  clock_.Advance(std::chrono::minutes(1));
  const auto second = store_->Dequeue("work");
  ASSERT_EQ(second->size(), 1U);
  EXPECT_EQ(second->front().delivery_count, 2U);

  const auto late = store_->AtomicBatch(
      {DeleteMessages{first->front().lock_token}, AppendEvents{stream_, {"done"}}});
  ASSERT_EQ(late.status().code(), StatusCode::kLeaseLost) << late.status();
  EXPECT_EQ(late.status().lease_lost()->reason, LeaseLoss::kTaken);
  EXPECT_EQ(store_->Read(stream_, {})->head, 0U);

  const auto good = store_->AtomicBatch(
      {DeleteMessages{second->front().lock_token}, AppendEvents{stream_, {"done"}}});
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(store_->Ack(second->front().lock_token).lease_lost()->reason, LeaseLoss::kGone);
}

TEST_F(AtomicBatchTest, OneSyncedBatchIsOneFlush) {
  const RocksDbStats before = store_->Stats();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store_->Append(stream_, {"event"}).ok());
  const RocksDbStats after = store_->Stats();
  EXPECT_EQ(after.flushes - before.flushes, 10U);
  EXPECT_EQ(after.wal_synced - before.wal_synced, 10U);
}

TEST_F(AtomicBatchTest, EverythingIsThereAfterReopen) {
  ASSERT_TRUE(store_
                  ->AtomicBatch({AppendEvents{stream_, {"a", "b"}}, Enqueue{"work", "1", {}},
                                 Enqueue{"work", "2", {.group = "g"}}})
                  .ok());
  ASSERT_EQ(store_->Dequeue("work")->size(), 1U);
  Reopen();
  EXPECT_EQ(store_->Read(stream_, {})->head, 2U);
  const auto again = store_->Dequeue("work");
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ(again->front().payload, "1");
  EXPECT_EQ(again->front().delivery_count, 2U);
  EXPECT_EQ(store_->Dequeue("work")->front().payload, "2");
  EXPECT_EQ(store_->Append(stream_, {"c"})->position, 3U);
}

}  // namespace
}  // namespace tandem
