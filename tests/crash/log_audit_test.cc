// The audit of a log's end tells a torn record from a damaged one; the stamps
// of the groups show a hole.

#include "batch/internal/log_audit.h"

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <random>

#include "batch/internal/wal_guard.h"
#include "tests/crash/store_files.h"
#include "tests/support/random_seed.h"

namespace tandem::internal {
namespace {

using testing::kLogBlockBytes;
using testing::kLogHeaderBytes;
using testing::LogFragments;
using testing::WriteLog;

std::string Payload(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string payload(size, '\0');
  for (char& byte : payload) byte = static_cast<char>(random());
  return payload;
}

std::string SmallLog() {
  std::vector<std::string> records;
  for (unsigned i = 0; i < 20; ++i) records.push_back(Payload(10 + 13 * i, i));
  return WriteLog(records);
}

// The last record lies in three blocks.
std::string FragmentedLog() {
  return WriteLog({Payload(100, 1), Payload(40'000, 2), Payload(70'000, 3)});
}

TEST(LogAuditTest, AnEmptyLogIsGood) { EXPECT_TRUE(AuditLog("", "log").ok()); }

TEST(LogAuditTest, AWholeLogIsGood) {
  EXPECT_TRUE(AuditLog(SmallLog(), "log").ok());
  EXPECT_TRUE(AuditLog(FragmentedLog(), "log").ok());
}

TEST(LogAuditTest, ALogTornAnywhereIsGood) {
  for (const std::string& log : {SmallLog(), FragmentedLog()}) {
    for (std::size_t size = 0; size < log.size(); ++size) {
      // Far from a block's ends, inside a payload, all sizes are alike.
      const std::size_t in_block = size % kLogBlockBytes;
      if (in_block > 5000 && in_block < kLogBlockBytes - 200 && size % 101 != 0) continue;
      const Status audited = AuditLog(std::string_view(log).substr(0, size), "log");
      ASSERT_TRUE(audited.ok()) << audited << " at " << size;
    }
  }
}

TEST(LogAuditTest, ALogThatGrewByZerosIsGood) {
  for (const std::size_t zeros : {1U, 6U, 7U, 100U, 40'000U}) {
    EXPECT_TRUE(AuditLog(SmallLog() + std::string(zeros, '\0'), "log").ok());
  }
}

TEST(LogAuditTest, ZerosAtTheEndOfALogBeforeTheLastAreDamage) {
  EXPECT_TRUE(AuditLog(SmallLog(), "log", false).ok());
  EXPECT_EQ(AuditLog(SmallLog() + std::string(100, '\0'), "log", false).code(),
            StatusCode::kCorruption);
}

TEST(LogAuditTest, ZerosBeforeOtherBytesAreDamage) {
  EXPECT_EQ(AuditLog(SmallLog() + std::string(100, '\0') + "x", "log").code(),
            StatusCode::kCorruption);
}

TEST(LogAuditTest, RecordsThatEndAtABlockBoundaryAreGood) {
  // A header that just fits, one that does not, and a filler of each length.
  for (std::size_t left = 0; left <= 2 * kLogHeaderBytes; ++left) {
    const std::string log =
        WriteLog({Payload(kLogBlockBytes - kLogHeaderBytes - left, 1), Payload(50, 2)});
    EXPECT_TRUE(AuditLog(log, "log").ok()) << left;
    for (std::size_t size = kLogBlockBytes - 20; size < log.size(); ++size) {
      EXPECT_TRUE(AuditLog(log.substr(0, size), "log").ok()) << left;
    }
  }
}

// What RocksDB's reader does with a log: it stops without a word only at the
// end, at a record that reaches beyond it, or at a type that it skips. All of
// those are the audit's; a wrong checksum is RocksDB's.
bool ChecksumTells(const std::string& log, const testing::LogFragment& damaged) {
  return damaged.type >= 1 && damaged.type <= 4 &&
         damaged.offset + kLogHeaderBytes + damaged.length <= log.size();
}

TEST(LogAuditTest, AFlippedBitInAHeaderIsDamageOrLeftToTheChecksum) {
  for (const std::string& log : {SmallLog(), FragmentedLog()}) {
    const auto fragments = LogFragments(log);
    for (std::size_t i = 0; i < fragments.size(); ++i) {
      for (std::size_t bit = 0; bit < 8 * kLogHeaderBytes; ++bit) {
        std::string flipped = log;
        char& byte = flipped[fragments[i].offset + bit / 8];
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
        if (!AuditLog(flipped, "log").ok()) continue;
        const auto seen = LogFragments(flipped);
        ASSERT_GT(seen.size(), i) << "the record's bit " << bit << " hides it from everybody";
        EXPECT_TRUE(ChecksumTells(flipped, seen[i]));
      }
    }
  }
}

std::string StampedBatch(std::optional<GroupStamp> stamp) {
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
  const Verdict verdict =
      guard.LogRecordFound(log, std::to_string(log) + ".log",
                           rocksdb::WriteBatch(StampedBatch(stamp)), &new_batch, &changed);
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
  const std::string stamp = EncodeGroupStamp({3, 4, 2});
  const auto decoded = DecodeGroupStamp(stamp);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->incarnation, 3U);
  EXPECT_EQ(decoded->number, 4U);
  EXPECT_EQ(decoded->flushed, 2U);
  EXPECT_FALSE(DecodeGroupStamp(stamp + "x").has_value());
  for (std::size_t size = 0; size < stamp.size(); ++size) {
    EXPECT_FALSE(DecodeGroupStamp(stamp.substr(0, size)).has_value());
  }
}

}  // namespace
}  // namespace tandem::internal
