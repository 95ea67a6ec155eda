#pragma once

// Checks what the store keeps of itself, the column family "default": its own record and the ids of
// batches.

#include <rocksdb/db.h>

#include <cstdint>

#include "tandem/base/result.h"
#include "tandem/batch/internal/rocks/store_directory.h"

namespace tandem::internal {

// Returns how many batch ids there are. Corruption names the first record that cannot be read, and
// the first key of no known kind.
Result<std::uint64_t> VerifyStore(const StoreDatabase& database, const rocksdb::Snapshot* snapshot);

}  // namespace tandem::internal
