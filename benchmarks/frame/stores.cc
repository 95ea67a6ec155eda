#include "tandem/benchmarks/frame/stores.h"

#include <cstdio>
#include <cstdlib>

#include "tandem/base/rocks/rocks_status.h"

namespace tandem::benchmarks {

void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

std::unique_ptr<RocksDbProvider> OpenTandem(const std::filesystem::path& directory) {
  return Must(RocksDbProvider::Open(directory, OpenMode::kCreateIfMissing));
}

LogCounts CountsOf(const RocksDbProvider& store) {
  const RocksDbStats stats = store.Stats();
  return {stats.wal_bytes, stats.flushes, stats.wal_synced};
}

BatchOptions Buffered() {
  BatchOptions options;
  options.durability = Durability::kBuffered;
  return options;
}

RawStore::RawStore(const std::filesystem::path& directory)
    : database_(
          Must(internal::OpenStoreDatabase(directory, {.mode = OpenMode::kCreateIfMissing}))) {}

void RawStore::Write(rocksdb::WriteBatch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSync;
  Must(FromRocks(database_->db->Write(options, &batch), "raw write"));
  if (options.sync) ++synced_;
}

LogCounts RawStore::Counts() const {
  const rocksdb::Statistics& rocks = *database_->statistics;
  return {rocks.getTickerCount(rocksdb::WAL_FILE_BYTES), synced_,
          rocks.getTickerCount(rocksdb::WAL_FILE_SYNCED)};
}

}  // namespace tandem::benchmarks
