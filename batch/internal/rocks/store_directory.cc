#include "tandem/batch/internal/rocks/store_directory.h"

#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/record.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/sealed_record.h"
#include "tandem/batch/internal/log/log_audit.h"
#include "tandem/batch/internal/log/manifest_audit.h"
#include "tandem/batch/internal/log/wal_guard.h"
#include "tandem/batch/internal/rocks/database_options.h"
#include "tandem/batch/internal/rocks/rocks_threads.h"
#include "tandem/batch/internal/rocks/store_file_system.h"
#include "tandem/batch/internal/rocks/store_records.capnp.h"
#include "tandem/messagequeue/message_id.h"

namespace tandem::internal {

namespace fs = std::filesystem;

namespace {

// Everything in a store is written in this version; docs/formats.md tells what it comprises.
constexpr std::uint32_t kFormat = 1;

const std::string kEventsFamily = "events";
const std::string kMessagesFamily = "messages";

// A log up to this size is left to the next open to replay, in some tens of milliseconds.
constexpr std::uint64_t kWalBytesLeftAtClose = std::uint64_t{8} << 20;

// Every file with batch ids is compacted that often, so that those which are too old are dropped.
std::uint64_t CompactionPeriod(std::chrono::milliseconds retention) {
  constexpr std::chrono::seconds kShortest = std::chrono::hours(1);
  return std::max(kShortest, std::chrono::ceil<std::chrono::seconds>(retention)).count();
}

// Six digits at least, as RocksDB numbers its files.
bool IsFileNumber(std::string_view text) {
  return text.size() >= 6 && text.find_first_not_of("0123456789") == text.npos;
}

// One that RocksDB, which asserts what it adds to it, can count on from.
bool IsPossibleNumber(std::string_view digits) { return digits.size() <= 18; }

// The number in "<prefix><number><suffix>", if the name is one of these.
std::optional<std::string_view> NumberIn(std::string_view name, std::string_view prefix,
                                         std::string_view suffix) {
  if (name.size() < prefix.size() + suffix.size()) return std::nullopt;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  return IsFileNumber(name) ? std::make_optional(name) : std::nullopt;
}

// Made only after CURRENT: where there is one, there was a store.
std::optional<std::string_view> NumberOfDataFile(std::string_view name) {
  const auto log = NumberIn(name, "", ".log");
  return log.has_value() ? log : NumberIn(name, "", ".sst");
}

// As RocksDB names them, and nothing else: it deletes what it takes for its own.
std::optional<std::string_view> NumberOfFile(std::string_view name) {
  for (const auto& [prefix, suffix] :
       {std::pair("MANIFEST-", ""), std::pair("OPTIONS-", ""), std::pair("OPTIONS-", ".dbtmp"),
        std::pair("", ".dbtmp"), std::pair("LOG.old.", "")}) {
    if (const auto number = NumberIn(name, prefix, suffix)) return number;
  }
  return NumberOfDataFile(name);
}

bool IsRocksDbFile(std::string_view name) {
  return name == "LOCK" || name == "IDENTITY" || name == "CURRENT" || name == "LOG" ||
         NumberOfFile(name).has_value();
}

// Makes the directory if it may.
Status ProvideDirectory(const fs::path& directory, OpenMode mode) {
  std::error_code error;
  if (fs::status(directory, error).type() != fs::file_type::not_found) return Status::Ok();
  if (fs::is_symlink(directory, error)) {  // any other is resolved
    return Status::IoError(directory.string() + " is a symbolic link to nothing");
  }
  if (mode == OpenMode::kOpenExisting) return Status::NotFound("no store at " + directory.string());
  return MakeDirectory(directory);
}

// Refuses a directory of something else, and one that lost a part. Reads it only.
Status CheckContent(const fs::path& directory, OpenMode mode) {
  std::error_code error;
  bool has_current = false;
  bool has_data = false;
  bool has_others = false;
  bool has_lock = false;
  bool has_some = false;
  std::string unusable;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    has_current |= name == "CURRENT";
    has_data |= NumberOfDataFile(name).has_value();
    has_others |= !IsRocksDbFile(name);
    has_lock |= name == "LOCK";
    has_some = true;
    const auto number = NumberOfFile(name);
    if (number.has_value() && !IsPossibleNumber(*number) && unusable.empty()) unusable = name;
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  // Without CURRENT a store was never completely made; then there are no files but RocksDB's, and
  // the first that it makes is LOCK.
  const bool was_begun = has_lock || has_data || !has_some;
  if (!has_current && (has_others || !was_begun)) {
    return Status::InvalidArgument(directory.string() +
                                   " holds other files and no store; a store needs its own");
  }
  // RocksDB makes CURRENT before the first log and table. Where it is missing later, RocksDB would
  // make a new database and delete the tables of the old.
  if (!has_current && has_data) {
    return Status::Corruption(directory / "CURRENT", "the file is missing, but there is a store");
  }
  if (!unusable.empty()) {
    return Status::Corruption(directory / unusable, "no store numbers a file so high");
  }
  if (has_current) return Status::Ok();
  if (mode == OpenMode::kOpenExisting) return Status::NotFound("no store at " + directory.string());
  // The process that made the directory may have died before its name was flushed.
  return FlushName(directory);
}

// The directory's lock keeps out every other opening of ours. RocksDB's own tools know only the
// file LOCK.
Status CheckNotHeldByTool(rocksdb::Env* env, const fs::path& directory) {
  const std::string path = directory / "LOCK";
  rocksdb::FileLock* lock = nullptr;
  errno = 0;
  const rocksdb::Status locked = env->LockFile(path, &lock);
  const int error = errno;
  if (locked.ok()) return FromRocks(env->UnlockFile(lock), "release of " + path);
  // ENOLCK: RocksDB's own word for "this process has it".
  if (error == ENOLCK) {
    return Status::Unavailable(
        "this process has opened " + directory.string() +
        " before: either by RocksDB itself, or it still has the store that was moved away from "
        "there; close that first");
  }
  if (error == EAGAIN) {
    return Status::Unavailable("the store at " + directory.string() +
                               " is held by another program; close it there first");
  }
  return FromRocks(locked, "lock of the store");
}

// Opening makes a write-ahead log before the column families, and from then on there always is one:
// the next is made before the last is deleted. RocksDB takes a store without any for one that has
// nothing to replay.
Status CheckLogExists(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".log") return Status::Ok();
  }
  if (error) return Status::IoError("can't list " + directory.string() + ": " + error.message());
  return Status::Corruption(directory.string(), "the write-ahead log is missing");
}

// RocksDB takes a file that can't be opened for an argument that is wrong; ours are right.
Status OpenStatus(const rocksdb::Status& status, const fs::path& directory) {
  const std::string where = "open of " + directory.string();
  if (status.IsInvalidArgument()) return Status::IoError(where + ": " + status.ToString());
  return FromRocks(status, where);
}

// A database without our column families is a store whose making was interrupted, and then holds
// nothing, or somebody else's. Reads it only: what is refused stays as it is.
Status CheckUnfinished(const rocksdb::DBOptions& options, const fs::path& directory) {
  rocksdb::DB* opened = nullptr;
  TANDEM_RETURN_IF_ERROR(OpenStatus(
      rocksdb::DB::OpenForReadOnly(rocksdb::Options(options, {}), directory, &opened), directory));
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
  it->SeekToFirst();
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of " + directory.string()));
  if (!it->Valid()) return Status::Ok();
  return Status::InvalidArgument(directory.string() + " is a RocksDB database of something else");
}

// Refuses the column families of a newer version, and somebody else's database.
Status CheckFamilies(const rocksdb::DBOptions& options, const fs::path& directory) {
  std::error_code error;
  if (fs::status(directory / "CURRENT", error).type() == fs::file_type::not_found) {
    return Status::Ok();
  }
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  TANDEM_RETURN_IF_ERROR(OpenStatus(listed, directory));
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
  TANDEM_ASSIGN_OR_RETURN(database.identity, DecodeStoreRecord(record, where));
  return CheckIncarnation(database, where);
}

// The next incarnation is on the device before anything is done under its name.
Status WriteStoreRecord(StoreDatabase& database) {
  if (database.identity.incarnation >= kIncarnationsMax) {
    return Status::TooLarge("the store was opened " + std::to_string(kIncarnationsMax) +
                            " times, and has no message ids left: move its messages to another");
  }
  ++database.identity.incarnation;
  std::unique_ptr<rocksdb::LogFile> log;
  TANDEM_RETURN_IF_ERROR(FromRocks(database.db->GetCurrentWalFile(&log), "look at the newest log"));
  database.begin =
      GroupStamp{.incarnation = database.identity.incarnation, .first_log = log->LogNumber()};
  rocksdb::WriteBatch batch;
  batch.PutLogData(EncodeGroupStamp(database.begin));
  batch.Put(database.store, kStoreKey, EncodeStoreRecord(kFormat, database.identity));
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

std::string EncodeStoreRecord(std::uint32_t format, const StoreIdentity& identity) {
  return EncodeSealed<StoreRecord>(kStoreKey, [&](StoreRecord::Builder record) {
    record.setFormat(format);
    record.setStore(identity.store);
    record.setIncarnation(identity.incarnation);
  });
}

Result<StoreIdentity> DecodeStoreRecord(std::string_view record, const std::string& where) {
  const auto name = [] { return "store record"; };
  std::uint32_t format = 0;
  StoreIdentity identity;
  TANDEM_RETURN_IF_ERROR(
      DecodeSealed<StoreRecord>(kStoreKey, record, name, [&](StoreRecord::Reader stored) {
        format = stored.getFormat();
        identity = StoreIdentity{stored.getStore(), stored.getIncarnation()};
      }));
  if (format == kFormat) return identity;
  return Status::Unsupported("the store at " + where + " has format " + std::to_string(format) +
                             "; this version reads format " + std::to_string(kFormat));
}

StoreDatabase::~StoreDatabase() {
  const bool sound = db != nullptr && !background_errors->any();
  if (sound && LogBytes(*db) > kWalBytesLeftAtClose) {
    (void)db->Flush(rocksdb::FlushOptions(), {store, events, messages});
  }
  for (rocksdb::ColumnFamilyHandle* family : {store, events, messages}) {
    if (family != nullptr) (void)db->DestroyColumnFamilyHandle(family);
  }
  if (db != nullptr) (void)db->Close();
}

namespace {

Status OpenRocksDb(StoreDatabase& database, const rocksdb::DBOptions& db_options,
                   const RocksDbOptions& options) {
  database.batch_id_expiry =
      std::make_unique<BatchIdExpiry>(options.clock, options.batch_id_retention.value());
  const rocksdb::ColumnFamilyOptions family = FamilyOptions(options, MakeBlockCache(options));
  rocksdb::ColumnFamilyOptions store_family = family;
  store_family.compaction_filter = database.batch_id_expiry.get();
  store_family.periodic_compaction_seconds = CompactionPeriod(options.batch_id_retention.value());
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, store_family},
      {kEventsFamily, family},
      {kMessagesFamily, family}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status opened;
  std::exception_ptr exception;
  try {
    opened = rocksdb::DB::Open(db_options, database.directory->path(), families, &handles, &db);
  } catch (const std::exception&) {
    exception = std::current_exception();
  }
  // Where no thread is given for its periodic work, the last that it starts, RocksDB throws, but
  // has handed over the database already: to be closed.
  if (db != nullptr) {
    database.db.reset(db);
    database.store = handles[0];
    database.events = handles[1];
    database.messages = handles[2];
  }
  if (exception != nullptr) std::rethrow_exception(exception);
  if (!database.wal_guard.status().ok()) return database.wal_guard.status();
  return OpenStatus(opened, database.directory->path());
}

Result<std::unique_ptr<StoreDatabase>> OpenUnguarded(const fs::path& given,
                                                     const RocksDbOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(const fs::path directory, ResolveDirectory(given));
  TANDEM_RETURN_IF_ERROR(ProvideDirectory(directory, options.mode));
  auto database = std::make_unique<StoreDatabase>();
  TANDEM_ASSIGN_OR_RETURN(database->directory, HeldDirectory::Hold(directory));
  TANDEM_RETURN_IF_ERROR(CheckContent(directory, options.mode));
  database->env =
      rocksdb::NewCompositeEnv(std::make_shared<StoreFileSystem>(database->directory.get()));
  TANDEM_RETURN_IF_ERROR(CheckNotHeldByTool(database->env.get(), directory));
  rocksdb::DBOptions db_options = DatabaseOptions(options, database->env.get());
  TANDEM_RETURN_IF_ERROR(AuditManifest(directory));
  TANDEM_RETURN_IF_ERROR(CheckFamilies(db_options, directory));
  TANDEM_RETURN_IF_ERROR(AuditLogs(directory));

  database->statistics = rocksdb::CreateDBStatistics();
  database->statistics->set_stats_level(rocksdb::StatsLevel::kExceptTimers);
  db_options.statistics = database->statistics;
  db_options.wal_filter = &database->wal_guard;
  db_options.listeners = {database->background_errors};
  TANDEM_RETURN_IF_ERROR(StartRocksThreads());
  try {
    TANDEM_RETURN_IF_ERROR(OpenRocksDb(*database, db_options, options));
  } catch (...) {
    // Without a database to close, what RocksDB had begun is lost to us, with pointers into
    // `database`, and may still run. So both stay, and the directory stays held until the process
    // ends.
    if (database->db == nullptr) std::ignore = database.release();
    throw;
  }
  TANDEM_RETURN_IF_ERROR(ReadStoreRecord(*database, directory.string()));
  TANDEM_RETURN_IF_ERROR(WriteStoreRecord(*database));
  TANDEM_RETURN_IF_ERROR(FromRocks(
      database->db->EnableAutoCompaction({database->store, database->events, database->messages}),
      "start of compactions"));
  return database;
}

}  // namespace

Result<std::unique_ptr<StoreDatabase>> OpenStoreDatabase(const fs::path& directory,
                                                         const RocksDbOptions& options) {
  TANDEM_REQUIRE(options.clock != nullptr, "the provider has set a clock");
  const std::string where = "open of the store at " + directory.string() + ": ";
  try {
    return OpenUnguarded(directory, options);
  } catch (const fs::filesystem_error& error) {
    return SystemFailure(where + error.path1().string(), error.code().value());
  } catch (const std::system_error& error) {
    return Status::Unavailable(where + "the system gives no thread: " + error.what());
  } catch (const std::bad_alloc&) {
    return Status::Unavailable(where + "the system gives no memory");
  }
}

Status RenewIdentity(StoreDatabase& database) {
  database.identity.store = RandomStoreNumber();
  return WriteStoreRecord(database);
}

}  // namespace tandem::internal
