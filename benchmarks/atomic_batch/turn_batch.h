#pragma once

// The turn batch, the unit of work of the comparison: acknowledge 1 leased message, append 3 events
// of 200 B to one stream, set one metadata value of 100 B, enqueue 1 message of 200 B; atomic. Once
// through AtomicBatch, once as the raw rocksdb::WriteBatch of its six logical writes on a database
// with the same settings, which leases nothing, checks nothing and keeps no index.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "tandem/benchmarks/frame/stores.h"

namespace tandem::benchmarks {

// Each worker calls Commit from a thread of its own. REQUIRES: at most `batches` commits a worker.
class TandemTurns {
 public:
  TandemTurns(const std::filesystem::path& directory, int workers, int batches);
  void Commit(int worker, Durability durability);
  LogCounts Counts() const { return CountsOf(*store_); }

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
  RawTurns(const std::filesystem::path& directory, int workers)
      : store_(directory), committed_(workers) {}
  void Commit(int worker, Durability durability);
  LogCounts Counts() const { return store_.Counts(); }

 private:
  RawStore store_;
  std::vector<std::uint64_t> committed_;  // by worker
};

}  // namespace tandem::benchmarks
