#pragma once

// The event store's part of the RocksDB provider: it checks and stages its operations, and reads.
// It never writes: batch/ writes what was staged, then calls Publish.

#include <rocksdb/db.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "tandem/base/async_wait.h"
#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/eventstore/event_admin.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/eventstore/internal/event_verifier.h"
#include "tandem/eventstore/internal/head_cache.h"
#include "tandem/eventstore/internal/stream_waiters.h"

namespace tandem::internal {

// Reads are thread-safe. Check and Stage are called under the commit latch, in the serial order of
// batches; Publish once their writes are visible.
class RocksEventStore {
 public:
  // REQUIRES: `waits` is destroyed before this.
  RocksEventStore(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Clock* clock,
                  AsyncWaits* waits)
      : db_(db), family_(family), clock_(clock), async_waits_(waits) {}

  // Finds the last position. REQUIRES: called once, before anything else.
  Status Recover();

  // REQUIRES: the commit latch is held.
  Status Check(const AppendEvents& append, const View& view) const;
  Status Check(const UpdateMetadata& update, const View& view) const;
  Status Check(const DeletePartition& remove, const View& view) const;
  Status Check(const DeleteEntity& remove, const View& view) const;
  Status Check(const CheckVersion& check, const View& view) const;
  Status Check(const CheckMetadata& check, const View& view) const;

  // REQUIRES: the commit latch is held; every check of the batch has passed.
  Result<AppendResult> Stage(const AppendEvents& append, Timestamp now, Staging& staging);
  Status Stage(const UpdateMetadata& update, Timestamp now, Staging& staging);
  Result<DeleteEventsResult> Stage(const DeletePartition& remove, Timestamp now, Staging& staging);
  Result<DeleteEventsResult> Stage(const DeleteEntity& remove, Timestamp now, Staging& staging);

  // Wakes readers that wait for the stream. REQUIRES: its events are visible.
  void Publish(const StreamId& stream) { waiters_.Notify(stream); }
  void PublishDeletion(std::string_view entity) { waiters_.NotifyEntity(entity); }

  Result<EventPage> Read(const StreamId& stream, const ReadOptions& options);
  void ReadAsync(const StreamId& stream, const ReadOptions& options, ReadCallback callback);
  Result<std::optional<PartitionHead>> LatestPartition(std::string_view entity) const;
  Result<MetadataPage> ReadMetadata(const StreamId& stream, const MetadataOptions& options) const;
  Result<FeedPage> ReadAll(Position after, const FeedOptions& options);

  // As EventAdmin (rocks_event_admin.cc). Truncate goes through the door by itself. REQUIRES: the
  // caller is not in a proposal.
  Result<NamePage> ListEntities(const ListOptions& options) const;
  Result<PartitionPage> ListPartitions(std::string_view entity,
                                       const PartitionOptions& options) const;
  Result<std::uint64_t> Truncate(CommitDoor& door, const StreamId& stream, Version before);

  // Checks everything of this store that is in the snapshot (event_verifier.h).
  Result<EventCounts> Verify(const rocksdb::Snapshot* snapshot) const;

 private:
  class TruncateProposal;
  struct EntityContents;
  struct LastHead;

  Result<Head> HeadOf(const StreamId& stream, const View& view) const;
  void PutHead(const StreamId& stream, const Head& head, Staging& staging);
  Result<std::optional<std::uint64_t>> TombstoneOf(std::string_view entity, const View& view) const;
  // Conflict if the stream is deleted. REQUIRES: `head` is the stream's.
  Status CheckWritable(const StreamId& stream, const Head& head, const View& view) const;

  Result<LastHead> FindLastHead(std::string_view entity, std::uint64_t from,
                                std::size_t deleted_max) const;
  Result<std::optional<std::uint64_t>> HighestOf(char kind, std::string_view from,
                                                 std::string_view end, const View& view) const;
  Result<EntityContents> ContentsOf(std::string_view entity, const View& view) const;
  void StageRemoval(const StreamId& stream, Version from, Version end, Staging& staging) const;

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  Clock* const clock_;
  AsyncWaits* const async_waits_;
  Position last_position_ = 0;  // staged; under the commit latch
  mutable HeadCache heads_;     // under the commit latch
  StreamWaiters waiters_;       // own synchronization
};

}  // namespace tandem::internal
