// The audit finds the end of the logs: what was never flushed may be torn or have holes, and is
// cut; what was flushed is damaged then.

#include "tandem/batch/internal/log/log_audit.h"

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <random>
#include <string>
#include <vector>

#include "tandem/batch/internal/log/log_scan.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::internal {
namespace {

using testing::kLogBlockBytes;
using testing::kLogHeaderBytes;
using testing::LogFragments;
using testing::StampedGroup;
using testing::WriteLog;
using testing::Zero;

constexpr std::uint64_t kNumber = 9;  // of a log that is alone

// Log `kNumber` and those that follow it, with how much is kept of each.
Result<std::vector<std::size_t>> Audit(const std::vector<std::string>& logs) {
  std::vector<AuditedLog> audited;
  for (const std::string& log : logs) {
    const std::uint64_t number = kNumber + audited.size();
    audited.push_back(AuditedLog{std::to_string(number) + ".log", number, ScanLog(log)});
  }
  return JudgeLogs(audited);
}

StatusCode Verdict(const std::vector<std::string>& logs) { return Audit(logs).status().code(); }

std::size_t Kept(const std::string& log) {
  const auto sizes = Audit({log});
  EXPECT_TRUE(sizes.ok()) << sizes.status();
  return sizes.ok() ? sizes->front() : 0;
}

// Groups of one incarnation, whose first is in log `first_log`.
struct Groups {
  std::uint64_t first_log = kNumber;
  std::vector<std::string> records;

  // One more, of `bytes` and some; it knows that group `flushed` was flushed.
  Groups& Add(std::size_t bytes, std::uint64_t number, std::uint64_t flushed) {
    records.push_back(StampedGroup({1, number, flushed, first_log}, bytes));
    return *this;
  }
  std::string Log() const { return WriteLog(records); }
};

// Groups 0 to 19; 0 to 9 are flushed, each known to the next.
std::string SmallLog() {
  Groups groups;
  for (std::uint64_t i = 0; i < 20; ++i) groups.Add(10 + 130 * i, i, i < 10 ? i - (i > 0) : 9);
  return groups.Log();
}

// The last record lies in three blocks.
std::string FragmentedLog() {
  return Groups().Add(100, 0, 0).Add(40'000, 1, 0).Add(70'000, 2, 0).Log();
}

// Where the records of a log end.
std::vector<std::size_t> Ends(const std::string& log) {
  std::vector<std::size_t> ends;
  for (const auto& fragment : LogFragments(log)) {
    const bool is_last = fragment.type == 1 || fragment.type == 4;
    if (is_last) ends.push_back(fragment.offset + kLogHeaderBytes + fragment.length);
  }
  return ends;
}

std::size_t EndBefore(const std::string& log, std::size_t size) {
  std::size_t end = 0;
  for (const std::size_t at : Ends(log)) end = at <= size ? at : end;
  return end;
}

TEST(LogAuditTest, AnEmptyLogIsGood) { EXPECT_EQ(Kept(""), 0U); }

TEST(LogAuditTest, AWholeLogIsKept) {
  EXPECT_EQ(Kept(SmallLog()), SmallLog().size());
  EXPECT_EQ(Kept(FragmentedLog()), FragmentedLog().size());
}

TEST(LogAuditTest, ALogThatEndsWithinARecordIsCutBeforeIt) {
  for (const std::string& log : {SmallLog(), FragmentedLog()}) {
    for (std::size_t size = 0; size < log.size(); ++size) {
      // Far from a block's ends, inside a payload, all sizes are alike.
      const std::size_t in_block = size % kLogBlockBytes;
      if (in_block > 5000 && in_block < kLogBlockBytes - 200 && size % 1009 != 0) continue;
      ASSERT_EQ(Kept(log.substr(0, size)), EndBefore(log, size)) << size;
    }
  }
}

TEST(LogAuditTest, ZerosBehindTheLastRecordAreTheEndOfAnyLog) {
  const std::string log = SmallLog();
  const std::string next = Groups().Add(50, 20, 9).Log();
  for (const std::size_t zeros : {1U, 6U, 7U, 100U, 40'000U}) {
    const std::string grown = log + std::string(zeros, '\0');
    EXPECT_EQ(Kept(grown), log.size());
    const auto sizes = Audit({grown, next});
    ASSERT_TRUE(sizes.ok()) << sizes.status();
    EXPECT_EQ(*sizes, (std::vector{log.size(), next.size()}));
  }
}

TEST(LogAuditTest, RecordsThatEndAtABlockBoundaryAreGood) {
  const std::size_t overhead = StampedGroup({}, 0).size();
  // A header that just fits, one that does not, and a filler of each length.
  for (std::size_t left = 0; left <= 2 * kLogHeaderBytes; ++left) {
    const std::size_t bytes = kLogBlockBytes - kLogHeaderBytes - left - overhead - 2;
    const std::string log = Groups().Add(bytes, 0, 0).Add(50, 1, 0).Log();
    for (std::size_t size = kLogBlockBytes - 20; size <= log.size(); ++size) {
      ASSERT_EQ(Kept(log.substr(0, size)), EndBefore(log, size)) << left << ' ' << size;
    }
  }
}

// Sectors were lost, and whole records stand behind them.
TEST(LogAuditTest, AHoleInWhatWasNeverFlushedIsCutOffWithAllBehindIt) {
  const std::string log = SmallLog();
  const std::size_t flushed = Ends(log)[9];
  for (std::size_t sector = 0; sector < log.size(); sector += 512) {
    const std::size_t begin = std::max(sector, flushed);
    if (begin >= std::min(sector + 512, log.size())) continue;
    ASSERT_EQ(Kept(Zero(log, begin, sector + 512)), EndBefore(log, begin)) << sector;
  }
}

TEST(LogAuditTest, AHoleBeforeAGroupThatKnewOfItsFlushIsDamage) {
  const std::string log = SmallLog();
  const std::size_t known = Ends(log)[9];
  for (std::size_t sector = 0; sector < known; sector += 512) {
    EXPECT_EQ(Verdict({Zero(log, sector, std::min(known, sector + 512))}), StatusCode::kCorruption)
        << sector;
  }
}

TEST(LogAuditTest, AHoleIsDamageIfAGroupOfALaterLogKnewOfTheFlush) {
  const std::string log = Groups().Add(900, 0, 0).Add(900, 1, 0).Add(900, 2, 0).Log();
  const std::string torn = Zero(log, Ends(log)[1], log.size());
  const std::string half = Zero(log, Ends(log)[1] + 100, Ends(log)[1] + 700);
  const std::string did_not_know = Groups().Add(50, 3, 1).Add(50, 4, 1).Log();
  const std::string knew = Groups().Add(50, 3, 1).Add(50, 4, 3).Log();
  EXPECT_EQ(Verdict({half, did_not_know, knew}), StatusCode::kCorruption);
  // Without that everything behind the hole is dropped, in later logs, too.
  const auto sizes = Audit({half, did_not_know});
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  EXPECT_EQ(*sizes, (std::vector<std::size_t>{Ends(log)[1], 0}));
  // Where only zeros are, nothing says whether a group is missing: that is for the replay.
  EXPECT_EQ(Verdict({torn, knew}), StatusCode::kOk);
}

TEST(LogAuditTest, AHoleInALogIsDamageIfALaterIncarnationBegan) {
  const std::string log = Groups().Add(900, 0, 0).Add(2000, 1, 0).Log();
  const std::string next = WriteLog({StampedGroup({2, 0, 0, kNumber + 1}, 10)});
  EXPECT_EQ(Verdict({Zero(log, 1024, 1536), next}), StatusCode::kCorruption);
}

TEST(LogAuditTest, TheFirstRecordOfAnIncarnationIsFlushedBeforeAnyOther) {
  const std::string log = Groups().Add(600, 0, 0).Add(600, 1, 0).Log();
  EXPECT_EQ(Verdict({Zero(log, 0, 512)}), StatusCode::kCorruption);
  EXPECT_EQ(Kept(Zero(log.substr(0, Ends(log)[0]), 0, 512)), 0U) << "nothing is behind it";
}

TEST(LogAuditTest, ALaterLogMayLackItsFirstRecord) {
  const auto log_of = [](std::uint64_t flushed) {
    Groups groups{kNumber - 2, {}};
    return Zero(groups.Add(600, 7, 5).Add(600, 8, 5).Add(60, 9, flushed).Log(), 0, 512);
  };
  EXPECT_EQ(Kept(log_of(5)), 0U);
  EXPECT_EQ(Verdict({log_of(8)}), StatusCode::kCorruption);
}

TEST(LogAuditTest, ALogThatIsMissingWholeTakesTheLaterOnesWithIt) {
  Groups first{kNumber, {}};
  const std::string before = first.Add(60, 0, 0).Log();
  const std::string after = Groups().Add(60, 5, 0).Log();
  for (const std::string& missing : {std::string(), std::string(5000, '\0')}) {
    const auto sizes = Audit({before, missing, after});
    ASSERT_TRUE(sizes.ok()) << sizes.status();
    EXPECT_EQ(*sizes, (std::vector<std::size_t>{before.size(), 0, 0}));
    EXPECT_EQ(Verdict({before, missing, Groups().Add(60, 5, 1).Log()}), StatusCode::kCorruption);
    EXPECT_EQ(Verdict({missing, after}), StatusCode::kCorruption) << "it began there";
  }
}

TEST(LogAuditTest, ALogThatWasNeverWrittenToIsNotMissed) {
  const std::string after = WriteLog({StampedGroup({2, 0, 0, kNumber + 1}, 60)});
  const auto sizes = Audit({"", after});
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  EXPECT_EQ(*sizes, (std::vector<std::size_t>{0, after.size()}));
}

TEST(LogAuditTest, EveryFlippedBitInTheLastHeadersIsDamage) {
  for (const std::string& log : {SmallLog(), FragmentedLog()}) {
    for (const auto& fragment : LogFragments(log)) {
      for (std::size_t bit = 0; bit < 8 * kLogHeaderBytes; ++bit) {
        std::string flipped = log;
        char& byte = flipped[fragment.offset + bit / 8];
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
        ASSERT_EQ(Verdict({flipped}), StatusCode::kCorruption)
            << "bit " << bit << " of the header at " << fragment.offset;
      }
    }
  }
}

// Behind the last group that was flushed the file had grown, or sectors of the next are missing.
TEST(LogAuditTest, AFlippedBitInTheLastFlushedHeaderIsDamageWhateverIsMissingBehindIt) {
  for (const std::size_t bytes : {10U, 400U, 2000U, 20'000U}) {
    const std::string flushed = Groups().Add(100, 0, 0).Add(bytes, 1, 0).Log();
    const std::size_t header = LogFragments(flushed)[1].offset;
    const std::string more = Groups().Add(100, 0, 0).Add(bytes, 1, 0).Add(9000, 2, 0).Log();
    const std::size_t next_sector = flushed.size() - flushed.size() % 512 + 512;
    for (const std::string& log :
         {flushed + std::string(70, '\0'), flushed + std::string(70'000, '\0'),
          Zero(more, flushed.size(), next_sector), Zero(more, next_sector, next_sector + 512),
          Zero(more, next_sector, more.size())}) {
      for (std::size_t bit = 0; bit < 8 * kLogHeaderBytes; ++bit) {
        std::string flipped = log;
        flipped[header + bit / 8] = static_cast<char>(flipped[header + bit / 8] ^ (1 << (bit % 8)));
        ASSERT_EQ(Verdict({flipped}), StatusCode::kCorruption)
            << "bit " << bit << " of the header before " << bytes << " bytes, and "
            << log.size() - flushed.size() << " behind them";
      }
    }
  }
}

TEST(LogAuditTest, AFlippedBitInTheLastPayloadIsDamage) {
  for (const std::string& log : {SmallLog(), FragmentedLog()}) {
    const std::size_t begin = LogFragments(log).back().offset + kLogHeaderBytes;
    for (std::size_t at = begin; at < log.size(); at += 1 + (log.size() - begin) / 200) {
      std::string flipped = log;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
      ASSERT_EQ(Verdict({flipped}), StatusCode::kCorruption) << at;
    }
  }
}

TEST(LogAuditTest, ManyWrongBytesWithoutAMissingSectorAreDamage) {
  std::string log = Groups().Add(500, 0, 0).Add(5000, 1, 0).Log();
  log.replace(log.size() - 2000, 300, 300, 'x');
  EXPECT_EQ(Verdict({log}), StatusCode::kCorruption);
}

// One sector has a single bit that is set: whether it was flipped or not written, nobody knows.
// The record looks torn, since a sector of it is zero; the group behind it in the next block knew
// of its flush, and is found although the block does not begin with anything whole.
TEST(LogAuditTest, DamageOverTheEndOfABlockHidesNoGroupBehindIt) {
  std::string log = Groups().Add(100, 0, 0).Add(29'500, 1, 0).Add(5'000, 2, 1).Add(100, 3, 2).Log();
  const std::size_t second = Ends(log)[1];
  ASSERT_LT(second, kLogBlockBytes - 2'048);
  ASSERT_GT(Ends(log)[2], kLogBlockBytes);
  const std::size_t sector = kLogBlockBytes - 1'024;
  log = Zero(log, sector, sector + 512);
  for (std::size_t i = 0; i < 60; ++i) {
    log[kLogBlockBytes - 9 + i] = static_cast<char>(0xA5 ^ i);
  }
  EXPECT_EQ(Verdict({log}), StatusCode::kCorruption);
}

TEST(LogAuditTest, ASectorWithASingleBitMayBeMissing) {
  const std::string log = Groups().Add(400, 0, 0).Log();
  for (std::size_t bytes = 0; bytes < 600; ++bytes) {
    const std::string whole = Groups().Add(400, 0, 0).Add(bytes, 1, 0).Log();
    const std::size_t sector = whole.size() - whole.size() % 512;
    if (whole.size() == sector || sector < log.size()) continue;
    ASSERT_GE(Kept(Zero(whole, sector, whole.size())), log.size()) << bytes;
  }
}

TEST(LogAuditTest, AFragmentOutOfOrderIsDamage) {
  const std::string log = FragmentedLog();
  const std::string tail = log.substr(kLogBlockBytes, kLogBlockBytes);  // begins within a record
  EXPECT_EQ(Verdict({tail}), StatusCode::kCorruption);
  EXPECT_EQ(Verdict({log.substr(0, kLogBlockBytes) + log.substr(0, kLogBlockBytes)}),
            StatusCode::kCorruption);
}

TEST(LogAuditTest, ARecordWithoutAStampIsDamage) {
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put("key", "value").ok());
  EXPECT_EQ(Verdict({WriteLog({batch.Data()})}), StatusCode::kCorruption);
}

TEST(LogAuditTest, WhatIsCutOffIsGoneFromTheDevice) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path path = std::filesystem::canonical(directory.path()) / "000009.log";
  const std::string log = SmallLog();
  const std::size_t flushed = Ends(log)[9];
  testing::WriteFile(path, Zero(log, flushed, flushed + 512));
  ASSERT_TRUE(AuditLogs(directory.path()).ok());
  EXPECT_EQ(testing::ReadFile(path), log.substr(0, flushed));
  EXPECT_EQ(testing::DurableSizes().at(path), flushed);
}

TEST(LogAuditTest, ADamagedLogIsLeftAlone) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "000009.log";
  const std::string damaged = Zero(SmallLog(), 512, 1024);
  testing::WriteFile(path, damaged);
  const Status audited = AuditLogs(directory.path());
  EXPECT_EQ(audited.code(), StatusCode::kCorruption);
  EXPECT_NE(audited.message().find("000009.log at byte"), std::string::npos) << audited;
  EXPECT_EQ(testing::ReadFile(path), damaged);
}

}  // namespace
}  // namespace tandem::internal
