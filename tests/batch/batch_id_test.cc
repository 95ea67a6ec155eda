// Batches that can be repeated: what the RocksDB provider keeps of them, and for how long.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tandem/batch/batch_digest.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class BatchIdTest : public testing::StoreTest {
 protected:
  static BatchOptions Id(const std::string& id, Durability durability = Durability::kSync) {
    BatchOptions options;
    options.id = id;
    options.durability = durability;
    return options;
  }

  const StreamId stream_{"account-1", 0};
  const Batch append_ = {AppendEvents{stream_, {"paid in"}}};
};

TEST_F(BatchIdTest, ARetentionThatIsNotPositiveIsRefused) {
  using std::chrono::hours;
  for (const hours retention : {hours(0), hours(-1), hours::min()}) {
    const testing::TemporaryDirectory directory;
    EXPECT_EQ(RocksDbProvider::Open(directory.path() / "store", {.mode = OpenMode::kCreateIfMissing,
                                                                 .batch_id_retention = retention})
                  .status()
                  .code(),
              StatusCode::kInvalidArgument);
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "store"));
    MemoryProvider memory({.batch_id_retention = retention});
    EXPECT_EQ(memory.AtomicBatch(append_).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(BatchIdTest, IdsMayBeKnownForever) {
  const testing::TemporaryDirectory directory;
  ManualClock clock;
  const auto rocks = *RocksDbProvider::Open(directory.path() / "store",
                                            {.mode = OpenMode::kCreateIfMissing,
                                             .batch_id_retention = std::chrono::hours::max(),
                                             .clock = &clock});
  MemoryProvider memory({.clock = &clock, .batch_id_retention = std::chrono::hours::max()});
  for (Provider* store : {static_cast<Provider*>(rocks.get()), static_cast<Provider*>(&memory)}) {
    ASSERT_TRUE(store->AtomicBatch(append_, Id("id")).ok());
    clock.Advance(std::chrono::hours(1'000'000));
    EXPECT_TRUE(store->AtomicBatch(append_, Id("id"))->repeated);
  }
}

TEST_F(BatchIdTest, ASyncRepeatOfABufferedBatchFlushesIt) {
  ASSERT_TRUE(store_->AtomicBatch(append_, Id("once", Durability::kBuffered)).ok());
  EXPECT_EQ(store_->Stats().flushes, 0U);
  ASSERT_TRUE(store_->AtomicBatch(append_, Id("once"))->repeated);
  EXPECT_EQ(store_->Stats().flushes, 1U);
}

// As documented in docs/operating.md.
TEST_F(BatchIdTest, AnIdIsForgottenWhereTheClockWasSetForwardOverItsTime) {
  for (const std::chrono::hours step : {std::chrono::hours(23), std::chrono::hours(25)}) {
    const std::string id = "before " + std::to_string(step.count());
    ASSERT_TRUE(store_->AtomicBatch(append_, Id(id)).ok());
    store_.reset();
    clock_.Advance(step);
    Open();
    EXPECT_EQ(store_->AtomicBatch(append_, Id(id))->repeated, step < std::chrono::hours(24));
  }
}

TEST(BatchDigestTest, EveryFieldCounts) {
  const StreamId stream{"e", 1};
  const Timestamp time{std::chrono::seconds(1)};
  const auto enqueue = [](auto change) {
    Enqueue operation{"q", "p", {}};
    change(operation.options);
    return operation;
  };
  const std::vector<Batch> batches = {
      {},
      {AppendEvents{stream, {}}},
      {AppendEvents{stream, {""}}},
      {AppendEvents{stream, {"ab"}}},
      {AppendEvents{stream, {"a", "b"}}},
      {AppendEvents{stream, {"a"}}, AppendEvents{stream, {"b"}}},
      {AppendEvents{{"e", 2}, {"ab"}}},
      {AppendEvents{{"f", 1}, {"ab"}}},
      {AppendEvents{stream, {"ab"}, Expected::NoStream()}},
      {AppendEvents{stream, {"ab"}, Expected::Exactly(0)}},
      {AppendEvents{stream, {"ab"}, Expected::Exactly(1)}},
      {UpdateMetadata{stream, {}, {}}},
      {UpdateMetadata{stream, {{"a", "b"}}, {}}},
      {UpdateMetadata{stream, {{"ab", ""}}, {}}},
      {UpdateMetadata{stream, {}, {"a"}}},
      {DeletePartition{stream}},
      {DeleteEntity{"e"}},
      {CheckVersion{stream, Expected::Any()}},
      {CheckMetadata{stream, "k", std::nullopt}},
      {CheckMetadata{stream, "k", ""}},
      {enqueue([](EnqueueOptions&) {})},
      {enqueue([](EnqueueOptions& options) { options.group = "g"; })},
      {enqueue([](EnqueueOptions& options) { options.key = "g"; })},
      {enqueue([](EnqueueOptions& options) { options.delay = std::chrono::milliseconds(1); })},
      {enqueue([&](EnqueueOptions& options) { options.visible_at = Timestamp(); })},
      {enqueue([&](EnqueueOptions& options) { options.visible_at = time; })},
      {DeleteMessages{LockToken{"t"}}},
      {AbandonMessages{LockToken{"t"}}},
      {AbandonMessages{LockToken{"t"}, std::chrono::milliseconds(1)}},
      {AbandonMessages{LockToken{"t"}, std::chrono::milliseconds(0), false}},
      {CancelMessage{"q", "k"}},
      {CancelMessage{"qk", ""}},
      {DeleteGroup{"q", "k"}},
  };
  std::set<std::string> digests;
  for (const auto& batch : batches) {
    EXPECT_EQ(BatchDigest(batch).size(), 16U);
    EXPECT_EQ(BatchDigest(batch), BatchDigest(batch));
    EXPECT_TRUE(digests.insert(BatchDigest(batch)).second) << "batch " << digests.size();
  }
}

TEST(BatchDigestTest, IsTheSameForEver) {
  std::string digits;
  for (const unsigned char byte : BatchDigest({AppendEvents{{"account-1", 0}, {"paid in"}}})) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    digits += hex;
  }
  EXPECT_EQ(digits, "074233b08bd06fee1a5d742f5a579804")
      << "it is stored: a change is a change of format";
}

}  // namespace
}  // namespace tandem
