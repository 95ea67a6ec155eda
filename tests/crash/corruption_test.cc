// Damaged files: a store either fails with an error or shows what was written.
// It never shows anything else, and it neither crashes nor hangs.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/crash/file_faults.h"
#include "tandem/tests/crash/store_files.h"
#include "tandem/tests/crash/workload.h"
#include "tandem/tests/support/random_seed.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using testing::BatchPlan;

const std::vector<std::string> kQueues = {testing::kWorkQueue, "later"};
constexpr int kBatches = 120;

// What opening and reading a damaged store came to.
enum class Outcome { kSame, kError };

class CorruptionTest : public ::testing::Test {
 protected:
  CorruptionTest() { testing::SkipSyncs(true); }
  ~CorruptionTest() override { testing::SkipSyncs(false); }

  static RocksDbOptions Options() {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.write_buffer_bytes = std::size_t{64} << 20;
    return options;
  }

  static void Fill(Provider& store) {
    for (int i = 1; i <= kBatches; ++i) {
      const BatchPlan plan({static_cast<std::uint32_t>(i % 3), static_cast<std::uint64_t>(i)});
      const auto written = store.AtomicBatch(plan.Operations(), {Durability::kBuffered});
      ASSERT_TRUE(written.ok()) << written.status();
      if (i % 10 != 0) continue;
      DequeueOptions options;
      options.max_messages = 5;
      const auto taken = store.Dequeue(testing::kWorkQueue, options);
      ASSERT_TRUE(taken.ok()) << taken.status();
      ASSERT_TRUE(store.AtomicBatch(testing::ConsumerBatch(0, *taken)).ok());
    }
    // The last group knows that all before it were flushed.
    ASSERT_TRUE(store.Flush().ok());
    const BatchPlan last({0, kBatches + 3});
    ASSERT_TRUE(store.AtomicBatch(last.Operations(), {Durability::kBuffered}).ok());
  }

  // Everything is in the write-ahead log: a copy of an open store.
  void BuildInLog() {
    {
      auto store = RocksDbProvider::Open(built_, Options());
      ASSERT_TRUE(store.ok()) << store.status();
      Fill(**store);
      testing::CopyStore(built_, pristine_);
    }
    Record();
  }

  // Everything is in tables: reopening empties the log into them.
  void BuildInTables() {
    for (int part = 0; part < 3; ++part) {
      auto store = RocksDbProvider::Open(built_, Options());
      ASSERT_TRUE(store.ok()) << store.status();
      if (part == 0) Fill(**store);
    }
    testing::CopyStore(built_, pristine_);
    Record();
  }

  void Record() {
    testing::CopyStore(pristine_, damaged_);
    const Result<std::string> dump = OpenAndDump();
    ASSERT_TRUE(dump.ok()) << dump.status();
    expected_ = *dump;
    ASSERT_GT(expected_.size(), 100'000U);
  }

  Result<std::string> OpenAndDump() {
    TANDEM_ASSIGN_OR_RETURN(auto store, RocksDbProvider::Open(damaged_, Options()));
    return testing::DumpStore(*store, {}, kQueues);
  }

  // Damages a fresh copy, and sees what comes of it.
  Outcome Try(const std::string& what, const std::function<void()>& damage) {
    testing::CopyStore(pristine_, damaged_);
    damage();
    const Result<std::string> dump = OpenAndDump();
    if (dump.ok()) {
      EXPECT_TRUE(*dump == expected_) << "unnoticed: " << what << ": " << dump->size()
                                      << " bytes instead of " << expected_.size();
      return Outcome::kSame;
    }
    const StatusCode code = dump.status().code();
    EXPECT_TRUE(code == StatusCode::kCorruption || code == StatusCode::kIoError ||
                code == StatusCode::kUnsupported || code == StatusCode::kInvalidArgument ||
                code == StatusCode::kNotFound)
        << what << ": " << dump.status();
    ++codes_[StatusCodeName(code)];
    return Outcome::kError;
  }

  Outcome TryFlip(const std::string& name, std::size_t byte, int bit) {
    return Try("bit " + std::to_string(bit) + " of byte " + std::to_string(byte) + " of " + name,
               [&] { Flip(name, byte, bit); });
  }

  void Flip(const std::string& name, std::size_t byte, int bit) {
    std::string bytes = testing::ReadFile(damaged_ / name);
    bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << bit));
    testing::WriteFile(damaged_ / name, bytes);
  }

  void RandomFlips(int flips) {
    std::mt19937_64 random(testing::TestSeed());
    std::map<std::string, std::pair<int, int>> seen;  // kind -> same, error
    const auto files = testing::FilesOf(pristine_);
    for (int i = 0; i < flips; ++i) {
      const fs::path& file = files[random() % files.size()];
      const std::size_t size = fs::file_size(file);
      if (size == 0) continue;
      const std::string name = file.filename();
      // Half of them near the end, where indexes and footers are.
      const std::size_t from = random() % 2 == 0 && size > 1000 ? size - 1000 : 0;
      const std::size_t byte = from + random() % (size - from);
      const Outcome outcome = TryFlip(name, byte, static_cast<int>(random() % 8));
      // Nobody reads IDENTITY and OPTIONS, and RocksDB goes on without a
      // table's filter, which a checksum of its own guards; the padding of a
      // table's footer means nothing.
      if (!name.starts_with("IDENTITY") && !name.starts_with("OPTIONS") &&
          !name.ends_with(".sst")) {
        EXPECT_EQ(outcome, Outcome::kError) << "byte " << byte << " of " << name;
      }
      auto& [same, error] = seen[name.substr(0, name.find('-')).ends_with("g") ? "log"
                                 : name.ends_with(".sst")                      ? "sst"
                                                          : name.substr(0, name.find('-'))];
      ++(outcome == Outcome::kSame ? same : error);
    }
    for (const auto& [kind, counts] : seen) {
      std::cout << kind << ": " << counts.second << " errors, " << counts.first << " without effect"
                << std::endl;
    }
    for (const auto& [code, times] : codes_) std::cout << code << ": " << times << std::endl;
  }

  fs::path LastLog() const { return testing::FilesOf(pristine_, ".log").back().filename(); }

  // Replaces the records of the log.
  Outcome TryRecords(const std::string& what, const std::vector<std::string>& records) {
    return Try(what, [&] { testing::WriteFile(damaged_ / LastLog(), testing::WriteLog(records)); });
  }

  testing::TemporaryDirectory directory_;
  const fs::path built_ = directory_.path() / "built";
  const fs::path pristine_ = directory_.path() / "pristine";
  const fs::path damaged_ = directory_.path() / "damaged";
  std::string expected_;
  std::map<std::string_view, int> codes_;
};

TEST_F(CorruptionTest, AFlippedBitInAStoreInTheLogIsNoticedOrHarmless) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  RandomFlips(testing::ScaledRounds(150));
}

TEST_F(CorruptionTest, AFlippedBitInAStoreInTablesIsNoticedOrHarmless) {
  ASSERT_NO_FATAL_FAILURE(BuildInTables());
  ASSERT_FALSE(testing::FilesOf(pristine_, ".sst").empty());
  RandomFlips(testing::ScaledRounds(250));
}

TEST_F(CorruptionTest, EveryFlippedBitInTheLastHeadersOfTheLogIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  const auto fragments = testing::LogFragments(testing::ReadFile(pristine_ / LastLog()));
  ASSERT_GT(fragments.size(), 10U);
  for (std::size_t i = fragments.size() - 5; i < fragments.size(); ++i) {
    for (std::size_t bit = 0; bit < 8 * testing::kLogHeaderBytes; ++bit) {
      EXPECT_EQ(TryFlip(LastLog(), fragments[i].offset + bit / 8, static_cast<int>(bit % 8)),
                Outcome::kError)
          << "header " << i << " of " << fragments.size() << ", bit " << bit;
    }
  }
}

TEST_F(CorruptionTest, EveryFlippedBitInTheHeadersOfTheManifestIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInTables());
  for (const fs::path& file : testing::FilesOf(pristine_)) {
    const std::string name = file.filename();
    if (!name.starts_with("MANIFEST")) continue;
    for (const auto& fragment : testing::LogFragments(testing::ReadFile(file))) {
      for (std::size_t bit = 0; bit < 8 * testing::kLogHeaderBytes; ++bit) {
        EXPECT_EQ(TryFlip(name, fragment.offset + bit / 8, static_cast<int>(bit % 8)),
                  Outcome::kError)
            << name << " at " << fragment.offset << ", bit " << bit;
      }
    }
  }
}

TEST_F(CorruptionTest, EveryFlippedBitInCurrentIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInTables());
  const std::size_t size = fs::file_size(pristine_ / "CURRENT");
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    EXPECT_EQ(TryFlip("CURRENT", bit / 8, static_cast<int>(bit % 8)), Outcome::kError) << bit;
  }
}

TEST_F(CorruptionTest, AGroupThatIsMissingInTheLogIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  const auto records = testing::LogRecords(testing::ReadFile(pristine_ / LastLog()));
  ASSERT_GT(records.size(), 100U);
  ASSERT_EQ(TryRecords("nothing", records), Outcome::kSame);
  std::mt19937_64 random(testing::TestSeed());
  for (int i = 0; i < 20; ++i) {
    auto fewer = records;
    // Not the last: a log that ends early is what a power cut leaves.
    const std::size_t at = i == 0 ? 0 : random() % (records.size() - 1);
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_EQ(TryRecords("record " + std::to_string(at) + " is missing", fewer), Outcome::kError)
        << at;
  }
}

TEST_F(CorruptionTest, AGroupThatIsTwiceOrOutOfOrderInTheLogIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  const auto records = testing::LogRecords(testing::ReadFile(pristine_ / LastLog()));
  std::mt19937_64 random(testing::TestSeed());
  for (int i = 0; i < 10; ++i) {
    const std::size_t at = random() % records.size();
    auto more = records;
    more.insert(more.begin() + static_cast<std::ptrdiff_t>(at), records[at]);
    EXPECT_EQ(TryRecords("record " + std::to_string(at) + " twice", more), Outcome::kError);
    auto swapped = records;
    const std::size_t other = (at + 1) % records.size();
    std::swap(swapped[at], swapped[other]);
    EXPECT_EQ(TryRecords("record " + std::to_string(at) + " swapped", swapped), Outcome::kError);
  }
}

TEST_F(CorruptionTest, AStretchThatIsCutOutOfTheLogOrZeroIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  const std::string log = testing::ReadFile(pristine_ / LastLog());
  // The last group, of at most two fragments, stays whole: a log that ends early is what a power
  // cut leaves.
  const auto fragments = testing::LogFragments(log);
  ASSERT_GT(fragments.size(), 10U);
  const std::size_t last_group = fragments[fragments.size() - 2].offset;
  std::mt19937_64 random(testing::TestSeed());
  for (int i = 0; i < testing::ScaledRounds(40); ++i) {
    const std::size_t size = std::size_t{1} << (random() % 15);
    const std::size_t at = random() % (last_group - size);
    const std::string where = std::to_string(size) + " bytes at " + std::to_string(at);
    EXPECT_EQ(Try("cut out: " + where,
                  [&] {
                    testing::WriteFile(damaged_ / LastLog(),
                                       log.substr(0, at) + log.substr(at + size));
                  }),
              Outcome::kError)
        << where;
    // A page that was flushed, and lost.
    const std::size_t page = at - at % 4096;
    const std::size_t end = std::min(page + 4096, last_group);
    EXPECT_EQ(Try("zeros at " + std::to_string(page),
                  [&] { testing::WriteFile(damaged_ / LastLog(), testing::Zero(log, page, end)); }),
              Outcome::kError)
        << page;
  }
}

TEST_F(CorruptionTest, EveryFileThatIsMissingIsNoticedOrHarmless) {
  for (const bool in_tables : {false, true}) {
    if (in_tables) {
      fs::remove_all(built_);
      ASSERT_NO_FATAL_FAILURE(BuildInTables());
    } else {
      ASSERT_NO_FATAL_FAILURE(BuildInLog());
    }
    for (const fs::path& file : testing::FilesOf(pristine_)) {
      const std::string name = file.filename();
      const Outcome outcome = Try(name + " is missing", [&] { fs::remove(damaged_ / name); });
      const bool harmless = name == "IDENTITY" || name.starts_with("OPTIONS");
      EXPECT_EQ(outcome, harmless ? Outcome::kSame : Outcome::kError) << name;
      if (!harmless && fs::exists(pristine_ / "CURRENT")) {
        // Nothing else was destroyed in the attempt.
        fs::copy_file(pristine_ / name, damaged_ / name, fs::copy_options::overwrite_existing);
        const Result<std::string> dump = OpenAndDump();
        EXPECT_TRUE(dump.ok()) << dump.status() << " after " << name << " came back";
        EXPECT_TRUE(dump.ok() && *dump == expected_) << name;
      }
    }
  }
}

TEST_F(CorruptionTest, ATableThatIsTruncatedOrGrownIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(BuildInTables());
  for (const fs::path& file : testing::FilesOf(pristine_, ".sst")) {
    const std::string bytes = testing::ReadFile(file);
    for (const std::size_t size : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      EXPECT_EQ(Try("a truncated table",
                    [&] { testing::WriteFile(damaged_ / file.filename(), bytes.substr(0, size)); }),
                Outcome::kError);
    }
    EXPECT_EQ(
        Try("a grown table", [&] { testing::WriteFile(damaged_ / file.filename(), bytes + 'x'); }),
        Outcome::kError);
  }
}

TEST_F(CorruptionTest, ADamagedBlockStopsWritesWhenACompactionMeetsItAndNeitherReadsNorOpening) {
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.write_buffer_bytes = std::size_t{64} << 10;
  const StreamId left{"left", 0};
  std::mt19937_64 random(testing::TestSeed());
  const auto append = [&](Provider& store) {
    std::string payload(8192, 0);
    std::ranges::generate(payload, [&] { return static_cast<char>(random()); });
    return store.Append({"filler", 0}, {payload}).status();
  };
  // Each opening empties the log into a table.
  for (int part = 0; part < 3; ++part) {
    auto store = RocksDbProvider::Open(damaged_, options);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Append(left, {"x"}).ok());
    // The second stands in a block of its own, in the middle.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(**store).ok());
  }
  for (const fs::path& file : testing::FilesOf(damaged_, ".sst")) {
    if (fs::file_size(file) > 8192) Flip(file.filename(), fs::file_size(file) / 2, 3);
  }

  // Memtables are full after 8 events, and writes wait when there are 36 tables: a compaction must
  // have come by then.
  constexpr int kEnough = 8 * 40;
  for (int opening = 0; opening < 2; ++opening) {
    auto store = RocksDbProvider::Open(damaged_, options);
    ASSERT_TRUE(store.ok()) << opening << ": " << store.status();
    Status status;
    for (int i = 0; i < kEnough && status.ok(); ++i) status = append(**store);
    EXPECT_EQ(status.code(), StatusCode::kIoError) << opening << ": " << status;
    EXPECT_NE(status.message().find("is damaged"), std::string::npos) << status;
    EXPECT_EQ(append(**store).code(), StatusCode::kUnavailable) << opening;
    const auto page = (*store)->Read(left, {});
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->events.size(), 3U);
  }
}

// The log with a last record whose length reaches beyond the end and whose payload is damaged, so
// that its checksum is right for no length: it looks as if a crash had torn it.
std::string TearLastRecord(std::string log) {
  constexpr std::size_t kBlock = 32'768;
  constexpr std::size_t kHeader = 7;
  std::size_t last = 0;
  for (std::size_t at = 0; at + kHeader <= log.size();) {
    if (kBlock - at % kBlock < kHeader) {
      at += kBlock - at % kBlock;
      continue;
    }
    last = at;
    at += kHeader + static_cast<unsigned char>(log[at + 4]) +
          256 * std::size_t{static_cast<unsigned char>(log[at + 5])};
  }
  const std::size_t in_block = kBlock - last % kBlock - kHeader;
  log[last + 4] = static_cast<char>(in_block & 0xFF);
  log[last + 5] = static_cast<char>(in_block >> 8);
  log[last + kHeader + 3] = static_cast<char>(log[last + kHeader + 3] ^ 1);
  return log;
}

// Several logs: events fill their memtable again and again, and each time a new
// log begins; the few messages keep the old ones alive.
TEST_F(CorruptionTest, ALogThatIsMissingOrCutBeforeTheLastIsNoticed) {
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.write_buffer_bytes = std::size_t{128} << 10;
  {
    auto store = RocksDbProvider::Open(built_, options);
    ASSERT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < 200; ++i) {
      Batch operations;
      AppendEvents append;
      append.stream.entity = "big";
      append.events.emplace_back(4000, static_cast<char>('a' + i % 26));
      operations.Add(std::move(append));
      if (i % 50 == 0) operations.Add(Enqueue{testing::kWorkQueue, "message", {}});
      const auto written = (*store)->AtomicBatch(
          std::move(operations), {i % 3 == 0 ? Durability::kSync : Durability::kBuffered});
      ASSERT_TRUE(written.ok()) << written.status();
    }
  }
  testing::CopyStore(built_, pristine_);  // closed: nothing in the background changes its files
  Record();
  const auto logs = testing::FilesOf(pristine_, ".log");
  ASSERT_GE(logs.size(), 2U);
  for (std::size_t i = 0; i + 1 < logs.size(); ++i) {
    const std::string name = logs[i].filename();
    const std::string log = testing::ReadFile(logs[i]);
    EXPECT_EQ(Try(name + " is missing", [&] { fs::remove(damaged_ / name); }), Outcome::kError)
        << name;
    for (const std::size_t size : {std::size_t{0}, log.size() / 2, log.size() - 1}) {
      EXPECT_EQ(
          Try(name + " is cut", [&] { testing::WriteFile(damaged_ / name, log.substr(0, size)); }),
          Outcome::kError)
          << name << " cut to " << size << " of " << log.size();
    }
  }
  for (std::size_t i = 0; i + 1 < logs.size(); ++i) {
    std::string log = testing::ReadFile(logs[i]);
    for (const std::size_t zeros : {std::size_t{4096}, log.size()}) {
      std::fill(log.end() - static_cast<std::ptrdiff_t>(std::min(zeros, log.size())), log.end(),
                '\0');
      EXPECT_EQ(Try("zeros at the end of a log",
                    [&] { testing::WriteFile(damaged_ / logs[i].filename(), log); }),
                Outcome::kError)
          << logs[i] << " of " << log.size() << ", " << zeros << " zeros";
    }
  }
  for (std::size_t i = 0; i + 1 < logs.size(); ++i) {
    const std::string log = testing::ReadFile(logs[i]);
    EXPECT_EQ(Try("a last record that looks torn",
                  [&] { testing::WriteFile(damaged_ / logs[i].filename(), TearLastRecord(log)); }),
              Outcome::kError)
        << logs[i];
  }
  // Of the newest nobody can say how long it was, nor, as long as there are
  // older ones, that it was there: see docs/formats.md.
}

TEST_F(CorruptionTest, ANewerFormatIsRefusedAndLeftAlone) {
  ASSERT_NO_FATAL_FAILURE(BuildInLog());
  // The store's record is the first of the log.
  auto records = testing::LogRecords(testing::ReadFile(pristine_ / LastLog()));
  // Behind its key comes the length of the value, in one byte.
  const std::size_t key = records[0].find(internal::kStoreKey);
  ASSERT_NE(key, std::string::npos);
  const std::size_t value = key + std::string_view(internal::kStoreKey).size() + 1;
  const auto size = static_cast<unsigned char>(records[0].at(value - 1));
  const auto identity = internal::DecodeStoreRecord(records[0].substr(value, size), "here");
  ASSERT_TRUE(identity.ok()) << identity.status();
  const std::string newer = internal::EncodeStoreRecord(/*format=*/2, *identity);
  ASSERT_EQ(newer.size(), size);
  records[0].replace(value, size, newer);
  testing::CopyStore(pristine_, damaged_);
  testing::WriteFile(damaged_ / LastLog(), testing::WriteLog(records));
  for (int i = 0; i < 2; ++i) {
    const auto opened = RocksDbProvider::Open(damaged_, Options());
    ASSERT_EQ(opened.status().code(), StatusCode::kUnsupported) << opened.status();
    EXPECT_NE(opened.status().message().find("format 2"), std::string::npos) << opened.status();
  }
}

}  // namespace
}  // namespace tandem
