#pragma once

// Reads the global feed.

#include <rocksdb/db.h>

#include "base/result.h"
#include "eventstore/event_store.h"

namespace tandem::internal {

// One page, as EventStore::ReadAll without waiting. REQUIRES: ValidateReadAll passed.
Result<FeedPage> ReadFeedPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Position after,
                              const FeedOptions& options);

// The position of the last event that was ever appended; 0 if none was.
Result<Position> LastPosition(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family);

}  // namespace tandem::internal
