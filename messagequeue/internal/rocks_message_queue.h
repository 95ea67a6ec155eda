#pragma once

// The message queue's part of the RocksDB provider: it checks and stages its operations, and leases
// messages. It never writes: what it stages is written by the owner of the CommitDoor.

#include <rocksdb/db.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/async_wait.h"
#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/base/rocks/store_identity.h"
#include "tandem/messagequeue/internal/queue_parts.h"
#include "tandem/messagequeue/internal/rows/queue_verify.h"
#include "tandem/messagequeue/message_queue.h"
#include "tandem/messagequeue/queue_admin.h"

namespace tandem::internal {

// Thread-safe, but for operations() and StageRecords(): they are called under the commit latch, in
// the serial order of batches.
class RocksMessageQueue {
 public:
  // REQUIRES: `waits` is destroyed before this; the others outlive it.
  RocksMessageQueue(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Clock* clock,
                    CommitDoor* door, AsyncWaits* waits, StoreIdentity identity)
      : clock_(clock), door_(door), async_waits_(waits), parts_(db, family, clock, identity) {}

  // A batch calls Begin and Check for each of its operations, Stage for each of them, StageRecords
  // once, and Publish once its writes are visible, or it is refused.
  QueueOperations& operations() { return parts_.operations; }
  void StageRecords(const QueueEffects& effects, Staging& staging) {
    parts_.states.StageRecords(effects, staging);
  }
  void Publish(const QueueEffects& effects) { parts_.ready.Publish(effects); }

  // Lets every waiting Dequeue look again: the store has stopped.
  void WakeAll() { parts_.ready.WakeAll(); }

  // Of how many queues something is kept in memory.
  std::size_t QueuesInMemory() const { return parts_.states.Lock()->queues.size(); }

  // As in MessageQueue.
  Result<std::vector<Delivery>> Dequeue(std::span<const std::string> queues,
                                        const DequeueOptions& options);
  void DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                    DequeueCallback callback);
  Result<Timestamp> Renew(const LockToken& token, std::chrono::milliseconds duration);

  // As in QueueAdmin.
  Result<NamePage> ListQueues(const ListOptions& options) const;
  Result<QueueStatistics> Statistics(std::string_view queue) const;
  Result<BrowsePage> Browse(std::string_view queue, const BrowseOptions& options) const;
  Result<std::uint64_t> Purge(std::string_view queue);
  Result<RedriveResult> Redrive(std::string_view queue);

  // Reads all that the queues have in the snapshot and checks that it fits together. Corruption
  // names the first thing that does not.
  Result<QueueCounts> Verify(const rocksdb::Snapshot* snapshot) const {
    return VerifyQueues(parts_.rows.db(), parts_.rows.family(), snapshot);
  }

 private:
  Clock* const clock_;
  CommitDoor* const door_;
  AsyncWaits* const async_waits_;
  QueueParts parts_;
};

}  // namespace tandem::internal
