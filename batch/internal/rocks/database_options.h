#pragma once

// How RocksDB is set up for a store.

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <atomic>
#include <memory>

#include "batch/rocksdb_provider.h"

namespace tandem::internal {

// What RocksDB does by itself.
//
// Every error of a background write or flush is final: the database takes no writes from then on,
// and does not resume by itself. RocksDB would go on after some of them, and would start a thread
// that waits for free space and then writes again; a store stops instead, and its calls say why.
//
// A compaction waits until the store is open. One that meets a damaged block stops all writes, and
// the record of the opening could not be written: nothing would be readable any more.
class BackgroundWork final : public rocksdb::EventListener {
 public:
  bool has_failed() const { return has_failed_; }

  // From now on there may be compactions. REQUIRES: called before the database is closed.
  void AllowCompactions() {
    allowed_ = true;
    allowed_.notify_all();
  }

  void OnCompactionBegin(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& /*job*/) override {
    allowed_.wait(false);
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  std::atomic<bool> has_failed_ = false;
  std::atomic<bool> allowed_ = false;
};

// REQUIRES: `env` outlives the database.
rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options, rocksdb::Env* env);

rocksdb::ColumnFamilyOptions FamilyOptions(const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache);

std::shared_ptr<rocksdb::Cache> MakeBlockCache(const RocksDbOptions& options);

}  // namespace tandem::internal
