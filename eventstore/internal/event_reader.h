#pragma once

// Reads one stream's head and events from one snapshot, and turns stored records into values. A
// hole in the versions, or a record that does not fit its key, is Corruption.

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "eventstore/event_store.h"

namespace tandem::internal {

class EventReader {
 public:
  EventReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, const StreamId& stream);

  // The stream's version; 0 if it does not exist.
  Result<Version> Head();

  // The event with exactly this version. Cheap when called in the order of `direction`. REQUIRES: 1
  // <= version <= Head()
  Result<Event> Next(Version version, Direction direction);

 private:
  std::string Where(Version version) const;

  const StreamId stream_;
  const std::string end_;  // of the stream's event keys; the iterator keeps a view of it
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool positioned_ = false;  // the iterator stands on the event that was returned last
};

// For messages: "stream (account-42, 0)".
std::string Describe(const StreamId& stream);

Result<Version> DecodeHead(std::string_view record, const StreamId& stream);

struct FeedEntry {
  StreamId stream;
  Version first = 0;
  std::uint64_t count = 0;
};

// `last` is the position in the entry's key.
Result<FeedEntry> DecodeFeedEntry(std::string_view record, Position last);

}  // namespace tandem::internal
