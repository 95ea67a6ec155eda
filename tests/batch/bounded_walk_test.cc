// Pages of a range that is full of deleted entries: bounded work each, and together all there is.

#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

class BoundedWalkTest : public ::testing::Test {
 protected:
  BoundedWalkTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, directory_.path().string(), &db);
    db_.reset(db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
  }

  rocksdb::ColumnFamilyHandle* family() { return db_->DefaultColumnFamily(); }

  // Keys that compare as their numbers.
  static std::string Key(int number) {
    std::string digits = std::to_string(number);
    return std::string(8 - digits.size(), '0') + digits;
  }

  void Put(int from, int end) {
    rocksdb::WriteBatch batch;
    for (int i = from; i < end; ++i) ASSERT_TRUE(batch.Put(Key(i), "value").ok());
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
  }

  void Delete(int from, int end) {
    rocksdb::WriteBatch batch;
    for (int i = from; i < end; ++i) ASSERT_TRUE(batch.Delete(Key(i)).ok());
    ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
};

TEST_F(BoundedWalkTest, APageBehindDeletedEntriesLooksAtABoundedNumberOfThem) {
  constexpr int kMany = 100'000;
  Put(0, kMany + 1);
  Delete(0, kMany);
  std::string from;
  for (int pages = 1;; ++pages) {
    // RocksDB counts a deleted entry and its deletion as two.
    ASSERT_LE(pages, 2 * kMany / 900) << "each page moves on by most of what it may pass over";
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    const BoundedWalk walk(db_.get(), family(), from, "z");
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    ASSERT_TRUE(walk.status().ok()) << walk.status();
    ASSERT_LE(rocksdb::get_perf_context()->internal_delete_skipped_count,
              kPagePassedMax + 3 * BoundedWalk::kStride);
    if (!walk.stopped()) {
      EXPECT_EQ(walk.key(), Key(kMany));
      return;
    }
    ASSERT_GT(walk.passed(), from);
    from = walk.passed() + '\0';
  }
}

TEST_F(BoundedWalkTest, EntriesThatAreNotReturnedCount) {
  Put(0, 100);
  BoundedWalk walk(db_.get(), family(), "", "z", nullptr, 10);
  for (int i = 0; i < 5; ++i) walk.Next();
  for (int i = 5; i < 15; ++i) {
    ASSERT_TRUE(walk.Valid());
    EXPECT_EQ(walk.key(), Key(i));
    walk.Pass();
  }
  EXPECT_TRUE(walk.stopped());
  EXPECT_EQ(walk.passed(), Key(14));
  walk.Seek(Key(15));
  EXPECT_TRUE(walk.Valid());
}

TEST_F(BoundedWalkTest, WhatEndsTheRangeIsNoStop) {
  Put(0, 10);
  BoundedWalk walk(db_.get(), family(), "", Key(10), nullptr, 10);
  while (walk.Valid()) walk.Pass();
  EXPECT_FALSE(walk.stopped());
  EXPECT_TRUE(walk.status().ok());
}

TEST_F(BoundedWalkTest, ManyVersionsOfOneKeyAreNoObstacle) {
  Put(0, 3);
  rocksdb::WriteBatch batch;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(batch.Put(Key(1), std::to_string(i)).ok());
    ASSERT_TRUE(batch.Delete(Key(1)).ok());
  }
  ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
  BoundedWalk walk(db_.get(), family(), Key(0), "z", nullptr, 1);
  walk.Next();
  while (walk.stopped()) walk.Seek(walk.passed() + '\0');
  ASSERT_TRUE(walk.Valid()) << walk.status();
  EXPECT_EQ(walk.key(), Key(2));
}

TEST_F(BoundedWalkTest, PagesTogetherHoldEverything) {
  std::mt19937_64 random(testing::TestSeed());
  std::map<std::string, std::string> model;
  for (int round = 0; round < 40; ++round) {
    const int from = static_cast<int>(random() % 5000);
    const int end = from + static_cast<int>(random() % 500);
    const bool range = random() % 4 == 0;
    if (random() % 2 == 0) {
      Put(from, end);
      for (int i = from; i < end; ++i) model[Key(i)] = "value";
    } else {
      if (range) {
        ASSERT_TRUE(db_->DeleteRange(rocksdb::WriteOptions(), family(), Key(from), Key(end)).ok());
      } else {
        Delete(from, end);
      }
      model.erase(model.lower_bound(Key(from)), model.lower_bound(Key(end)));
    }
    if (random() % 8 == 0) {
      ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions()).ok());
    }

    const std::size_t passed_max = 1 + random() % 300;
    const std::size_t limit = 1 + random() % 300;
    std::map<std::string, std::string> found;
    std::string next;
    for (bool more = true; more;) {
      BoundedWalk walk(db_.get(), family(), next + '\0', "z", nullptr, passed_max);
      std::size_t entries = 0;
      for (; walk.Valid() && entries < limit; walk.Next(), ++entries) {
        next = walk.key();
        found.emplace(walk.key(), walk.value());
      }
      ASSERT_TRUE(walk.status().ok()) << walk.status();
      if (walk.stopped()) {
        ASSERT_GT(walk.passed(), next) << "a page that stops has moved on";
        next = walk.passed();
      }
      more = walk.Valid() || walk.stopped();
    }
    ASSERT_EQ(found, model);
  }
}

}  // namespace
}  // namespace tandem
