#pragma once

// Opens the RocksDB database in a store's directory: the checks before, the settings, and the
// record that says which store it is.

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/statistics.h>

#include <filesystem>
#include <memory>

#include "tandem/base/result.h"
#include "tandem/batch/internal/log/group_stamp.h"
#include "tandem/batch/internal/log/wal_guard.h"
#include "tandem/batch/internal/rocks/batch_ids.h"
#include "tandem/batch/internal/rocks/database_options.h"
#include "tandem/batch/internal/rocks/held_directory.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

// Of the StoreRecord, in the column family "default".
inline constexpr const char* kStoreKey = "store";

struct StoreDatabase {
  // Writes out what is only in the log, if reading it back at the next open would take long and
  // nothing has failed. Closes the column families, then the database.
  ~StoreDatabase();

  std::unique_ptr<HeldDirectory> directory;  // let go last
  std::unique_ptr<rocksdb::Env> env;         // its files; the database keeps a pointer to it
  std::shared_ptr<BackgroundErrors> background_errors = std::make_shared<BackgroundErrors>();
  std::unique_ptr<BatchIdExpiry> batch_id_expiry;  // the database's options keep a pointer to both
  WalGuard wal_guard;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* store = nullptr;     // "default": StoreRecord, batch ids
  rocksdb::ColumnFamilyHandle* events = nullptr;    // see eventstore/internal/event_keys.h
  rocksdb::ColumnFamilyHandle* messages = nullptr;  // see messagequeue/internal/rows/queue_keys.h
  std::shared_ptr<rocksdb::Statistics> statistics;
  StoreIdentity identity;
  GroupStamp begin;  // of the record that names this incarnation
};

// The StoreRecord of a store in a format, sealed for its key.
std::string EncodeStoreRecord(std::uint32_t format, const StoreIdentity& identity);

// Whose store it is, of a store record; `where` is for the message. Corruption; Unsupported if the
// store has another format.
Result<StoreIdentity> DecodeStoreRecord(std::string_view record, const std::string& where);

// Opens or creates a store, and flushes its new incarnation. The path is resolved once; the
// directory is held before anything in it is looked at. Errors: as RocksDbProvider::Open.
// REQUIRES: options.clock is set, and outlives the database.
Result<std::unique_ptr<StoreDatabase>> OpenStoreDatabase(const std::filesystem::path& directory,
                                                         const RocksDbOptions& options);

// Gives a store that is a copy of another a number of its own, and flushes it.
Status RenewIdentity(StoreDatabase& database);

}  // namespace tandem::internal
