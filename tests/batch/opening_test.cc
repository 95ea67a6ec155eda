// What opens, what is refused and why; a refusal changes nothing.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/messagequeue/message_id.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class OpeningTest : public ::testing::Test {
 protected:
  using Store = std::unique_ptr<RocksDbProvider>;

  static StatusCode OpenCode(const fs::path& path, bool create_if_missing = true) {
    RocksDbOptions options;
    options.mode = create_if_missing ? OpenMode::kCreateIfMissing : OpenMode::kOpenExisting;
    const auto opened = RocksDbProvider::Open(path, options);
    return opened.status().code();
  }

  static void Touch(const fs::path& path) { std::ofstream(path) << "x"; }

  static std::set<std::string> FilesIn(const fs::path& directory) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  // Makes a store with one event in it.
  void MakeStore() {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Append(stream_, {"event"}).ok());
  }

  void ExpectStoreWithOneEvent() {
    const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Read(stream_, {})->head, 1U);
  }

  // Opens the directory past us, with all column families that it has.
  struct Raw {
    ~Raw() {
      for (auto* family : families) EXPECT_TRUE(db->DestroyColumnFamilyHandle(family).ok());
    }
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
  };
  void OpenRaw(Raw* raw, bool compacts = true) {
    rocksdb::Options options;
    options.create_if_missing = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : FamiliesOf()) {
      rocksdb::ColumnFamilyOptions family;
      family.disable_auto_compactions = !compacts;
      descriptors.emplace_back(name, family);
    }
    rocksdb::DB* db = nullptr;
    const auto opened = rocksdb::DB::Open(options, path_, descriptors, &raw->families, &db);
    ASSERT_TRUE(opened.ok()) << opened.ToString();
    raw->db.reset(db);
  }
  void WriteStoreRecord(std::uint32_t format, std::uint64_t incarnation) {
    Raw raw;
    OpenRaw(&raw);
    rocksdb::WriteOptions no_log;
    no_log.disableWAL = true;
    const std::string record =
        internal::EncodeStoreRecord(format, {.store = 1, .incarnation = incarnation});
    ASSERT_TRUE(raw.db->Put(no_log, "store", record).ok());
    ASSERT_TRUE(raw.db->Flush(rocksdb::FlushOptions()).ok());
  }
  std::vector<std::string> FamiliesOf() const {
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), path_, &names).ok()) {
      return {rocksdb::kDefaultColumnFamilyName};
    }
    return names;
  }

  testing::TemporaryDirectory directory_;
  const fs::path path_ = directory_.path() / "store";
  const StreamId stream_{"account-1", 0};
};

TEST_F(OpeningTest, AMissingDirectoryIsMadeWithItsParents) {
  EXPECT_EQ(OpenCode(path_ / "a" / "b"), StatusCode::kOk);
  EXPECT_EQ(OpenCode(path_ / "a" / "b", /*create_if_missing=*/false), StatusCode::kOk);
}

TEST_F(OpeningTest, NothingIsMadeUnlessAskedFor) {
  EXPECT_EQ(OpenCode(path_, /*create_if_missing=*/false), StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directory(path_);
  EXPECT_EQ(OpenCode(path_, /*create_if_missing=*/false), StatusCode::kNotFound);
  EXPECT_TRUE(fs::is_empty(path_));
}

TEST_F(OpeningTest, ALinkToNothingIsToldAsOne) {
  fs::create_symlink("nowhere", path_);
  for (const bool create : {true, false}) {
    RocksDbOptions options;
    options.mode = create ? OpenMode::kCreateIfMissing : OpenMode::kOpenExisting;
    const Status status = RocksDbProvider::Open(path_, options).status();
    EXPECT_EQ(status.code(), StatusCode::kIoError);
    EXPECT_NE(status.message().find("link to nothing"), std::string::npos) << status;
  }
  EXPECT_FALSE(fs::exists(directory_.path() / "nowhere"));
}

TEST_F(OpeningTest, AFileIsRefused) {
  Touch(path_);
  EXPECT_EQ(OpenCode(path_), StatusCode::kInvalidArgument);
}

TEST_F(OpeningTest, APathUnderAFileIsRefused) {
  Touch(path_);
  EXPECT_EQ(OpenCode(path_ / "store"), StatusCode::kIoError);
  EXPECT_EQ(OpenCode(path_ / "store", /*create_if_missing=*/false), StatusCode::kNotFound);
}

TEST_F(OpeningTest, ADirectoryOfOtherFilesIsRefusedAndLeftAsItIs) {
  fs::create_directory(path_);
  Touch(path_ / "thesis.tex");
  EXPECT_EQ(OpenCode(path_), StatusCode::kInvalidArgument);
  EXPECT_EQ(FilesIn(path_), std::set<std::string>{"thesis.tex"});
}

// RocksDB takes what is named like its files for its own, and deletes it.
TEST_F(OpeningTest, AFileNamedLikeOneOfRocksDbsIsRefusedAndLeftAsItIs) {
  for (const std::string name :
       {"LOGIN.txt", "LOGBOOK", "OPTIONS-2026.ini", "12.dbtmp", "x000123.dbtmp", "service.log",
        "map.sst", "MANIFEST-of-goods", "LOG.old.txt", "IDENTITY", "OPTIONS-000005"}) {
    const fs::path directory = directory_.path() / ("of " + name);
    fs::create_directory(directory);
    Touch(directory / name);
    EXPECT_EQ(OpenCode(directory), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(FilesIn(directory), std::set{name});
  }
}

// RocksDB counts on from the highest, and asserts that it can.
TEST_F(OpeningTest, AFileWithANumberThatNoStoreReachesIsDamage) {
  MakeStore();
  for (const char* name : {"18446744073709551615.log", "9223372036854775807.sst"}) {
    Touch(path_ / name);
    EXPECT_EQ(OpenCode(path_), StatusCode::kCorruption) << name;
    fs::remove(path_ / name);
  }
  ExpectStoreWithOneEvent();
}

TEST_F(OpeningTest, WhatACrashLeavesOfAStoreThatWasNeverMadeDoesNotMatter) {
  fs::create_directory(path_);
  for (const char* name :
       {"LOCK", "LOG", "LOG.old.1700000000000000", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    Touch(path_ / name);
  }
  EXPECT_EQ(OpenCode(path_), StatusCode::kOk);
}

TEST_F(OpeningTest, AStoreThatLostItsCurrentFileIsDamagedAndNotEmpty) {
  MakeStore();
  fs::rename(path_ / "CURRENT", directory_.path() / "CURRENT");
  const auto files = FilesIn(path_);
  EXPECT_EQ(OpenCode(path_), StatusCode::kCorruption);
  EXPECT_EQ(FilesIn(path_), files);
  fs::rename(directory_.path() / "CURRENT", path_ / "CURRENT");
  ExpectStoreWithOneEvent();
}

TEST_F(OpeningTest, AStoreIsHeldOnceInThisProcess) {
  auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(OpenCode(path_), StatusCode::kUnavailable);
  EXPECT_EQ(OpenCode(path_), StatusCode::kUnavailable);
  EXPECT_TRUE((*store)->Append(stream_, {"event"}).ok()) << "the holder is not disturbed";
  store->reset();
  ExpectStoreWithOneEvent();
}

TEST_F(OpeningTest, AnUnknownFormatIsUnsupported) {
  MakeStore();
  WriteStoreRecord(/*format=*/99, /*incarnation=*/1);
  const auto opened = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  EXPECT_EQ(opened.status().code(), StatusCode::kUnsupported) << opened.status();
  EXPECT_NE(opened.status().message().find("99"), std::string::npos) << opened.status();
}

// Each opening after a crash leaves one, and a process that ends soon never compacts any.
TEST_F(OpeningTest, AStoreOpensHoweverManyTablesWaitForCompaction) {
  MakeStore();
  constexpr int kTables = 50;  // writes wait where 36 of a family do
  {
    Raw raw;
    OpenRaw(&raw, /*compacts=*/false);
    rocksdb::WriteOptions no_log;
    no_log.disableWAL = true;
    for (int i = 0; i < kTables; ++i) {
      for (rocksdb::ColumnFamilyHandle* family : raw.families) {
        std::string record;
        // Of the store record, what is there already; of the others, a key that is not read.
        const bool found = raw.db->Get(rocksdb::ReadOptions(), family, "store", &record).ok();
        ASSERT_TRUE((found ? raw.db->Put(no_log, family, "store", record)
                           : raw.db->Delete(no_log, family, "nothing"))
                        .ok());
        ASSERT_TRUE(raw.db->Flush(rocksdb::FlushOptions(), family).ok());
      }
    }
  }
  const auto store = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Append(stream_, {"event"}).ok());
}

// Or its message ids would begin anew.
TEST_F(OpeningTest, AStoreThatHasUsedUpItsIncarnationsDoesNotOpen) {
  MakeStore();
  WriteStoreRecord(/*format=*/1, kIncarnationsMax - 1);
  {
    auto last = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    ASSERT_TRUE(last.ok()) << last.status();
    const auto first = (*last)->Enqueue("queue", "a");
    const auto second = (*last)->Enqueue("queue", "b");
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_LT(first->id, second->id);
    EXPECT_EQ(first->id >> kIdCounterBits, kIncarnationsMax);
  }
  EXPECT_EQ(OpenCode(path_), StatusCode::kTooLarge);
}

TEST_F(OpeningTest, AnUnknownColumnFamilyIsUnsupported) {
  MakeStore();
  {
    Raw raw;
    OpenRaw(&raw);
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE(raw.db->CreateColumnFamily({}, "leases", &handle).ok());
    raw.families.push_back(handle);
  }
  const auto families = FamiliesOf();
  const auto opened = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
  EXPECT_EQ(opened.status().code(), StatusCode::kUnsupported) << opened.status();
  EXPECT_EQ(FamiliesOf(), families);
}

TEST_F(OpeningTest, SomebodyElsesDatabaseIsRefusedAndLeftAsItIs) {
  for (const bool flushed : {true, false}) {
    fs::remove_all(path_);
    {
      Raw raw;
      OpenRaw(&raw);
      ASSERT_TRUE(raw.db->Put(rocksdb::WriteOptions(), "their key", "their value").ok());
      if (flushed) {
        ASSERT_TRUE(raw.db->Flush(rocksdb::FlushOptions()).ok());
      }
    }
    const auto opened = RocksDbProvider::Open(path_, OpenMode::kCreateIfMissing);
    EXPECT_EQ(opened.status().code(), StatusCode::kInvalidArgument)
        << (flushed ? "flushed: " : "in the log: ") << opened.status();
    EXPECT_EQ(FamiliesOf(), std::vector<std::string>{rocksdb::kDefaultColumnFamilyName});
    Raw raw;
    OpenRaw(&raw);
    std::string value;
    EXPECT_TRUE(raw.db->Get(rocksdb::ReadOptions(), "their key", &value).ok());
    EXPECT_EQ(value, "their value");
  }
}

TEST_F(OpeningTest, AStoreWhoseMakingWasInterruptedIsMadeToTheEnd) {
  {
    Raw raw;
    OpenRaw(&raw);
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE(raw.db->CreateColumnFamily({}, "events", &handle).ok());
    raw.families.push_back(handle);
  }
  MakeStore();
  ExpectStoreWithOneEvent();
}

}  // namespace
}  // namespace tandem
