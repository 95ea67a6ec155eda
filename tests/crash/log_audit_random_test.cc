// Random logs, torn by power cuts and damaged, against what is known of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "tandem/batch/internal/log/log_audit.h"
#include "tandem/batch/internal/log/log_scan.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem::internal {
namespace {

constexpr std::uint64_t kNumber = 9;
constexpr std::uint64_t kIncarnation = 3;
constexpr std::size_t kSmallest = 1;
constexpr std::size_t kLargest = 90'000;
constexpr std::size_t kLogBytes = 150'000;  // and one record

struct Record {
  GroupStamp stamp;
  std::size_t begin = 0;  // in the log, with its header
  std::size_t end = 0;
};

// A log whose first groups are flushed.
struct RandomLog {
  std::string bytes;
  std::vector<Record> records;
  std::size_t last_flushed = 0;  // index of the last group that was flushed

  std::size_t flushed_bytes() const { return records[last_flushed].end; }
};

std::size_t RandomSize(std::mt19937_64& random) {
  const double exponent = std::uniform_real_distribution<>(0, 1)(random);
  return static_cast<std::size_t>(kSmallest * std::pow(double{kLargest} / kSmallest, exponent));
}

// Some flushes come in the first half, none in the second.
RandomLog MakeLog(std::mt19937_64& random) {
  RandomLog log;
  std::vector<std::size_t> sizes;
  std::size_t total = 0;
  while (total < kLogBytes && sizes.size() < 400) total += sizes.emplace_back(RandomSize(random));
  log.last_flushed = sizes.size() / 2;
  // An incarnation's first log, or a later one of it.
  const bool is_first = random() % 2 == 0;
  GroupStamp stamp{.incarnation = kIncarnation, .first_log = kNumber};
  if (!is_first) stamp = {kIncarnation, 1000, random() % 1000, kNumber - 3};
  std::vector<std::string> batches;
  for (std::size_t i = 0; i < sizes.size(); ++i, ++stamp.number) {
    batches.push_back(testing::RandomGroup(stamp, sizes[i], random));
    log.records.push_back(Record{stamp, 0, 0});
    const bool flushes =
        i == log.last_flushed || (i < log.last_flushed && random() % 3 == 0) || stamp.number == 0;
    if (flushes) stamp.flushed = stamp.number;
  }
  log.bytes = testing::WriteLog(batches);
  std::size_t record = 0;
  for (const auto& fragment : testing::LogFragments(log.bytes)) {
    const bool begins = fragment.type == 1 || fragment.type == 2;
    const bool ends = fragment.type == 1 || fragment.type == 4;
    if (begins) log.records[record].begin = fragment.offset;
    if (ends) {
      log.records[record++].end = fragment.offset + testing::kLogHeaderBytes + fragment.length;
    }
  }
  EXPECT_EQ(record, log.records.size());
  return log;
}

Result<std::vector<std::size_t>> Audit(std::string_view bytes) {
  return JudgeLogs({AuditedLog{"000009.log", kNumber, ScanLog(bytes)}});
}

// Which record has this byte; nullptr: it is filler.
const Record* RecordAt(const RandomLog& log, std::size_t byte) {
  for (const auto& fragment : testing::LogFragments(log.bytes)) {
    const std::size_t end = fragment.offset + testing::kLogHeaderBytes + fragment.length;
    if (byte < fragment.offset || byte >= end) continue;
    const auto found = std::ranges::upper_bound(log.records, byte, {}, &Record::end);
    return &*found;
  }
  return nullptr;
}

class RandomLogTest : public ::testing::Test {
 protected:
  std::mt19937_64 random_{testing::TestSeed()};
};

TEST_F(RandomLogTest, WhatAPowerCutLeavesIsNoDamageAndKeepsWhatWasFlushed) {
  const int rounds = testing::ScaledRounds(400);
  std::size_t cut = 0;
  for (int round = 0; round < rounds; ++round) {
    const RandomLog log = MakeLog(random_);
    for (int i = 0; i < 3; ++i) {
      const std::string left = testing::AfterPowerCut(log.bytes, log.flushed_bytes(), random_);
      const auto sizes = Audit(left);
      ASSERT_TRUE(sizes.ok()) << sizes.status() << " in round " << round;
      const std::size_t kept = sizes->front();
      ASSERT_GE(kept, log.flushed_bytes()) << "in round " << round;
      ASSERT_EQ(left.substr(0, kept), log.bytes.substr(0, kept)) << "in round " << round;
      ASSERT_TRUE(std::ranges::count(log.records, kept, &Record::end) == 1) << kept;
      cut += kept < left.size() ? 1 : 0;
    }
  }
  std::cout << 3 * rounds << " torn logs, " << cut << " of them cut" << std::endl;
}

TEST_F(RandomLogTest, ASingleFlippedBitInWhatWasFlushedIsNoticed) {
  const int rounds = testing::ScaledRounds(400);
  int in_last = 0;
  for (int round = 0; round < rounds; ++round) {
    const RandomLog log = MakeLog(random_);
    std::string left = testing::AfterPowerCut(log.bytes, log.flushed_bytes(), random_);
    for (int i = 0; i < 3; ++i) {
      const Record& last = log.records[log.last_flushed];
      const bool choose_last = random_() % 3 == 0;
      const std::size_t from = choose_last ? last.begin : 0;
      const std::size_t byte = from + random_() % (last.end - from);
      const Record* const record = RecordAt(log, byte);
      if (record == nullptr) continue;
      in_last += record == &last ? 1 : 0;
      std::string flipped = left;
      const std::size_t bit = random_() % 8;
      flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << bit));
      ASSERT_EQ(Audit(flipped).status().code(), StatusCode::kCorruption)
          << "bit " << bit << " of byte " << byte << " in round " << round;
    }
  }
  std::cout << 3 * rounds << " flipped bits, " << in_last << " in the last flushed group"
            << std::endl;
}

// Garbage that leaves a sector of zeros, or makes the record longer than the file, looks torn.
TEST_F(RandomLogTest, GarbageBeforeAGroupThatKnewOfTheFlushIsNoticedAndElseNearlyAlways) {
  const int rounds = testing::ScaledRounds(1000);
  int in_last = 0;
  int unnoticed = 0;
  for (int round = 0; round < rounds; ++round) {
    const RandomLog log = MakeLog(random_);
    const bool choose_last = random_() % 2 == 0;
    const Record& damaged =
        log.records[choose_last ? log.last_flushed : random_() % (log.last_flushed + 1)];
    const std::size_t size = std::min(1 + random_() % 64, damaged.end - damaged.begin);
    const std::size_t at = damaged.begin + random_() % (damaged.end - damaged.begin - size + 1);
    std::string bytes = testing::AfterPowerCut(log.bytes, log.flushed_bytes(), random_);
    for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(random_());
    const auto sizes = Audit(bytes);
    if (sizes.ok() && sizes->front() >= log.flushed_bytes()) continue;  // it hit filler, or nothing
    const bool known = std::ranges::any_of(log.records, [&](const Record& record) {
      return record.end <= log.flushed_bytes() && record.begin >= damaged.end &&
             record.stamp.flushed >= damaged.stamp.number;
    });
    if (known) {
      ASSERT_EQ(sizes.status().code(), StatusCode::kCorruption)
          << size << " bytes at " << at << " in round " << round;
    } else {
      ++in_last;
      unnoticed += sizes.ok() ? 1 : 0;
    }
  }
  std::cout << rounds << " times garbage; " << in_last << " that no later group knew of, "
            << unnoticed << " of those unnoticed" << std::endl;
  if (in_last >= 100) {
    EXPECT_LE(unnoticed * 10, in_last);
  }
}

}  // namespace
}  // namespace tandem::internal
