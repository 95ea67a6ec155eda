#include "tandem/cli/bench/beside/sqlite_store.h"

// Takes the place of sqlite_store.cc where SQLite was not found.

namespace tandem::bench {

bool HasSqlite() { return false; }

Result<std::unique_ptr<MeasuredStore>> MakeSqliteStore(const std::filesystem::path& /*directory*/,
                                                       const Shape& /*shape*/) {
  return Status::Unsupported("built without SQLite");
}

}  // namespace tandem::bench
