// Damaged records of the store itself and of batch ids, and damaged streams in a running store:
// what is typed, what goes on, and what Verify names.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "tandem/batch/internal/rocks/batch_ids.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class DamagedStoreTest : public testing::StoreTest {
 protected:
  DamagedStoreTest() {
    EXPECT_TRUE(store_->Append(stream_, {"1", "2"}).ok());
    EXPECT_TRUE(Repeat("once").ok());
    EXPECT_TRUE(Repeat("other").ok());
  }

  // A batch that has the same operations each time.
  Result<BatchResult> Repeat(const std::string& id) {
    return store_->AtomicBatch({AppendEvents{canary_, {id}}}, {Durability::kSync, id});
  }

  // What stands in the family "default", read past the store, which stays as it is.
  std::string Stored(const std::string& key) {
    rocksdb::DB* opened = nullptr;
    EXPECT_TRUE(
        rocksdb::DB::OpenForReadOnly(rocksdb::Options(), directory_.path().string(), &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    std::string value;
    EXPECT_TRUE(db->Get(rocksdb::ReadOptions(), key, &value).ok());
    return value;
  }

  // Calls `look` with the record once for each of its bits, which is flipped.
  static void WithEachBitFlipped(std::string record, auto look) {
    ASSERT_FALSE(record.empty());
    for (std::size_t bit = 0; bit < 8 * record.size(); ++bit) {
      char& byte = record[bit / 8];
      const char before = byte;
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      SCOPED_TRACE("bit " + std::to_string(bit));
      look(record);
      byte = before;
    }
  }

  // Changes records past the store, while it is closed: family -> key -> value; nullopt erases.
  void Write(const std::string& family, const std::string& key,
             const std::optional<std::string>& value) {
    store_.reset();
    const std::string path = directory_.path().string();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) {
      descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), path, descriptors, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::WriteOptions unlogged;  // the log is the store's own
    unlogged.disableWAL = true;
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == family) {
        const auto written = value.has_value() ? db->Put(unlogged, handle, key, *value)
                                               : db->Delete(unlogged, handle, key);
        ASSERT_TRUE(written.ok()) << written.ToString();
      }
      ASSERT_TRUE(db->Flush(rocksdb::FlushOptions(), handle).ok());
      ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
  }

  StatusCode OpenCode() {
    const auto opened = RocksDbProvider::Open(directory_.path(), OpenMode::kCreateIfMissing);
    return opened.status().code();
  }

  void ExpectTheCanaryLives() {
    const auto before = store_->Read(canary_, {});
    ASSERT_TRUE(before.ok()) << before.status();
    const auto appended = store_->Append(canary_, {"more"});
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->version, before->head + 1);
  }

  void ExpectVerifyNames(const std::string& words) {
    const Status status = store_->admin()->Verify().status();
    EXPECT_EQ(status.code(), StatusCode::kCorruption);
    EXPECT_NE(status.ToString().find(words), std::string::npos) << status;
  }

  const StreamId stream_{"a", 0};
  const StreamId canary_{"canary", 0};
};

TEST_F(DamagedStoreTest, VerifyCountsBatchIds) {
  const auto report = store_->admin()->Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->batch_ids, 2U);
}

TEST_F(DamagedStoreTest, ADamagedBatchIdRefusesItsBatchAndVerifyNamesIt) {
  for (const std::string& damaged :
       {std::string(), std::string("x"), std::string(16, '\xFF'), std::string(64, '\xFF')}) {
    Write("default", "Bonce", damaged);
    Open();
    EXPECT_EQ(Repeat("once").status().code(), StatusCode::kCorruption);
    const auto other = Repeat("other");
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_TRUE(other->repeated);
    ExpectTheCanaryLives();
    ExpectVerifyNames("batch id 'once'");
  }
}

// One bit less in its time, and the batch would be applied a second time.
TEST_F(DamagedStoreTest, NoFlippedBitMakesABatchIdAnother) {
  const std::string record = Stored("Bonce");
  EXPECT_TRUE(internal::VerifyBatchId("Bonce", record).ok());
  EXPECT_FALSE(internal::VerifyBatchId("Bother", record).ok());
  WithEachBitFlipped(record, [](const std::string& flipped) {
    EXPECT_EQ(internal::VerifyBatchId("Bonce", flipped).code(), StatusCode::kCorruption);
  });
}

// One bit less in its incarnation, and message ids would be given out a second time.
TEST_F(DamagedStoreTest, NoFlippedBitMakesAStoreAnother) {
  const std::string record = Stored("store");
  EXPECT_TRUE(internal::DecodeStoreRecord(record, "here").ok());
  WithEachBitFlipped(record, [](const std::string& flipped) {
    EXPECT_EQ(internal::DecodeStoreRecord(flipped, "here").status().code(),
              StatusCode::kCorruption);
  });
}

TEST_F(DamagedStoreTest, AnUnknownKeyBesideTheStoreRecordIsNamedByVerify) {
  for (const std::string& key : {std::string("A"), std::string("B"), std::string("stor"),
                                 std::string("store2"), std::string("\xFF")}) {
    Write("default", key, "garbage");
    Open();
    ExpectTheCanaryLives();
    ExpectVerifyNames(rocksdb::Slice(key).ToString(/*hex=*/true));
    Write("default", key, std::nullopt);
    Open();
    EXPECT_TRUE(store_->admin()->Verify().ok());
  }
}

TEST_F(DamagedStoreTest, ADamagedOrMissingStoreRecordIsRefusedAtOpen) {
  for (const std::optional<std::string>& record :
       {std::optional<std::string>(), std::optional<std::string>(""),
        std::optional<std::string>("garbage"),
        std::optional<std::string>(std::string(64, '\xFF'))}) {
    Write("default", "store", record);
    EXPECT_EQ(OpenCode(), StatusCode::kCorruption);
  }
}

TEST_F(DamagedStoreTest, ADamagedStreamStopsNoOther) {
  const std::string head = internal::HeadKey(stream_);
  Write("events", head, "garbage");
  Open();
  EXPECT_EQ(store_->Read(stream_, {}).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(store_->Append(stream_, {"3"}).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(store_->admin()->Truncate(stream_, 2).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(store_->AtomicBatch({DeletePartition{stream_}}).status().code(),
            StatusCode::kCorruption);
  ExpectTheCanaryLives();
  EXPECT_TRUE(store_->AtomicBatch({DeleteEntity{stream_.entity}}).ok()) << "to be rid of it";
  ExpectTheCanaryLives();
  const auto report = store_->admin()->Verify();
  EXPECT_TRUE(report.ok()) << report.status();
}

}  // namespace
}  // namespace tandem
