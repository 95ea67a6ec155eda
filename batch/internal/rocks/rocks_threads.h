#pragma once

// The threads that RocksDB keeps for the whole process: one writes memtables out, one compacts. By
// itself it starts a missing one when it needs it, in the middle of a write, and where the system
// gives none that ends the process.

#include "tandem/base/status.h"

namespace tandem::internal {

// How many background jobs the options of a database may ask for: one of each kind.
inline constexpr int kBackgroundJobs = 2;

// Starts those that are not there yet; once started they stay. Unavailable where the system gives
// no thread.
Status StartRocksThreads();

}  // namespace tandem::internal
