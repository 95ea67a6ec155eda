#include "batch/internal/store_directory.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "batch/internal/log_audit.h"
#include "batch/internal/wal_guard.h"
#include "batch/store_records.capnp.h"

namespace tandem::internal {

namespace {

// Everything in a store is written in this version; docs/formats.md tells what it comprises.
constexpr std::uint32_t kFormat = 1;

// A file is compacted soon that has so many deletions among so many entries in a row.
constexpr std::size_t kDeletionWindow = 4096;
constexpr std::size_t kDeletionsMax = 2048;

const std::string kEventsFamily = "events";
const std::string kMessagesFamily = "messages";

// Two shards: a block with the largest payload fits into each. One that is larger than its shard is
// never cached, and read and decompressed again for every small record beside the payload.
constexpr int kCacheShardBits = 1;

constexpr int kBloomBitsPerKey = 10;
constexpr std::uint64_t kWalBytesMax = std::uint64_t{256} << 20;

// A log up to this size is left to the next open to replay, in some tens of milliseconds.
constexpr std::uint64_t kWalBytesLeftAtClose = std::uint64_t{8} << 20;

rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  // A damaged record in the log is an error, never the end of the log; only a torn one is.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.track_and_verify_wals_in_manifest = true;
  // After an error the page cache can't be trusted: no retry, the store stops until it is reopened.
  db.max_bgerror_resume_count = 0;
  db.max_background_jobs = 2;
  db.max_total_wal_size = kWalBytesMax;
  db.bytes_per_sync = std::uint64_t{1} << 20;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.keep_log_file_num = 4;
  return db;
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
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Deletions are what readers walk over, so a file with many of them in a row is compacted soon.
  family.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionsMax));
  return family;
}

// Every file with batch ids is compacted that often, so that those which are too old are dropped.
std::uint64_t CompactionPeriod(std::chrono::milliseconds retention) {
  constexpr std::chrono::seconds kShortest = std::chrono::hours(1);
  return std::max(kShortest, std::chrono::ceil<std::chrono::seconds>(retention)).count();
}

// Made only after CURRENT: where there is one, there was a store.
bool IsDataFile(const std::string& name) {
  return name.ends_with(".log") || name.ends_with(".sst");
}

bool IsRocksDbFile(const std::string& name) {
  return name == "LOCK" || name == "IDENTITY" || name == "CURRENT" || name.starts_with("LOG") ||
         name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".dbtmp") || IsDataFile(name);
}

// RocksDB flushes the names in its directory, but not the name of the directory itself: without
// that a power cut could take a new store with all its flushed batches.
Status FlushName(const std::filesystem::path& directory) {
  const std::string parent = directory.parent_path();
  std::unique_ptr<rocksdb::Directory> opened;
  rocksdb::Status status = rocksdb::Env::Default()->NewDirectory(parent, &opened);
  if (status.ok()) status = opened->Fsync();
  return FromRocks(status, "flush of the directory " + parent);
}

// Makes the directory and those above it.
Status MakeDirectory(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> missing;
  for (auto path = directory; !std::filesystem::exists(path, error); path = path.parent_path()) {
    missing.push_back(path);
  }
  std::filesystem::create_directories(directory, error);
  if (error) {
    return Status::IoError("can't make the directory " + directory.string() + ": " +
                           error.message());
  }
  for (const auto& path : missing) TANDEM_RETURN_IF_ERROR(FlushName(path));
  return Status::Ok();
}

// Without a final separator, which would hide the parent.
std::filesystem::path Absolute(const std::filesystem::path& directory) {
  std::filesystem::path path = std::filesystem::absolute(directory).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// Makes the directory if it may, and refuses what is something else.
Status PrepareDirectory(const std::filesystem::path& directory, bool create_if_missing) {
  std::error_code error;
  const auto type = std::filesystem::status(directory, error).type();
  if (type == std::filesystem::file_type::not_found) {
    if (!create_if_missing) return Status::NotFound("no store at " + directory.string());
    return MakeDirectory(Absolute(directory));
  }
  if (type != std::filesystem::file_type::directory) {
    if (error) return Status::IoError(directory.string() + ": " + error.message());
    return Status::InvalidArgument(directory.string() + " is no directory; a store needs its own");
  }
  bool has_current = false;
  bool has_data = false;
  bool has_others = false;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    has_current |= name == "CURRENT";
    has_data |= IsDataFile(name);
    has_others |= !IsRocksDbFile(name);
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  // Without CURRENT a store was never completely made; then there are no files but RocksDB's.
  if (!has_current && has_others) {
    return Status::InvalidArgument(directory.string() +
                                   " holds other files and no store; a store needs its own");
  }
  // RocksDB makes CURRENT before the first log and table. Where it is missing later, RocksDB would
  // make a new database and delete the tables of the old.
  if (!has_current && has_data) {
    return Status::Corruption(directory / "CURRENT", "the file is missing, but there is a store");
  }
  if (has_current) return Status::Ok();
  if (!create_if_missing) return Status::NotFound("no store at " + directory.string());
  // Whoever made the directory may have died before its name was flushed.
  return FlushName(Absolute(directory));
}

// Held by another process, or by this one a second time?
Status CheckNotHeld(const std::filesystem::path& directory) {
  rocksdb::Env* const env = rocksdb::Env::Default();
  const std::string path = directory / "LOCK";
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked = env->LockFile(path, &lock);
  if (locked.ok()) return FromRocks(env->UnlockFile(lock), "release of " + path);
  if (std::error_code error; !std::filesystem::exists(path, error)) {
    return Status::IoError("can't write to " + directory.string() + ": " + locked.ToString());
  }
  return Status::Unavailable("the store at " + directory.string() +
                             " is held by another process; close it there first");
}

// Opening makes a write-ahead log before the column families, and from then on there always is one:
// the next is made before the last is deleted. RocksDB takes a store without any for one that has
// nothing to replay.
Status CheckLogExists(const std::filesystem::path& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".log") return Status::Ok();
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  return Status::Corruption(directory.string(), "the write-ahead log is missing");
}

// A database without our column families is a store whose making was interrupted, and then holds
// nothing, or somebody else's. Reads it only: what is refused stays as it is.
Status CheckUnfinished(const rocksdb::DBOptions& options, const std::filesystem::path& directory) {
  rocksdb::DB* opened = nullptr;
  TANDEM_RETURN_IF_ERROR(
      FromRocks(rocksdb::DB::OpenForReadOnly(rocksdb::Options(options, {}), directory, &opened),
                "open of " + directory.string()));
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
  it->SeekToFirst();
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of " + directory.string()));
  if (!it->Valid()) return Status::Ok();
  return Status::InvalidArgument(directory.string() + " is a RocksDB database of something else");
}

// Refuses the column families of a newer version, and somebody else's database.
Status CheckFamilies(const rocksdb::DBOptions& options, const std::filesystem::path& directory) {
  if (!std::filesystem::exists(directory / "CURRENT")) return Status::Ok();
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!listed.ok()) return FromRocks(listed, "open of " + directory.string());
  for (const std::string& name : names) {
    if (name == rocksdb::kDefaultColumnFamilyName || name == kEventsFamily ||
        name == kMessagesFamily) {
      continue;
    }
    return Status::Unsupported("the store at " + directory.string() + " has a part '" + name +
                               "' that this version does not know; use a newer one");
  }
  const bool is_whole = std::ranges::count(names, kEventsFamily) > 0 &&
                        std::ranges::count(names, kMessagesFamily) > 0;
  return is_whole ? CheckLogExists(directory) : CheckUnfinished(options, directory);
}

std::uint64_t RandomStoreNumber() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

// An incarnation's groups come after the record that names it: if the log has some of them, but not
// that record, its beginning is missing.
Status CheckIncarnation(const StoreDatabase& database, const std::string& where) {
  const std::optional<GroupStamp>& last = database.wal_guard.last();
  if (!last.has_value() || last->incarnation == database.identity.incarnation) return Status::Ok();
  return Status::Corruption(where, "the write-ahead log ends in incarnation " +
                                       std::to_string(last->incarnation) + ", the store is in " +
                                       std::to_string(database.identity.incarnation));
}

// A store that has data but lost its record is no new one: it would give out its message ids again.
Status CheckNoData(const StoreDatabase& database, const std::string& where) {
  for (rocksdb::ColumnFamilyHandle* family : {database.events, database.messages}) {
    const std::unique_ptr<rocksdb::Iterator> it(
        database.db->NewIterator(rocksdb::ReadOptions(), family));
    it->SeekToFirst();
    TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), where));
    if (it->Valid()) return Status::Corruption(where, "the store record is missing");
  }
  return Status::Ok();
}

Status ReadStoreRecord(StoreDatabase& database, const std::string& where) {
  std::string record;
  const rocksdb::Status got =
      database.db->Get(rocksdb::ReadOptions(), database.store, kStoreKey, &record);
  if (got.IsNotFound()) {
    if (database.wal_guard.last().has_value()) {
      return Status::Corruption(where, "the write-ahead log lacks the store's first record");
    }
    TANDEM_RETURN_IF_ERROR(CheckNoData(database, where));
    const std::unique_ptr<rocksdb::Iterator> it(
        database.db->NewIterator(rocksdb::ReadOptions(), database.store));
    it->SeekToFirst();
    TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), where));
    if (it->Valid()) {
      return Status::InvalidArgument(where + " is a RocksDB database of something else");
    }
    database.identity.store = RandomStoreNumber();
    return Status::Ok();
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(got, "store record"));
  std::uint32_t format = 0;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<StoreRecord>(record, "store record", [&](StoreRecord::Reader stored) {
        format = stored.getFormat();
        database.identity = StoreIdentity{stored.getStore(), stored.getIncarnation()};
      }));
  if (format == kFormat) return CheckIncarnation(database, where);
  return Status::Unsupported("the store at " + where + " has format " + std::to_string(format) +
                             "; this version reads format " + std::to_string(kFormat));
}

// The next incarnation is on the device before anything is done under its name.
Status WriteStoreRecord(StoreDatabase& database) {
  ++database.identity.incarnation;
  rocksdb::WriteBatch batch;
  batch.PutLogData(EncodeGroupStamp(GroupStamp{database.identity.incarnation, 0}));
  batch.Put(database.store, kStoreKey, EncodeRecord<StoreRecord>([&](StoreRecord::Builder record) {
              record.setFormat(kFormat);
              record.setStore(database.identity.store);
              record.setIncarnation(database.identity.incarnation);
            }));
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocks(database.db->Write(options, &batch), "write of the store record");
}

std::uint64_t LogBytes(rocksdb::DB& db) {
  rocksdb::VectorLogPtr logs;
  if (!db.GetSortedWalFiles(logs).ok()) return 0;
  std::uint64_t bytes = 0;
  for (const auto& log : logs) {
    if (log->Type() == rocksdb::kAliveLogFile) bytes += log->SizeFileBytes();
  }
  return bytes;
}

}  // namespace

StoreDatabase::~StoreDatabase() {
  if (db != nullptr && LogBytes(*db) > kWalBytesLeftAtClose) {
    (void)db->Flush(rocksdb::FlushOptions(), {store, events, messages});
  }
  for (rocksdb::ColumnFamilyHandle* family : {store, events, messages}) {
    if (family != nullptr) (void)db->DestroyColumnFamilyHandle(family);
  }
  if (db != nullptr) (void)db->Close();
}

Result<std::unique_ptr<StoreDatabase>> OpenStoreDatabase(const std::filesystem::path& directory,
                                                         const RocksDbOptions& options) {
  TANDEM_RETURN_IF_ERROR(PrepareDirectory(directory, options.create_if_missing));
  TANDEM_RETURN_IF_ERROR(CheckNotHeld(directory));
  rocksdb::DBOptions db_options = DatabaseOptions(options);
  TANDEM_RETURN_IF_ERROR(CheckFamilies(db_options, directory));
  TANDEM_RETURN_IF_ERROR(AuditLogs(directory));

  auto database = std::make_unique<StoreDatabase>();
  database->statistics = rocksdb::CreateDBStatistics();
  database->statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  db_options.statistics = database->statistics;
  db_options.wal_filter = &database->wal_guard;
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, kCacheShardBits);
  database->batch_id_expiry =
      std::make_unique<BatchIdExpiry>(options.clock, options.batch_id_retention);
  const rocksdb::ColumnFamilyOptions family = FamilyOptions(options, cache);
  rocksdb::ColumnFamilyOptions store_family = family;
  store_family.compaction_filter = database->batch_id_expiry.get();
  store_family.periodic_compaction_seconds = CompactionPeriod(options.batch_id_retention);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, store_family},
      {kEventsFamily, family},
      {kMessagesFamily, family}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(db_options, directory, families, &handles, &db);
  if (!database->wal_guard.status().ok()) return database->wal_guard.status();
  if (!opened.ok()) return FromRocks(opened, "open of " + directory.string());
  database->db.reset(db);
  database->store = handles[0];
  database->events = handles[1];
  database->messages = handles[2];
  TANDEM_RETURN_IF_ERROR(ReadStoreRecord(*database, directory.string()));
  TANDEM_RETURN_IF_ERROR(WriteStoreRecord(*database));
  return database;
}

namespace {

Status RenewIdentity(const std::filesystem::path& directory, const RocksDbOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const auto database, OpenStoreDatabase(directory, options));
  database->identity.store = RandomStoreNumber();
  return WriteStoreRecord(*database);
}

}  // namespace

Status MakeCopy(const std::filesystem::path& directory, const RocksDbOptions& options,
                const std::function<Status(const std::filesystem::path& directory)>& copy) {
  const std::filesystem::path target = Absolute(directory);
  std::filesystem::path unfinished = target;
  unfinished += ".unfinished";
  std::error_code error;
  if (std::filesystem::exists(target, error)) {
    return Status::AlreadyExists(target.string() + " exists; a copy gets a new directory");
  }
  std::filesystem::remove_all(unfinished, error);  // of a copy that was interrupted
  Status status = copy(unfinished);
  if (status.ok()) status = RenewIdentity(unfinished, options);
  if (status.ok()) {
    std::filesystem::rename(unfinished, target, error);
    if (!error) return FlushName(target);
    status = Status::IoError("can't rename " + unfinished.string() + ": " + error.message());
  }
  std::filesystem::remove_all(unfinished, error);
  return status;
}

}  // namespace tandem::internal
