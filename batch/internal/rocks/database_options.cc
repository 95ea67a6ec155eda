#include "tandem/batch/internal/rocks/database_options.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>

#include "tandem/batch/internal/rocks/rocks_threads.h"

namespace tandem::internal {

namespace {

// Two shards: a block with the largest payload fits into each. One that is larger than its shard is
// never cached, and read and decompressed again for every small record beside the payload.
constexpr int kCacheShardBits = 1;

constexpr int kBloomBitsPerKey = 10;
// A file is compacted soon that has so many deletions among so many entries in a row.
constexpr std::size_t kDeletionWindow = 4096;
constexpr std::size_t kDeletionsMax = 2048;

constexpr std::uint64_t kWalBytesMax = std::uint64_t{256} << 20;

// RocksDB keeps a log of its own doings, and the release in Debian 12 ends the process when it
// writes to that log again after one write failed, as on a full disk. The store has no such log:
// what goes wrong is reported by the call that meets it.
class NoLog final : public rocksdb::Logger {
 public:
  NoLog() : Logger(rocksdb::InfoLogLevel::HEADER_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// Of the descriptors that the process may have, half: a store must leave some for the program. It
// closes the tables that were not used for the longest time when it has so many.
int OpenFilesMax() {
  constexpr rlim_t kLeast = 20;  // RocksDB's own lower bound
  constexpr rlim_t kMost = 1 << 20;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeast;
  return static_cast<int>(std::clamp<rlim_t>(limit.rlim_cur / 2, kLeast, kMost));
}

}  // namespace

void BackgroundErrors::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                                         rocksdb::Status* error) {
  any_ = true;
  *error = rocksdb::Status(*error, rocksdb::Status::Severity::kFatalError);
}

void BackgroundErrors::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                                            rocksdb::Status /*error*/, bool* auto_recovery) {
  *auto_recovery = false;
}

rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.env = env;
  db.info_log = std::make_shared<NoLog>();
  db.create_if_missing = options.mode == OpenMode::kCreateIfMissing;
  db.create_missing_column_families = true;
  // A damaged record in the log is an error, never the end of the log; only a torn one is.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.track_and_verify_wals_in_manifest = true;
  // After an error the page cache can't be trusted: no retry, the store stops until it is reopened.
  db.max_bgerror_resume_count = 0;
  db.max_background_jobs = kBackgroundJobs;
  db.max_total_wal_size = kWalBytesMax;
  db.bytes_per_sync = std::uint64_t{1} << 20;
  db.max_open_files = OpenFilesMax();
  db.max_file_opening_threads = 1;  // no further threads, which may not be available, while opening
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

std::shared_ptr<rocksdb::Cache> MakeBlockCache(const RocksDbOptions& options) {
  return rocksdb::NewLRUCache(options.block_cache_bytes, kCacheShardBits);
}

rocksdb::ColumnFamilyOptions FamilyOptions(const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey, false));
  table.cache_index_and_filter_blocks = true;  // or memory would grow with the store
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes;
  family.level_compaction_dynamic_level_bytes = true;
  family.disable_auto_compactions = true;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Deletions are what readers walk over, so a file with many of them in a row is compacted soon.
  family.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionsMax));
  return family;
}

}  // namespace tandem::internal
