// The stamps of the groups show a hole between two logs, when the log is replayed.

#include "tandem/batch/internal/log/wal_guard.h"

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <optional>
#include <string>
#include <vector>

namespace tandem::internal {
namespace {

std::string Group(std::optional<GroupStamp> stamp) {
  rocksdb::WriteBatch batch;
  EXPECT_TRUE(batch.Put("key", "value").ok());
  if (stamp.has_value()) {
    EXPECT_TRUE(batch.PutLogData(EncodeGroupStamp(*stamp)).ok());
  }
  return batch.Data();
}

using Verdict = rocksdb::WalFilter::WalProcessingOption;

Verdict Judge(WalGuard& guard, std::uint64_t log, std::optional<GroupStamp> stamp) {
  rocksdb::WriteBatch new_batch;
  bool changed = false;
  const Verdict verdict = guard.LogRecordFound(
      log, std::to_string(log) + ".log", rocksdb::WriteBatch(Group(stamp)), &new_batch, &changed);
  EXPECT_FALSE(changed);
  EXPECT_EQ(guard.status().ok(), verdict != Verdict::kCorruptedRecord);
  return verdict;
}

// Whether the guard lets these of one log pass, one after the other.
bool Passes(const std::vector<std::optional<GroupStamp>>& stamps) {
  WalGuard guard;
  for (const auto& stamp : stamps) (void)Judge(guard, 1, stamp);
  return guard.status().ok();
}

TEST(WalGuardTest, ConsecutiveGroupsPass) {
  EXPECT_TRUE(Passes({{{1, 0}}, {{1, 1}}, {{1, 2}}, {{2, 0}}, {{2, 1}}}));
  EXPECT_TRUE(Passes({{{7, 41}}, {{7, 42}}}));
  EXPECT_TRUE(Passes({{{7, 0}}, {{8, 0}}, {{9, 0}}}));
}

TEST(WalGuardTest, AHoleDoesNotPass) {
  EXPECT_FALSE(Passes({{{1, 0}}, {{1, 2}}}));
  EXPECT_FALSE(Passes({{{1, 5}}, {{2, 1}}}));
  EXPECT_FALSE(Passes({{{1, 5}}, {{3, 0}}}));
}

TEST(WalGuardTest, ARepetitionOrAStepBackDoesNotPass) {
  EXPECT_FALSE(Passes({{{1, 1}}, {{1, 1}}}));
  EXPECT_FALSE(Passes({{{1, 2}}, {{1, 1}}}));
  EXPECT_FALSE(Passes({{{2, 0}}, {{1, 1}}}));
}

TEST(WalGuardTest, AGroupWithoutAStampDoesNotPass) {
  EXPECT_FALSE(Passes({std::nullopt}));
  EXPECT_FALSE(Passes({{{1, 0}}, std::nullopt}));
}

// What a power cut leaves of two logs, when nothing of the second was flushed.
TEST(WalGuardTest, AHoleBetweenTwoLogsEndsTheReplay) {
  WalGuard guard;
  EXPECT_EQ(Judge(guard, 4, {{1, 0}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(guard, 7, {{1, 2}}), Verdict::kIgnoreCurrentRecord);
  EXPECT_EQ(Judge(guard, 7, {{1, 3}}), Verdict::kIgnoreCurrentRecord);
  EXPECT_EQ(Judge(guard, 9, {{1, 8}}), Verdict::kIgnoreCurrentRecord);
  EXPECT_EQ(guard.last()->number, 0U);
}

TEST(WalGuardTest, AHoleBetweenTwoLogsOverSomethingFlushedDoesNotPass) {
  WalGuard at_once;
  EXPECT_EQ(Judge(at_once, 4, {{1, 4}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(at_once, 7, {{1, 6, 5}}), Verdict::kCorruptedRecord);
  WalGuard later;
  EXPECT_EQ(Judge(later, 4, {{1, 4}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(later, 7, {{1, 6, 4}}), Verdict::kIgnoreCurrentRecord);
  EXPECT_EQ(Judge(later, 7, {{1, 7, 6}}), Verdict::kCorruptedRecord);
  WalGuard reopened;  // naming an incarnation flushes
  EXPECT_EQ(Judge(reopened, 4, {{1, 4}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(reopened, 7, {{1, 6, 4}}), Verdict::kIgnoreCurrentRecord);
  EXPECT_EQ(Judge(reopened, 9, {{2, 0}}), Verdict::kCorruptedRecord);
}

TEST(WalGuardTest, TwoLogsWithoutAHolePass) {
  WalGuard guard;
  EXPECT_EQ(Judge(guard, 4, {{1, 0}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(guard, 7, {{1, 1}}), Verdict::kContinueProcessing);
  EXPECT_EQ(Judge(guard, 9, {{2, 0}}), Verdict::kContinueProcessing);
}

TEST(WalGuardTest, AStepBackOrAHoleBetweenIncarnationsDoesNotPassInTwoLogs) {
  for (const GroupStamp second :
       {GroupStamp{1, 5}, GroupStamp{1, 4}, GroupStamp{2, 1}, GroupStamp{3, 0}}) {
    WalGuard guard;
    EXPECT_EQ(Judge(guard, 4, {{1, 5}}), Verdict::kContinueProcessing);
    EXPECT_EQ(Judge(guard, 7, second), Verdict::kCorruptedRecord);
  }
}

TEST(WalGuardTest, OneHoleIsEnough) {
  EXPECT_FALSE(Passes({{{1, 0}}, {{1, 2}}, {{1, 3}}, {{1, 4}}}));
}

TEST(WalGuardTest, AStampOfAnotherLengthIsNone) {
  const std::string stamp = EncodeGroupStamp({3, 4, 2, 9});
  const auto decoded = DecodeGroupStamp(stamp);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->incarnation, 3U);
  EXPECT_EQ(decoded->number, 4U);
  EXPECT_EQ(decoded->flushed, 2U);
  EXPECT_EQ(decoded->first_log, 9U);
  EXPECT_FALSE(DecodeGroupStamp(stamp + "x").has_value());
  for (std::size_t size = 0; size < stamp.size(); ++size) {
    EXPECT_FALSE(DecodeGroupStamp(stamp.substr(0, size)).has_value());
  }
}

}  // namespace
}  // namespace tandem::internal
