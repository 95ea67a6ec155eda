#pragma once

// Reads the global feed.

#include <rocksdb/db.h>

#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"

namespace tandem::internal {

// One page, as EventStore::ReadAll without waiting. What cannot be read of the feed is Corruption
// when a page begins with it: a page before ends in front of it, and one whose `after` is behind it
// goes on. REQUIRES: ValidateReadAll passed.
Result<FeedPage> ReadFeedPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Position after,
                              const FeedOptions& options);

// The position of the last event that was ever appended; 0 if none was. It is that of the last feed
// key, whatever is stored there: what is damaged may leave positions out, but never give one twice.
Result<Position> LastPosition(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family);

}  // namespace tandem::internal
