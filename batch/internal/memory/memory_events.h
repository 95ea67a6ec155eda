#pragma once

// The event store's half of the in-memory provider, as a plain value: copying it is a snapshot. A
// batch checks all its operations, then applies all. Arguments are valid already
// (eventstore/event_limits.h).

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/batch/batch.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/eventstore/event_admin.h"
#include "tandem/eventstore/event_store.h"

namespace tandem::internal {

struct MemoryStream {
  Version first = 1;         // the oldest version still there
  std::deque<Event> events;  // from `first` on
  std::map<std::string, std::string> metadata;

  Version head() const { return first + events.size() - 1; }
};

class MemoryEvents {
 public:
  Status Check(const AppendEvents& append) const;
  Status Check(const UpdateMetadata& update) const;
  Status Check(const DeletePartition& remove) const;
  Status Check(const DeleteEntity& remove) const;
  Status Check(const CheckVersion& check) const;
  Status Check(const CheckMetadata& check) const;

  OperationResult Apply(const AppendEvents& append, Timestamp now);
  OperationResult Apply(const UpdateMetadata& update, Timestamp now);
  OperationResult Apply(const DeletePartition& remove, Timestamp now);
  OperationResult Apply(const DeleteEntity& remove, Timestamp now);
  OperationResult Apply(const CheckVersion& check, Timestamp now);
  OperationResult Apply(const CheckMetadata& check, Timestamp now);

  EventPage Read(const StreamId& stream, const ReadOptions& options) const;
  FeedPage ReadAll(Position after, const FeedOptions& options) const;
  MetadataPage ReadMetadata(const StreamId& stream, const MetadataOptions& options) const;
  std::optional<PartitionHead> LatestPartition(std::string_view entity) const;

  std::set<std::string> Entities() const;
  PartitionPage ListPartitions(std::string_view entity, const PartitionOptions& options) const;
  Result<std::uint64_t> Truncate(const StreamId& stream, Version before);
  // Counts what is there; Corruption if streams and feed do not fit together.
  Status Verify(VerifyReport* report) const;

 private:
  // An empty one if there is none.
  const MemoryStream& Find(const StreamId& stream) const;
  bool IsBuried(const StreamId& stream) const;  // it was deleted with its entity
  Status CheckWritable(const StreamId& stream) const;
  // The highest partition of the entity that has events.
  std::optional<PartitionHead> LatestLive(std::string_view entity) const;
  std::uint64_t Remove(const StreamId& stream);

  std::map<StreamId, MemoryStream> streams_;  // those that ever had an event, or have metadata
  std::map<Position, std::pair<StreamId, Version>> feed_;         // the events still there
  std::set<StreamId> deleted_;                                    // by DeletePartition
  std::map<std::string, std::uint64_t, std::less<>> tombstones_;  // entity -> partition
  Position last_position_ = 0;
};

}  // namespace tandem::internal
