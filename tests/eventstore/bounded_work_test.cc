// Readers behind many deleted neighbours: what they look at is counted by RocksDB, or told by how
// far a page moves. (Pages that together find everything: tests/provider_conformance, R14.)

#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/tests/eventstore/events_fixture.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

using internal::EncodeFeedEntry;
using internal::EncodeHead;
using internal::EncodeTombstone;
using internal::FeedEntry;
using internal::FeedKey;
using internal::Head;
using internal::HeadKey;
using internal::MetadataKey;
using internal::RocksEventStore;
using internal::TombstoneKey;

constexpr std::uint64_t kMany = 100'000;

// Walks stop somewhat behind their bound: they count in strides.
constexpr std::uint64_t kSlack = 6 * BoundedWalk::kStride;

// Deleted entries that `call` walked over.
template <typename Call>
std::uint64_t Walked(Call call) {
  // More than a count, which the store switches off while it stages.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
  rocksdb::get_perf_context()->Reset();
  call();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  const rocksdb::PerfContext& counts = *rocksdb::get_perf_context();
  return std::max(counts.internal_delete_skipped_count, counts.internal_key_skipped_count);
}

std::string Name(std::uint64_t number) { return "k" + std::to_string(kMany + number); }

// Writes the records as the store leaves them: 100,000 deletions by batches would take too long.
class BoundedPagesTest : public testing::EventsTest {
 protected:
  // put(batch, i) for each number below kMany.
  template <typename Put>
  void WriteMany(Put put) {
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = 0; i < kMany; ++i) put(batch, i);
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
  }

  const StreamId index_{"index", 0};
};

TEST_F(BoundedPagesTest, FeedPagesLookAtABoundedNumberOfDeletedEvents) {
  constexpr std::uint64_t kEntities = 50;
  WriteMany([](rocksdb::WriteBatch& batch, std::uint64_t i) {
    const StreamId stream{"gone " + std::to_string(i % kEntities), 0};
    batch.Put(FeedKey(i + 1), EncodeFeedEntry(FeedEntry{stream, i / kEntities + 1, 1}));
    batch.Put(TombstoneKey(stream.entity), EncodeTombstone(0));
  });
  RocksEventStore events(db_.get(), family(), &clock_, nullptr);
  ASSERT_TRUE(events.Recover().ok());
  Group group;
  Staging staging(db_.get(), nullptr, &group.overlay, &group.batch);
  ASSERT_TRUE(events.Stage(AppendEvents{{"left", 0}, {"x"}}, clock_.Now(), staging).ok());
  Write(group);

  Position after = 0;
  std::uint64_t pages = 0;
  for (bool found = false; !found; ++pages) {
    FeedOptions options;
    options.limit = 1;
    const auto page = events.ReadAll(after, options);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_GT(page->next, after);
    ASSERT_LE(page->next - after, kPagePassedMax + options.limit) << "each has one position";
    after = page->next;
    found = !page->events.empty();
  }
  EXPECT_EQ(after, kMany + 1);
  EXPECT_LE(pages, kMany / kPagePassedMax + 2) << "each page passes over as much as it may";
}

TEST_F(BoundedPagesTest, MetadataPagesLookAtABoundedNumberOfErasedKeys) {
  WriteMany([&](rocksdb::WriteBatch& batch, std::uint64_t i) {
    batch.Put(MetadataKey(index_, Name(i)), "");
    batch.Delete(MetadataKey(index_, Name(i)));
  });
  Apply(UpdateMetadata(index_, {{"z", "left"}}));
  MetadataPage page;
  for (std::uint64_t pages = 0; page.entries.empty(); ++pages) {
    ASSERT_LE(pages, 3 * kMany / kPagePassedMax);
    MetadataOptions options;
    options.after = page.next;
    options.limit = pages == 0 ? 1 : 1000;  // GetMetadata reads such a page
    ASSERT_LE(Walked([&] { page = events_.ReadMetadata(index_, options).value(); }),
              kPagePassedMax + kSlack);
    ASSERT_TRUE(page.more || !page.entries.empty());
  }
  EXPECT_EQ(page.entries.front().first, "z");
}

TEST_F(BoundedPagesTest, PagesOfEntitiesLookAtABoundedNumberOfDeletedOnes) {
  WriteMany([](rocksdb::WriteBatch& batch, std::uint64_t i) {
    batch.Put(HeadKey({Name(i), 0}), EncodeHead(Head{1, 1, false}));
    batch.Delete(HeadKey({Name(i), 0}));
    batch.Put(MetadataKey({Name(i), 0}, "key"), "");
    batch.Delete(MetadataKey({Name(i), 0}, "key"));
    batch.Put(TombstoneKey(Name(i)), EncodeTombstone(0));
  });
  Apply(AppendEvents{{"z", 0}, {"x"}});
  NamePage page;
  for (std::uint64_t pages = 0; page.names.empty(); ++pages) {
    ASSERT_LE(pages, 8 * kMany / kPagePassedMax);
    ListOptions options;
    options.after = page.next;
    ASSERT_LE(Walked([&] { page = events_.ListEntities(options).value(); }),
              kPagePassedMax + kSlack);
    ASSERT_TRUE(page.more || !page.names.empty());
  }
  EXPECT_EQ(page.names, std::vector<std::string>{"z"});
}

TEST_F(BoundedPagesTest, PagesOfPartitionsLookAtABoundedNumberOfDeletedOnes) {
  WriteMany([](rocksdb::WriteBatch& batch, std::uint64_t i) {
    batch.Put(HeadKey({"a", i}), EncodeHead(Head{1, 1, false}));
    batch.Put(HeadKey({"a", i}), EncodeHead(Head{1, 1, true}));
  });
  Apply(AppendEvents{{"a", kMany}, {"x"}});
  PartitionPage page;
  std::uint64_t next = 0;
  for (std::uint64_t pages = 0; page.partitions.empty(); ++pages) {
    ASSERT_LE(pages, 2 * kMany / kPagePassedMax);
    PartitionOptions options;
    options.after = page.next;
    ASSERT_LE(Walked([&] { page = events_.ListPartitions("a", options).value(); }),
              2 * kPagePassedMax + kSlack)
        << "each head hides an older one";
    ASSERT_TRUE(page.next.has_value());
    ASSERT_LE(*page.next - next, kPagePassedMax + kSlack) << "each has a marked head";
    ASSERT_GT(*page.next, next);
    next = *page.next;
  }
  EXPECT_EQ(page.partitions.front().partition, kMany);
}

class BoundedWorkTest : public testing::StoreTest {
 protected:
  void Commit(Batch batch) {
    const auto done = store_->AtomicBatch(std::move(batch), {Durability::kBuffered, {}});
    ASSERT_TRUE(done.ok()) << done.status();
  }

  const StreamId index_{"index", 0};
};

// An entity whose former lives were deleted: each left the deletions of its heads.
TEST_F(BoundedWorkTest, AnEntityOfManyLivesIsFoundAndDeletedWithoutWalkingOverThem) {
  constexpr std::uint64_t kLives = 20;
  constexpr std::uint64_t kPartitions = 500;  // few enough to be deleted by name
  std::uint64_t partition = 0;
  for (std::uint64_t life = 0; life < kLives; ++life) {
    Batch appends;
    for (std::uint64_t i = 0; i < kPartitions; ++i) {
      appends.Add(AppendEvents({"a", ++partition}, {"x"}));
    }
    Commit(std::move(appends));
    Commit({DeleteEntity("a")});
  }
  const auto expect_latest = [&](Version head) {
    EXPECT_LE(Walked([&] {
                const auto latest = store_->LatestPartition("a").value();
                ASSERT_TRUE(latest.has_value());
                EXPECT_EQ(latest->partition, partition);
                EXPECT_EQ(latest->head, head);
              }),
              kSlack);
  };
  expect_latest(0);
  for (int i = 0; i < 2; ++i) Commit({AppendEvents({"a", ++partition}, {"x"})});
  expect_latest(1);
  EXPECT_LE(Walked([&] { Commit({DeletePartition({"a", partition - 1})}); }), kSlack);
  EXPECT_LE(Walked([&] { EXPECT_TRUE(store_->admin()->ListPartitions("a", {}).ok()); }),
            kPagePassedMax + kSlack);
  EXPECT_LE(Walked([&] { Commit({DeleteEntity("a")}); }), kSlack);
}

TEST_F(BoundedWorkTest, AnEntityOfManyPartitionsIsDeletedWithoutALookAtEach) {
  for (std::uint64_t partition = 0; partition < 5 * kCountedPartitionsMax;) {
    Batch appends;
    for (int i = 0; i < 2048; ++i) appends.Add(AppendEvents({"a", partition++}, {"x"}));
    Commit(std::move(appends));
  }
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
  rocksdb::get_perf_context()->Reset();
  Commit({DeleteEntity("a")});
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  EXPECT_LE(rocksdb::get_perf_context()->next_on_memtable_count,
            kCountedPartitionsMax + 2 * Staging::kPointDeletesMax + kSlack);
}

// Metadata of a stream with events is deleted by a range where too much was erased before.
TEST_F(BoundedWorkTest, APartitionWithManyErasedKeysIsDeletedWithoutWalkingOverThem) {
  constexpr std::uint64_t kErased = 5000;
  UpdateMetadata set{index_};
  UpdateMetadata erase{index_};
  for (std::uint64_t i = 0; i < kErased; ++i) {
    set.set.emplace(Name(i), "");
    erase.erase.push_back(Name(i));
  }
  Commit({AppendEvents(index_, {"x"}), AppendEvents({"index", 1}, {"x"}), set});
  Commit({erase});
  Commit({UpdateMetadata(index_, {{"z", "left"}})});
  EXPECT_LE(Walked([&] { Commit({DeletePartition(index_)}); }), 2 * Staging::kPointDeletesMax);
  EXPECT_EQ(store_->GetMetadata(index_, "z").value(), std::nullopt);
  EXPECT_TRUE(store_->admin()->Verify().ok());
}

}  // namespace
}  // namespace tandem
