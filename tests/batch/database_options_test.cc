// What RocksDB makes of its settings, where the store relies on it.

#include "tandem/batch/internal/rocks/database_options.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <memory>
#include <semaphore>
#include <string>

#include "tandem/tests/support/temporary_directory.h"

namespace tandem {
namespace {

class Compacted final : public rocksdb::EventListener {
 public:
  void OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) override {
    if (job.compaction_reason == rocksdb::CompactionReason::kFilesMarkedForCompaction) {
      done.release();
    }
  }
  std::counting_semaphore<> done{0};
};

// Deletions that are written out long after what they delete.
TEST(DatabaseOptionsTest, AFileFullOfDeletionsIsCompactedByItself) {
  constexpr int kKeys = 20'000;
  const testing::TemporaryDirectory directory;
  const auto compacted = std::make_shared<Compacted>();
  const RocksDbOptions store;
  rocksdb::Options options(internal::DatabaseOptions(store, rocksdb::Env::Default()),
                           internal::FamilyOptions(store, internal::MakeBlockCache(store)));
  options.create_if_missing = true;
  options.disable_auto_compactions = false;  // as once a store is open
  options.listeners = {compacted};
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, directory.path(), &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  const auto write_all = [&](auto write) {
    rocksdb::WriteBatch batch;
    for (int i = 0; i < kKeys; ++i) write(batch, std::to_string(i));
    ASSERT_TRUE(db->Write(rocksdb::WriteOptions(), &batch).ok());
    ASSERT_TRUE(db->Flush(rocksdb::FlushOptions()).ok());
  };
  write_all([](rocksdb::WriteBatch& batch, const std::string& key) { batch.Put(key, "value"); });
  write_all([](rocksdb::WriteBatch& batch, const std::string& key) { batch.Delete(key); });
  compacted->done.acquire();

  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
  rocksdb::get_perf_context()->Reset();
  it->SeekToFirst();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  EXPECT_FALSE(it->Valid());
  EXPECT_LT(rocksdb::get_perf_context()->internal_delete_skipped_count, 100U);
}

}  // namespace
}  // namespace tandem
