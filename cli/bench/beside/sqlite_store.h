#pragma once

#include <filesystem>
#include <memory>

#include "tandem/base/result.h"
#include "tandem/cli/bench/measured_store.h"

namespace tandem::bench {

// Whether this program was built with SQLite (sqlite_store.cc) or without (sqlite_missing.cc).
bool HasSqlite();

// One transaction with an INSERT for each event and each message, into two tables. The log is
// write-ahead (WAL); synchronous=FULL flushes it at each commit, as kSync; synchronous=NORMAL at
// checkpoints only, so that a crash of the process loses nothing, as kBuffered
// (https://www.sqlite.org/pragma.html#pragma_synchronous). SQLite has one writer at a time: the
// callers share a connection and wait for their turn at a mutex, since its own way, to sleep and
// try again, makes the figures those of the sleep.
//
// Unsupported without SQLite.
Result<std::unique_ptr<MeasuredStore>> MakeSqliteStore(const std::filesystem::path& directory,
                                                       const Shape& shape);

}  // namespace tandem::bench
