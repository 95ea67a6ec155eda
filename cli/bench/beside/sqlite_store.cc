#include "tandem/cli/bench/beside/sqlite_store.h"

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tandem/base/mutex.h"
#include "tandem/cli/measuring/noise.h"

namespace tandem::bench {

namespace {

// Both ignore null.
struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

class SqliteStore final : public MeasuredStore {
 public:
  explicit SqliteStore(const Shape& shape) : shape_(shape), committed_(shape.callers) {}

  Status Open(const std::filesystem::path& directory) {
    std::error_code error;
    std::filesystem::create_directory(directory, error);
    if (error) return Status::IoError("can't make " + directory.string() + ": " + error.message());
    sqlite3* opened = nullptr;
    const int code = sqlite3_open((directory / "store.db").c_str(), &opened);
    database_.reset(opened);
    if (code != SQLITE_OK) return Failure(code);
    const bool flushed = shape_.durability == Durability::kSync;
    TANDEM_RETURN_IF_ERROR(Run("PRAGMA journal_mode=WAL"));
    TANDEM_RETURN_IF_ERROR(Run(flushed ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    TANDEM_RETURN_IF_ERROR(
        Run("CREATE TABLE events (stream TEXT, version INTEGER, payload BLOB, "
            "PRIMARY KEY (stream, version)) WITHOUT ROWID"));
    TANDEM_RETURN_IF_ERROR(
        Run("CREATE TABLE messages (id INTEGER PRIMARY KEY, queue TEXT, payload BLOB)"));
    TANDEM_RETURN_IF_ERROR(Prepare("BEGIN IMMEDIATE", begin_));
    TANDEM_RETURN_IF_ERROR(Prepare("COMMIT", commit_));
    TANDEM_RETURN_IF_ERROR(Prepare("INSERT INTO events VALUES (?, ?, ?)", append_));
    return Prepare("INSERT INTO messages (queue, payload) VALUES ('work', ?)", enqueue_);
  }

  // A failure leaves the transaction open: it ends the run, and closing the database rolls it back.
  Status Commit(int caller) override {
    const MutexLock lock(mutex_);
    const std::uint64_t number = committed_[caller]++;
    const std::string_view payload = measuring::Noise(number, shape_.bytes);
    const std::string stream = "caller-" + std::to_string(caller);
    TANDEM_RETURN_IF_ERROR(Step(begin_));
    for (std::uint64_t i = 0; i < shape_.events; ++i) {
      const std::uint64_t version = number * shape_.events + i + 1;
      Bind(append_, 1, stream);
      sqlite3_bind_int64(append_.get(), 2, static_cast<sqlite3_int64>(version));
      BindBlob(append_, 3, payload);
      TANDEM_RETURN_IF_ERROR(Step(append_));
    }
    for (std::uint64_t i = 0; i < shape_.messages; ++i) {
      BindBlob(enqueue_, 1, payload);
      TANDEM_RETURN_IF_ERROR(Step(enqueue_));
    }
    return Step(commit_);
  }

 private:
  // What is bound outlives the step, so that nothing is copied.
  static void Bind(const Statement& statement, int place, std::string_view text) {
    sqlite3_bind_text(statement.get(), place, text.data(), static_cast<int>(text.size()),
                      SQLITE_STATIC);
  }
  static void BindBlob(const Statement& statement, int place, std::string_view bytes) {
    sqlite3_bind_blob(statement.get(), place, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
  }

  Status Failure(int code) const {
    const std::string text =
        "SQLite: " +
        std::string(database_ != nullptr ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code));
    switch (code & 0xff) {
      case SQLITE_FULL:
        return Status::NoSpace(text);
      case SQLITE_IOERR:
      case SQLITE_CANTOPEN:
      case SQLITE_READONLY:
        return Status::IoError(text);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return Status::Corruption("store.db", text);
      default:
        return Status::Internal(text);
    }
  }

  Status Run(const char* sql) {
    const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status::Ok() : Failure(code);
  }

  Status Prepare(const char* sql, Statement& statement) {
    sqlite3_stmt* prepared = nullptr;
    const int code =
        sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    statement.reset(prepared);
    return code == SQLITE_OK ? Status::Ok() : Failure(code);
  }

  Status Step(const Statement& statement) {
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE) return Failure(code);
    sqlite3_reset(statement.get());
    return Status::Ok();
  }

  const Shape shape_;
  Database database_;  // closed behind its statements
  Statement begin_, commit_, append_, enqueue_;

  Mutex mutex_;
  std::vector<std::uint64_t> committed_ TANDEM_GUARDED_BY(mutex_);
};

}  // namespace

bool HasSqlite() { return true; }

Result<std::unique_ptr<MeasuredStore>> MakeSqliteStore(const std::filesystem::path& directory,
                                                       const Shape& shape) {
  auto store = std::make_unique<SqliteStore>(shape);
  TANDEM_RETURN_IF_ERROR(store->Open(directory));
  return std::unique_ptr<MeasuredStore>(std::move(store));
}

}  // namespace tandem::bench
