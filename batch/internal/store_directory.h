#pragma once

// Opens the RocksDB database in a store's directory: the checks before, the settings, and the
// record that says which store it is.

#include <rocksdb/db.h>
#include <rocksdb/statistics.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"
#include "batch/internal/batch_ids.h"
#include "batch/internal/wal_guard.h"
#include "batch/rocksdb_provider.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

// Of the StoreRecord, in the column family "default".
inline constexpr const char* kStoreKey = "store";

struct StoreDatabase {
  // Writes out what is only in the log, if reading it back at the next open would take long. Closes
  // the column families, then the database.
  ~StoreDatabase();

  std::unique_ptr<BatchIdExpiry> batch_id_expiry;  // the database's options keep a pointer to both
  WalGuard wal_guard;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* store = nullptr;     // "default": StoreRecord, batch ids
  rocksdb::ColumnFamilyHandle* events = nullptr;    // see eventstore/internal/event_keys.h
  rocksdb::ColumnFamilyHandle* messages = nullptr;  // see messagequeue/internal/queue_keys.h
  std::shared_ptr<rocksdb::Statistics> statistics;
  StoreIdentity identity;
};

// Opens or creates a store, and flushes its new incarnation. Errors: as RocksDbProvider::Open.
// REQUIRES: options.clock is set, and outlives the database.
Result<std::unique_ptr<StoreDatabase>> OpenStoreDatabase(const std::filesystem::path& directory,
                                                         const RocksDbOptions& options);

// Makes a store of its own out of what `copy` puts into a directory: tokens of the other mean
// nothing to it. It appears under its name only when it is complete, and flushed. AlreadyExists if
// there is something.
Status MakeCopy(const std::filesystem::path& directory, const RocksDbOptions& options,
                const std::function<Status(const std::filesystem::path& directory)>& copy);

}  // namespace tandem::internal
