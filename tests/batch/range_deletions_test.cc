// When the memtables are written out because much of them was deleted by range, and what readers
// then walk over. Counts are RocksDB's own.

#include "tandem/batch/internal/rocks/range_deletions.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <memory>
#include <semaphore>
#include <string>
#include <vector>

#include "tandem/base/manual_clock.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/rocks/commit_pipeline.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

using internal::RangeDeletions;

constexpr std::size_t kMany = 5 * RangeDeletions::kEntriesMax;
constexpr std::size_t kFew = RangeDeletions::kEntriesMax / 6;  // the store counts by estimates
static_assert(kFew > Staging::kPointDeletesMax, "goes as a range");

std::string Key(char kind, std::size_t number) {
  return std::string(1, kind) + std::to_string(1'000'000 + number);
}

class RangeDeletionsTest : public ::testing::Test {
 protected:
  RangeDeletionsTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.listeners = {flushed_};
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path(), &db).ok());
    db_.reset(db);
    EXPECT_TRUE(db_->CreateColumnFamily(options, "other", &other_).ok());
    families_ = {db_->DefaultColumnFamily(), other_};
    pipeline_ = std::make_unique<internal::CommitPipeline>(
        db, families_, &clock_, &executor_, internal::GroupStamp{.incarnation = 1}, [] {});
  }
  ~RangeDeletionsTest() override { EXPECT_TRUE(db_->DestroyColumnFamilyHandle(other_).ok()); }

  rocksdb::ColumnFamilyHandle* family() const { return families_.front(); }

  class Puts final : public Proposal {
   public:
    Puts(rocksdb::ColumnFamilyHandle* family, char kind, std::size_t count)
        : Proposal(Durability::kBuffered), family_(family), kind_(kind), count_(count) {}
    Status Stage(Staging& staging, Timestamp /*now*/) override {
      for (std::size_t i = 0; i < count_; ++i) staging.Put(family_, Key(kind_, i), "value");
      return Status::Ok();
    }

   private:
    rocksdb::ColumnFamilyHandle* const family_;
    const char kind_;
    const std::size_t count_;
  };

  class DeletesAll final : public Proposal {
   public:
    DeletesAll(rocksdb::ColumnFamilyHandle* family, char kind)
        : Proposal(Durability::kBuffered), family_(family), kind_(kind) {}
    Status Stage(Staging& staging, Timestamp /*now*/) override {
      const std::string from(1, kind_);
      return staging.DeleteAll(family_, from, std::string(1, static_cast<char>(kind_ + 1)));
    }

   private:
    rocksdb::ColumnFamilyHandle* const family_;
    const char kind_;
  };

  void Put(rocksdb::ColumnFamilyHandle* family, char kind, std::size_t count) {
    Puts proposal(family, kind, count);
    ASSERT_TRUE(pipeline_->Commit(proposal).ok());
  }

  void DeleteAll(char kind) {
    DeletesAll proposal(family(), kind);
    ASSERT_TRUE(pipeline_->Commit(proposal).ok());
  }

  // Of the memtable that takes the next write.
  std::uint64_t Entries(rocksdb::ColumnFamilyHandle* family) const {
    std::uint64_t entries = 0;
    EXPECT_TRUE(
        db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries));
    return entries;
  }

  // Entries of memtables that a reader steps over, who looks for the last key of that kind.
  std::uint64_t StepsToLast(char kind) {
    const std::string from(1, kind);
    const std::string end(1, static_cast<char>(kind + 1));
    const rocksdb::Slice lower = ToSlice(from);
    const rocksdb::Slice upper = ToSlice(end);
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family()));
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    it->SeekToLast();
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    EXPECT_FALSE(it->Valid());
    const rocksdb::PerfContext& counts = *rocksdb::get_perf_context();
    return counts.prev_on_memtable_count + counts.next_on_memtable_count;
  }

  class Flushed final : public rocksdb::EventListener {
   public:
    void OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& /*info*/) override {
      done.release();
    }
    std::counting_semaphore<> done{0};
  };

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  const std::shared_ptr<Flushed> flushed_ = std::make_shared<Flushed>();
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* other_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::unique_ptr<internal::CommitPipeline> pipeline_;
  Executor executor_{&clock_, 1};  // destroyed before the pipeline
};

TEST_F(RangeDeletionsTest, ManyDeletedEntriesAreSoonNotWalkedOver) {
  Put(family(), 'k', kMany);
  DeleteAll('k');
  ASSERT_EQ(Entries(family()), 0u) << "the memtable waits to be written";
  flushed_->done.acquire();
  EXPECT_LT(StepsToLast('k'), 8u);
  EXPECT_LT(StepsToLast('m'), 8u) << "a neighbour";
}

TEST_F(RangeDeletionsTest, FewDeletedEntriesStayUntilTheyAreMany) {
  int deletions = 0;
  for (; Entries(family()) > 0 || deletions == 0; ++deletions) {
    ASSERT_LT(deletions, 24);
    Put(family(), 'k', kFew);
    DeleteAll('k');
    if (deletions == 1) {
      EXPECT_GE(Entries(family()), 2 * kFew);
    }
  }
  EXPECT_GT(deletions, 2);
}

TEST_F(RangeDeletionsTest, WhatIsInATableAlreadyCountsForNothing) {
  Put(family(), 'k', kMany);
  ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions(), families_).ok());
  Put(family(), 'a', 1);
  DeleteAll('k');
  EXPECT_GT(Entries(family()), 0u);
  EXPECT_LT(StepsToLast('k'), 8u);
}

TEST_F(RangeDeletionsTest, NoOtherMemtableKeepsTheLog) {
  Put(other_, 'a', 1);
  Put(family(), 'k', kMany);
  DeleteAll('k');
  EXPECT_EQ(Entries(other_), 0u);
  flushed_->done.acquire();
  flushed_->done.acquire();
}

}  // namespace
}  // namespace tandem
