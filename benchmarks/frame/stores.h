#pragma once

// The two stores of a comparison: Tandem's provider, and the bare RocksDB database with the
// settings and column families of Tandem's.

#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "tandem/base/durability.h"
#include "tandem/base/result.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/batch/rocksdb_provider.h"

namespace tandem::benchmarks {

// What a store has written to its log since it was made.
struct LogCounts {
  std::uint64_t bytes = 0;
  std::uint64_t flushes = 0;         // as counted by the store itself; raw: synced writes
  std::uint64_t rocksdb_synced = 0;  // RocksDB's ticker WAL_FILE_SYNCED
};

// Aborts with the status: a benchmark has nobody to hand an error to.
void Must(const Status& status);

template <typename T>
T Must(Result<T> result) {
  Must(result.status());
  return *std::move(result);
}

std::unique_ptr<RocksDbProvider> OpenTandem(const std::filesystem::path& directory);
LogCounts CountsOf(const RocksDbProvider& store);

// Options of a batch that is not flushed.
BatchOptions Buffered();

// Thread-safe.
class RawStore {
 public:
  explicit RawStore(const std::filesystem::path& directory);

  void Write(rocksdb::WriteBatch& batch, Durability durability);
  LogCounts Counts() const;

  rocksdb::DB& db() { return *database_->db; }
  rocksdb::ColumnFamilyHandle* events() { return database_->events; }
  rocksdb::ColumnFamilyHandle* messages() { return database_->messages; }

 private:
  std::unique_ptr<internal::StoreDatabase> database_;
  std::atomic<std::uint64_t> synced_ = 0;
};

}  // namespace tandem::benchmarks
