#pragma once

// Checks all that an event store holds, in one snapshot: that every record can be read, and that
// they fit together. Reads everything once, and holds one record of each kind at a time.

#include <rocksdb/db.h>

#include <cstdint>

#include "tandem/base/result.h"

namespace tandem::internal {

struct EventCounts {
  std::uint64_t entities = 0;  // that have events or metadata
  std::uint64_t streams = 0;   // the same
  std::uint64_t events = 0;
};

// Corruption names the first thing that is wrong:
//   - the versions of a stream are dense from the head's `first` to its `version`, their positions
//     ascend, and there is no event besides;
//   - the last head of an entity is live; a deleted partition has no metadata, and nothing stands
//     at or below a tombstone;
//   - the feed lists each position once, from 1 without a hole; it lists each event at its
//     position, and besides those only what was deleted or truncated.
Result<EventCounts> VerifyEvents(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                 const rocksdb::Snapshot* snapshot);

}  // namespace tandem::internal
