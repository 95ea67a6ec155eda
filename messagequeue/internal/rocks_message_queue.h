#pragma once

// The message queue's part of the RocksDB provider: it checks and stages its operations, and leases
// messages. It never writes: what it stages is written by whoever owns the CommitDoor.

#include <rocksdb/db.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async_wait.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/rocks/commit_door.h"
#include "base/rocks/staging.h"
#include "messagequeue/internal/group_index.h"
#include "messagequeue/internal/lock_token.h"
#include "messagequeue/internal/queue_keys.h"
#include "messagequeue/internal/queue_memory.h"
#include "messagequeue/internal/queue_time.h"
#include "messagequeue/internal/queue_verify.h"
#include "messagequeue/internal/stored_messages.h"
#include "messagequeue/message_queue.h"
#include "messagequeue/queue_admin.h"

namespace tandem::internal {

// What a staged proposal changes once it is visible.
struct QueueEffects {
  struct Change {
    std::string queue;
    ReadyEntry entry;
    bool added = false;  // else removed
  };
  // Of the windows, in order: a later operation may remove what an earlier one has added.
  std::vector<Change> changes;
  // Queues whose record is to be staged (StageRecords).
  std::set<std::string, std::less<>> touched;
  // Queues whose state the proposal uses, until Publish.
  std::set<std::string, std::less<>> used;
};

// The store's random id, and how many times it has been opened. Makes ids and tokens unique.
struct StoreIdentity {
  std::uint64_t store = 0;
  std::uint64_t incarnation = 0;
};

// All but Check, Stage and Publish is thread-safe. Check and Stage are called under the commit
// latch, in the serial order of batches; Publish once their writes are visible.
class RocksMessageQueue {
 public:
  // REQUIRES: `waits` is destroyed before this.
  RocksMessageQueue(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, Clock* clock,
                    CommitDoor* door, AsyncWaits* waits, StoreIdentity identity);

  // REQUIRES (all of Check): the commit latch is held, BeginChecks was called for this batch;
  // Publish follows, also if the batch is refused.
  void BeginChecks() { checked_leases_.clear(); }
  Status Check(const Enqueue& enqueue, const View& view, QueueEffects& effects);
  Status Check(const DeleteMessages& ack, const View& view, QueueEffects& effects);
  Status Check(const AbandonMessages& abandon, const View& view, QueueEffects& effects);
  Status Check(const CancelMessage& cancel, const View& view, QueueEffects& effects);
  Status Check(const DeleteGroup& remove, const View& view, QueueEffects& effects);

  // REQUIRES (all of Stage): the commit latch is held; every check of the batch has passed;
  // StageRecords follows.
  Result<EnqueueResult> Stage(const Enqueue& enqueue, Timestamp now, Staging& staging,
                              QueueEffects& effects);
  Status Stage(const DeleteMessages& ack, Timestamp now, Staging& staging, QueueEffects& effects);
  Status Stage(const AbandonMessages& abandon, Timestamp now, Staging& staging,
               QueueEffects& effects);
  Result<CancelResult> Stage(const CancelMessage& cancel, Timestamp now, Staging& staging,
                             QueueEffects& effects);
  Result<DeleteGroupResult> Stage(const DeleteGroup& remove, Timestamp now, Staging& staging,
                                  QueueEffects& effects);

  // Stages the records of the queues that were touched: once in a proposal, after all its Stage, so
  // that a batch of many messages writes each record once.
  void StageRecords(const QueueEffects& effects, Staging& staging) const;

  // Offers what was added, and wakes one waiter for each. REQUIRES: the writes are visible. Called
  // once for what used a queue.
  void Publish(const QueueEffects& effects);

  // Lets every waiting Dequeue look again: the store has stopped.
  void WakeAll();

  // Of how many queues something is kept in memory.
  std::size_t QueuesInMemory() const { return memory_.Lock()->queues.size(); }

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
  Result<QueueCounts> Verify(const rocksdb::Snapshot* snapshot) const;

 private:
  class AsyncDequeue;
  class Browser;
  class DequeueCall;
  class DequeueProposal;
  class PortionProposal;
  class PurgeProposal;
  class RedriveProposal;
  class RenewProposal;
  class SweepProposal;
  using Locked = Guarded<QueueMemory>::Locked;

  // The current lease of a token; InvalidArgument or LeaseLost.
  Result<std::shared_ptr<Lease>> Resolve(const LockToken& token) const;
  std::shared_ptr<Lease> TakeChecked(const LockToken& token);
  // The message, without a group, under a lease.
  Result<StoredMessage> ReadLeased(const Lease& lease) const;
  // nullopt: the key is free.
  Result<std::optional<KeyHolder>> HolderOf(const View& view, std::string_view queue,
                                            std::string_view key) const;
  Result<QueueState*> StateOf(QueueMemory& memory, std::string_view queue) const;
  // What its record says, or should say if it is damaged or lost.
  Result<StoredQueue> LoadQueue(QueueMemory& memory, std::string_view queue) const;
  Result<QueueTime> TimeOf(std::string_view queue) const;
  // The same of a queue whose record was read already, by who only looks.
  QueueTime TimeOf(std::string_view queue, const StoredQueue& stored) const;
  // Keeps the queue's state until the proposal is published. Ok if its record can be read, and need
  // not be read again: to be known before anything of it is staged.
  Status Use(std::string_view queue, QueueEffects& effects);
  static void Use(std::string_view queue, QueueState& state, QueueEffects& effects);
  // The same for a call, from beginning to end.
  Status BeginCall(std::span<const std::string> queues);
  void EndCall(std::span<const std::string> queues);
  // Forgets what nobody uses of a queue without messages.
  void LetGo(QueueMemory& memory, std::string_view queue) const;
  // All members, as the view shows them, and keys among them that make no sense. REQUIRES: `state`
  // is the group's.
  // The first of a group, at most as many as were asked for.
  struct Members {
    std::vector<MessageRef> messages;
    std::vector<std::string> strays;
    bool more = false;
  };
  Result<Members> MembersOf(const View& view, std::string_view queue, std::string_view group,
                            const GroupState& state, std::size_t max) const;
  Result<Members> MembersFrom(const View& view, std::string_view queue, std::string_view group,
                              const std::string& from, std::size_t max) const;

  // `now` is the clock's, everywhere; places are by the queue's own time (QueueTime).

  // Puts a message that is in no queue into this one: its record, key, entries. `group` may be
  // empty; `delayed` of the envelope is found out here.
  Status Insert(std::string_view queue, std::string_view group, const Place& place,
                Envelope envelope, std::string_view payload, Timestamp now, Staging& staging,
                QueueEffects& effects);
  void HoldKey(std::string_view queue, std::string_view key, const KeyHolder& holder,
               Staging& staging) const;
  // Removes messages: one without a group, or members of one.
  Status Remove(std::string_view queue, std::string_view group,
                const std::vector<MessageRef>& messages, Timestamp now, Staging& staging,
                QueueEffects& effects);

  // Puts, moves and removes entries of the ready index, on disk and in `effects`.
  Status AddReady(std::string_view queue, const ReadyEntry& entry, std::string_view record,
                  std::string_view visible, Staging& staging, QueueEffects& effects);
  Status Offer(std::string_view queue, const ReadyEntry& entry, QueueEffects& effects);
  void RemoveReady(std::string_view queue, const ReadyEntry& entry, Staging& staging,
                   QueueEffects& effects);
  // Removes what leads to no message.
  Status Sweep(std::string_view queue, MessageId end);
  // Makes a group's record and its entry in the ready index anew, of its members: `entry` is there,
  // and the record, if there is one, knows nothing of it.
  Status RestoreGroup(std::string_view queue, const ReadyEntry& entry,
                      const std::optional<GroupState>& record, Staging& staging, Timestamp now,
                      QueueEffects& effects);
  Status MoveGroup(std::string_view queue, std::string_view group, const ReadyChange& change,
                   Staging& staging, QueueEffects& effects);

  // Has the queue's record staged, with the time of `now`.
  static void Touch(std::string_view queue, QueueState& state, Timestamp now,
                    QueueEffects& effects);
  Status CountAdded(std::string_view queue, Timestamp now, QueueEffects& effects);
  // Also raises the floor from time to time. REQUIRES: what is left is in the window, leased or
  // offered.
  Status CountRemoved(std::string_view queue, std::uint64_t messages, Timestamp now,
                      QueueEffects& effects);
  // The messages that the view shows, now also in the queue's state. Looks at all of them.
  std::uint64_t CountAnew(std::string_view queue, const View& view) const;
  void RaiseFloor(std::string_view queue, QueueState& state, const LeaseTable& leases,
                  Timestamp now) const;

  // A value as it is in the database, whatever is staged: payloads are nowhere else.
  Result<std::optional<std::string>> GetWritten(std::string_view queue, std::string_view key) const;
  Result<std::uint32_t> DeliveriesOf(const View& view, std::string_view queue, MessageId id) const;
  void TakeBackDelivery(std::string_view queue, MessageId id, Staging& staging) const;
  void DeleteTraces(std::string_view queue, std::string_view group, const MessageRef& message,
                    Staging& staging) const;
  // False if this batch has ended it already: a cancellation does.
  bool EndLease(const Lease& lease);
  void EndLeaseOf(const LeaseItem& item);
  // At its old place, or with a delay.
  Status ComeBack(const Lease& lease, Staging& staging, QueueEffects& effects);
  Status ComeBackLater(const Lease& lease, Timestamp not_before, Timestamp now, Staging& staging,
                       QueueEffects& effects);
  void EndLeaseInGroup(const std::string& queue, const KeyHolder& holder, Staging& staging);

  // What memory knows of the ready messages of a queue.
  struct ReadyHint {
    std::optional<Place> from;   // nothing that is not leased stands before it
    std::vector<Place> expired;  // of leases that have run out, and are not offered yet
    std::vector<Lease> groups;   // leases of groups that hold
  };
  ReadyHint HintOf(std::string_view queue, const StoredQueue& stored, Timestamp now) const;

  // The lease of an entry of the ready index that has not run out.
  std::optional<Lease> HeldLeaseOf(std::string_view queue, const ReadyEntry& entry,
                                   Timestamp now) const;

  // Dequeue's parts (rocks_dequeue.cc).
  static constexpr Timestamp kReadyNow = Timestamp::min();
  Status Refill(std::span<const std::string> queues);
  Status ScanReady(std::string_view queue, const Place& from,
                   std::vector<ReadyWindow::Entry>* entries, std::optional<Place>* rest) const;
  void OfferExpired(QueueMemory& memory, std::string_view queue, Timestamp now);
  // Until when there is nothing to take, unless something wakes the waiter, which is put on the
  // lists of its queues; kReadyNow if there is something. Null: does not wait.
  Result<Timestamp> LookOut(std::span<const std::string> queues, Waiter* waiter);
  // Offers what is visible of the queues and written, but not yet published: it waits for no flush.
  Status OfferWritten(std::span<const std::string> queues);
  static void EraseLeased(const QueueMemory& memory, const std::string& queue,
                          std::vector<ReadyWindow::Entry>& entries);
  void StopWaiting(std::span<const std::string> queues, Waiter& waiter);
  static void Wake(QueueState& state);   // the first that is not awake: for something to take
  static void Rearm(QueueState& state);  // the one that watches the time: there is an earlier one

  // Of which it is known that they had no record.
  static constexpr std::size_t kNamesMax = 4096;

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  Clock* const clock_;
  CommitDoor* const door_;
  AsyncWaits* const async_waits_;
  const StoreIdentity identity_;
  const Timestamp opened_;
  const GroupIndex groups_;

  MessageId next_id_;             // staged; guarded by the commit latch
  std::uint64_t next_epoch_ = 1;  // guarded by memory_'s lock
  // Of the batch that is being judged; guarded by the commit latch.
  std::map<LockToken, std::shared_ptr<Lease>> checked_leases_;

  std::mutex refill_mutex_;  // one refill at a time; taken before memory_'s lock
  Guarded<QueueMemory> memory_;
};

}  // namespace tandem::internal
