#pragma once

// Reads one stream's head and events.

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>

#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/eventstore/internal/event_values.h"

namespace tandem::internal {

class EventReader {
 public:
  // Each call of ReadHead sees the newest head; all events are of the moment of the first call of
  // Next.
  EventReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, const StreamId& stream);

  Result<Head> ReadHead() const;

  // The entity was deleted when it had this partition or a later one.
  Result<bool> IsBuried() const;

  // The event with exactly this version; nullopt if there is none. Cheap when called in the order
  // of `direction`.
  Result<std::optional<Event>> Next(Version version, Direction direction);

  // What to say of a stream whose head promises an event that is not there.
  Status Missing(Version version) const;

 private:
  std::string Where(Version version) const;

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const StreamId stream_;
  const std::string end_;  // of the stream's event keys; the iterator keeps a view of it
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;  // null until the first Next
};

// One page of a stream, as EventStore::Read without waiting. REQUIRES: ValidateRead passed.
Result<EventPage> ReadPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                           const StreamId& stream, const ReadOptions& options);

}  // namespace tandem::internal
