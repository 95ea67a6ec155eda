#pragma once

// How RocksDB is set up for a store.

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <atomic>
#include <memory>

#include "tandem/batch/rocksdb_options.h"

namespace tandem::internal {

// Makes every error of a background write or flush final: the database takes no writes from then
// on, and does not resume by itself. RocksDB would go on after some of them, and would start a
// thread that waits for free space and then writes again; a store stops instead, and its calls say
// why.
class BackgroundErrors final : public rocksdb::EventListener {
 public:
  bool any() const { return any_; }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  std::atomic<bool> any_ = false;
};

// REQUIRES: `env` outlives the database.
rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options, rocksdb::Env* env);

// Without compactions, until EnableAutoCompaction: one that meets a damaged block stops all writes,
// and while the store is being opened its record could not be written then. So nothing would be
// readable any more. Without compactions no number of tables makes writes wait, either.
rocksdb::ColumnFamilyOptions FamilyOptions(const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache);

std::shared_ptr<rocksdb::Cache> MakeBlockCache(const RocksDbOptions& options);

}  // namespace tandem::internal
