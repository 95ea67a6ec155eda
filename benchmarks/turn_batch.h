#pragma once

// The turn batch, the unit of work of the comparison: acknowledge 1 leased message, append 3 events
// of 200 B to one stream, set one metadata value of 100 B, enqueue 1 message of 200 B; atomic. Once
// through AtomicBatch, once as the raw rocksdb::WriteBatch of its six logical writes on a database
// with the same settings, which leases nothing, checks nothing and keeps no index.

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/durability.h"
#include "base/result.h"
#include "batch/internal/store_directory.h"
#include "batch/rocksdb_provider.h"

namespace tandem::benchmarks {

struct WalCounts {
  std::uint64_t bytes = 0;
  std::uint64_t flushes = 0;         // as counted by the engine itself; raw: synced writes
  std::uint64_t rocksdb_synced = 0;  // RocksDB's ticker WAL_FILE_SYNCED
};

// Aborts with the status: a benchmark has nobody to hand an error to.
void Must(const Status& status);

// Each worker calls Commit from a thread of its own. REQUIRES: at most `batches` commits a worker.
class TandemTurns {
 public:
  TandemTurns(const std::filesystem::path& directory, int workers, int batches);
  void Commit(int worker, Durability durability);
  WalCounts Counts() const;

 private:
  struct Worker {
    StreamId stream;
    Version version = 0;
    std::vector<LockToken> leased;
  };
  std::unique_ptr<RocksDbProvider> store_;
  std::vector<Worker> workers_;
};

class RawTurns {
 public:
  RawTurns(const std::filesystem::path& directory, int workers);
  void Commit(int worker, Durability durability);
  WalCounts Counts() const;

 private:
  std::unique_ptr<internal::StoreDatabase> database_;
  std::vector<std::uint64_t> committed_;  // by worker
  std::atomic<std::uint64_t> synced_ = 0;
};

}  // namespace tandem::benchmarks
