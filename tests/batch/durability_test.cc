// When something is flushed, and how many share a flush.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class DurabilityTest : public testing::StoreTest {
 protected:
  // Flushes that `action` causes; our own count and RocksDB's agree.
  template <typename Action>
  std::uint64_t FlushesOf(Action action) {
    const RocksDbStats before = store_->Stats();
    action();
    const RocksDbStats after = store_->Stats();
    EXPECT_EQ(after.wal_synced - before.wal_synced, after.flushes - before.flushes);
    return after.flushes - before.flushes;
  }

  void AppendBuffered() {
    ASSERT_TRUE(store_->AtomicBatch({AppendEvents{stream_, {"x"}}}, {Durability::kBuffered}).ok());
  }

  const StreamId stream_{"account-1", 0};
};

TEST_F(DurabilityTest, ABufferedBatchIsNotFlushedButVisible) {
  EXPECT_EQ(FlushesOf([&] { AppendBuffered(); }), 0U);
  EXPECT_EQ(store_->Read(stream_, {})->head, 1U);
}

TEST_F(DurabilityTest, AnAckAndAnAbandonAreFlushedAsTheirOptionsSay) {
  for (const Durability durability : {Durability::kSync, Durability::kBuffered}) {
    const std::uint64_t flushes = durability == Durability::kSync ? 1 : 0;
    ASSERT_TRUE(store_->Enqueue("q", "x").ok());
    const auto take = [&] { return store_->Dequeue("q")->front().lock_token; };
    LockToken token = take();
    EXPECT_EQ(
        FlushesOf([&] { EXPECT_TRUE(store_->Abandon(token, {.durability = durability}).ok()); }),
        flushes);
    token = take();
    EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Renew(token, std::chrono::hours(1)).ok()); }),
              0U);
    EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Ack(token, {.durability = durability}).ok()); }),
              flushes);
  }
}

TEST_F(DurabilityTest, FlushIsABarrierAndOnlyWhereItIsNeeded) {
  AppendBuffered();
  AppendBuffered();
  EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Flush().ok()); }), 1U);
  EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Flush().ok()); }), 0U) << "nothing to flush";
}

TEST_F(DurabilityTest, ASyncBatchFlushesWhatWasBufferedBefore) {
  AppendBuffered();
  EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Append(stream_, {"x"}).ok()); }), 1U);
  EXPECT_EQ(FlushesOf([&] { EXPECT_TRUE(store_->Flush().ok()); }), 0U);
}

TEST_F(DurabilityTest, AFailingSyncBatchIsAnsweredAfterWhatItWasJudgedByIsFlushed) {
  AppendBuffered();
  const auto conflict = [&] {
    EXPECT_EQ(store_->AtomicBatch({CheckVersion{stream_, Expected::NoStream()}}).status().code(),
              StatusCode::kConflict);
  };
  EXPECT_EQ(FlushesOf(conflict), 1U);
  EXPECT_EQ(FlushesOf(conflict), 0U) << "all is flushed already";
}

TEST_F(DurabilityTest, AFailingBufferedBatchFlushesNothing) {
  AppendBuffered();
  EXPECT_EQ(FlushesOf([&] {
              EXPECT_FALSE(store_
                               ->AtomicBatch({CheckVersion{stream_, Expected::NoStream()}},
                                             {Durability::kBuffered})
                               .ok());
            }),
            0U);
}

TEST_F(DurabilityTest, ADuplicateKeyIsAnsweredAfterItsHolderIsFlushed) {
  EnqueueOptions options{.key = "k", .durability = Durability::kBuffered};
  ASSERT_TRUE(store_->Enqueue("work", "x", options).ok());
  options.durability = Durability::kSync;
  EXPECT_EQ(FlushesOf([&] {
              EXPECT_EQ(store_->Enqueue("work", "x", options)->outcome, EnqueueOutcome::kDuplicate);
            }),
            1U);
}

TEST_F(DurabilityTest, DequeueAndRenewNeedNoFlush) {
  ASSERT_TRUE(store_->Enqueue("work", "x").ok());
  EXPECT_EQ(FlushesOf([&] {
              const auto delivery = store_->Dequeue("work")->front();
              EXPECT_TRUE(store_->Renew(delivery.lock_token, std::chrono::hours(1)).ok());
            }),
            0U);
}

TEST_F(DurabilityTest, CountsAndDataHoldWhileLogsAndMemtablesAreReplaced) {
  constexpr Version kBatches = 400;
  const std::string payload(4096, 'p');
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.clock = &clock_;
  options.write_buffer_bytes = 64 << 10;  // a new memtable and log every few batches
  Version head = 0;
  for (int round = 0; round < 3; ++round) {
    store_.reset();
    auto opened = RocksDbProvider::Open(directory_.path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    ASSERT_EQ(store_->LatestPartition(stream_.entity)->value_or(PartitionHead()).head, head);
    FlushesOf([&] {
      for (Version i = 0; i < kBatches; ++i) {
        const auto done =
            store_->AtomicBatch({AppendEvents{stream_, {payload}, Expected::Exactly(head)},
                                 Enqueue{"work", std::to_string(head), {}}},
                                {i % 3 == 0 ? Durability::kSync : Durability::kBuffered});
        ASSERT_TRUE(done.ok()) << done.status();
        ++head;
      }
      EXPECT_TRUE(store_->Flush().ok());
    });
  }
  Position seen = 0;
  while (seen < head) {
    const auto page = store_->ReadAll(seen, {});
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_GT(page->next, seen);
    seen = page->next;
  }
  for (Version i = 0; i < head; ++i) {
    ASSERT_EQ(store_->Dequeue("work")->front().payload, std::to_string(i));
  }
}

// How many share a flush depends on the device; commit_pipeline_test.cc holds one still to count.
TEST_F(DurabilityTest, ManyWaitingCallersAreEachAnsweredAfterAFlush) {
  constexpr std::size_t kThreads = 32;
  constexpr std::size_t kAppends = 50;
  const std::uint64_t flushes = FlushesOf([&] {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t j = 0; j < kAppends; ++j) {
          ASSERT_TRUE(store_->Append({"stream", i}, {"x"}).ok());
        }
      });
    }
  });
  EXPECT_GE(flushes, kAppends) << "each thread waits for its own";
  EXPECT_LE(flushes, kThreads * kAppends);
  EXPECT_EQ(store_->ReadAll(kThreads * kAppends - 1, {})->next, kThreads * kAppends);
}

}  // namespace
}  // namespace tandem
