#include "tandem/eventstore/internal/head_cache.h"

#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <cstddef>
#include <cstdint>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

using internal::Head;
using internal::HeadCache;

Version KnownVersion(const HeadCache& heads, const StreamId& stream) {
  const Head* head = heads.Find(stream);
  return head == nullptr ? 0 : head->version;
}

TEST(HeadCacheTest, KnowsTheLastHeadOfAStream) {
  HeadCache heads;
  EXPECT_EQ(heads.Find({"a", 1}), nullptr);
  heads.Set({"a", 1}, Head{7, 1, false});
  heads.Set({"a", 1}, Head{8, 1, false});
  heads.Set({"a", 2}, Head{3, 1, false});
  heads.Set({"b", 1}, Head{5, 1, false});
  EXPECT_EQ(KnownVersion(heads, {"a", 1}), 8U);
  EXPECT_EQ(KnownVersion(heads, {"a", 2}), 3U);
  EXPECT_EQ(KnownVersion(heads, {"b", 1}), 5U);
}

TEST(HeadCacheTest, MoreStreamsThanSlotsPushEachOtherOut) {
  constexpr std::uint64_t kStreams = 3 * HeadCache::kSlots;
  HeadCache heads;
  for (std::uint64_t i = 0; i < kStreams; ++i) heads.Set({"a", i}, Head{i + 1, 1, false});
  std::size_t known = 0;
  for (std::uint64_t i = 0; i < kStreams; ++i) {
    const Version version = KnownVersion(heads, {"a", i});
    if (version == 0) continue;
    EXPECT_EQ(version, i + 1) << "that of another stream";
    ++known;
  }
  EXPECT_EQ(known, HeadCache::kSlots);
}

TEST(HeadCacheTest, ForgetsAnEntityAndKeepsTheOthers) {
  HeadCache heads;
  heads.Set({"a", 1}, Head{7, 1, false});
  heads.Set({"a", 2}, Head{8, 1, false});
  heads.Set({"b", 1}, Head{9, 1, false});
  heads.ForgetEntity("a");
  EXPECT_EQ(heads.Find({"a", 1}), nullptr);
  EXPECT_EQ(heads.Find({"a", 2}), nullptr);
  EXPECT_EQ(KnownVersion(heads, {"b", 1}), 9U);
}

TEST(HeadCacheTest, ForgetsAnEntityAlsoWhereStreamsHavePushedEachOtherOut) {
  HeadCache heads;
  for (std::uint64_t i = 0; i < HeadCache::kSlots; ++i) heads.Set({"a", i}, Head{1, 1, false});
  for (std::uint64_t i = 0; i < HeadCache::kSlots / 2; ++i) heads.Set({"b", i}, Head{2, 1, false});
  heads.ForgetEntity("a");
  for (std::uint64_t i = 0; i < HeadCache::kSlots; ++i) {
    ASSERT_EQ(heads.Find({"a", i}), nullptr);
    ASSERT_EQ(KnownVersion(heads, {"b", i}), i < HeadCache::kSlots / 2 ? 2U : 0U);
  }
  heads.ForgetEntity("b");
  EXPECT_EQ(heads.Find({"b", 0}), nullptr);
}

class HeadReadsTest : public testing::StoreTest {
 protected:
  // Point reads of an append to the stream.
  std::uint64_t ReadsOfAppend(const StreamId& stream) {
    // More than a count, which the store switches off while it stages.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
    rocksdb::get_perf_context()->Reset();
    EXPECT_TRUE(store_->Append(stream, {"e"}).ok());
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return rocksdb::get_perf_context()->get_from_memtable_count;
  }
};

TEST_F(HeadReadsTest, AnAppendToABusyStreamReadsNothingAlsoAfterAnotherEntityWasDeleted) {
  ASSERT_TRUE(store_->Append({"b", 1}, {"e"}).ok());  // reads in an empty store are not counted
  EXPECT_GT(ReadsOfAppend({"a", 1}), 0U) << "is there such a stream?";
  EXPECT_EQ(ReadsOfAppend({"a", 1}), 0U);
  ASSERT_TRUE(store_->AtomicBatch({DeleteEntity{"b"}}).ok());
  EXPECT_EQ(ReadsOfAppend({"a", 1}), 0U);
}

}  // namespace
}  // namespace tandem
