#pragma once

// Opens the RocksDB database in a store's directory: the checks before, the settings, and the
// record that says which store it is.

#include <rocksdb/db.h>
#include <rocksdb/statistics.h>

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "batch/internal/wal_guard.h"
#include "batch/rocksdb_provider.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

struct StoreDatabase {
  ~StoreDatabase();  // closes the column families, then the database

  WalGuard wal_guard;  // the database's options keep a pointer to it
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* store = nullptr;     // "default": the StoreRecord
  rocksdb::ColumnFamilyHandle* events = nullptr;    // see eventstore/internal/event_keys.h
  rocksdb::ColumnFamilyHandle* messages = nullptr;  // see messagequeue/internal/queue_keys.h
  std::shared_ptr<rocksdb::Statistics> statistics;
  StoreIdentity identity;
};

// Opens or creates a store, and flushes its new incarnation. Errors: as RocksDbProvider::Open.
Result<std::unique_ptr<StoreDatabase>> OpenStoreDatabase(const std::filesystem::path& directory,
                                                         const RocksDbOptions& options);

}  // namespace tandem::internal
