#pragma once

// The message queue's half of the in-memory provider, as a plain value: copying it is a snapshot. A
// batch checks all its operations, then applies all. Arguments are valid already
// (messagequeue/queue_limits.h).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/batch/batch.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/messagequeue/lock_token.h"
#include "tandem/messagequeue/message_queue.h"
#include "tandem/messagequeue/place.h"
#include "tandem/messagequeue/queue_admin.h"
#include "tandem/messagequeue/queue_time.h"

namespace tandem::internal {

using LeaseNumber = std::uint64_t;  // from 1 in each incarnation; 0 = none

struct MemoryMessage {
  std::string group;
  std::string key;
  std::string payload;
  Timestamp enqueued_at;
  std::uint32_t delivery_count = 0;
  std::optional<DeadLetter> dead_letter;
  LeaseNumber lease = 0;      // that covers it, maybe run out
  std::optional<Place> free;  // its entry in MemoryQueue::free; never of a group's message

  bool HoldsKey() const { return !key.empty() && !dead_letter.has_value(); }
};

struct MemoryGroup {
  std::set<Place> members;
  Timestamp not_before = Timestamp::min();  // hidden as a whole until then
  LeaseNumber lease = 0;                    // that covers some of it, maybe run out
  std::optional<Place> free;                // its entry in MemoryQueue::free
};

struct MemoryQueue {
  // Places, and until when a group is hidden, are times of the queue.
  QueueTime time;
  Timestamp latest = Timestamp::min();  // the queue's time when it changed last

  std::map<Place, MemoryMessage> messages;    // in order of delivery
  std::map<std::string, MemoryGroup> groups;  // those that have members
  std::map<std::string, Place> keys;          // that are held

  // What can be leased as a whole (a message by itself, or a group, which is where its first
  // message is) is in one of two: here what no lease covers, or one that has run out, by when it
  // is visible, with its place; there the leases that still run.
  std::map<Place, Place> free;
  std::set<std::pair<Timestamp, LeaseNumber>> running;  // by deadline

  // By the queue's time.
  Timestamp VisibleAt(const Place& place, const MemoryMessage& message) const;
  LeaseNumber LeaseOf(const MemoryMessage& message) const;
  // Of what stands at `place`, a group if its message there has one. Unfree says whether it was
  // free; what is free is put where it belongs now.
  void Free(const Place& place);
  bool Unfree(const Place& place);
};

struct MemoryLease {
  LeaseItem item;
  Timestamp deadline;
  std::vector<Place> places;  // of what was delivered under it
};

class MemoryQueues {
 public:
  // What the tokens of one batch name, judged before it: its earlier operations may end a lease,
  // and still its token stands for what was delivered under it.
  using Judged = std::map<LockToken, std::pair<LeaseNumber, MemoryLease>>;

  Status Check(const Enqueue& enqueue, Judged& judged) const;
  Status Check(const DeleteMessages& ack, Judged& judged) const;
  Status Check(const AbandonMessages& abandon, Judged& judged) const;
  Status Check(const CancelMessage& cancel, Judged& judged) const;
  Status Check(const DeleteGroup& remove, Judged& judged) const;

  OperationResult Apply(const Enqueue& enqueue, Timestamp now, const Judged& judged);
  OperationResult Apply(const DeleteMessages& ack, Timestamp now, const Judged& judged);
  OperationResult Apply(const AbandonMessages& abandon, Timestamp now, const Judged& judged);
  OperationResult Apply(const CancelMessage& cancel, Timestamp now, const Judged& judged);
  OperationResult Apply(const DeleteGroup& remove, Timestamp now, const Judged& judged);

  // Leases what is ready (memory_dequeue.cc).
  std::vector<Delivery> Take(std::span<const std::string> queues, const DequeueOptions& options,
                             Timestamp now);
  // When something of the queues is ready next, unless something changes; kNever if never.
  Timestamp NextReady(std::span<const std::string> queues) const;
  Result<Timestamp> Renew(const LockToken& token, std::chrono::milliseconds duration,
                          Timestamp now);

  // Administration (memory_queue_admin.cc).
  std::set<std::string> Names() const;
  QueueStatistics Statistics(const std::string& name, Timestamp now) const;
  Result<BrowsePage> Browse(const std::string& name, const BrowseOptions& options,
                            Timestamp now) const;
  std::uint64_t Purge(const std::string& name);
  RedriveResult Redrive(const std::string& name, Timestamp now);
  // Counts what is there; Corruption if it does not fit together.
  Status Verify(VerifyReport* report) const;

  // Ends all leases, and lets none of their tokens be good again.
  void OpenAgain(Timestamp now);

  // After each batch and call: a queue without messages is none, and its time is forgotten.
  void DropEmpty();

  std::uint64_t changes() const { return changes_; }  // grows with each change
  // Of the messages, groups and leases that Take and NextReady looked at to find what is ready.
  std::uint64_t looked_at() const { return looked_at_; }

 private:
  struct Candidate {
    std::string queue;
    Place place;        // in the queue; of a group, its first's
    Place order;        // where it stands in the order of delivery, by the clock
    std::string group;  // empty: a message by itself
  };
  struct Basket;

  Result<LeaseNumber> Resolve(const LockToken& token) const;
  // The lease that covers what the token names, 0 if none does.
  LeaseNumber HolderOf(const LeaseItem& item) const;
  // The earliest time at which what is free can be taken, by the clock: a lease that had run out
  // runs again when the clock was set back.
  Timestamp ReadyAt(const MemoryQueue& queue, const Place& place,
                    const MemoryMessage& message) const;
  // Frees what leases of the queue covered that have run out.
  void FreeRunOut(MemoryQueue& queue, Timestamp now);
  void SetDeadline(LeaseNumber number, Timestamp deadline);
  MessageState StateOf(const MemoryQueue& queue, const Place& place, const MemoryMessage& message,
                       Timestamp now) const;

  // Visible from `visible_at` on, by the clock.
  void Insert(const std::string& name, Timestamp visible_at, MessageId id, MemoryMessage message,
              Timestamp now);
  MemoryMessage Remove(const std::string& name, const Place& place, Timestamp now);
  void EndLease(LeaseNumber number, bool count);

  std::optional<Candidate> OldestReady(std::span<const std::string> queues, Timestamp now);
  void TakeAlone(const Candidate& candidate, Basket& basket);
  void TakeGroup(const Candidate& candidate, Basket& basket);
  void Bury(const std::string& name, const Place& place, Basket& basket);
  void Deliver(const Candidate& candidate, const Place& place, Basket& basket);
  void Grant(const LeaseItem& item, std::size_t deliveries_before, Basket& basket);

  std::map<std::string, MemoryQueue> queues_;  // those that have messages, but for DropEmpty
  std::set<std::string> maybe_empty_;          // of queues_
  std::map<LeaseNumber, MemoryLease> leases_;  // not ended: held, or run out and not taken
  std::map<LeaseItem, LeaseNumber> holders_;   // the same by what they cover
  std::uint64_t store_ = 0;                    // tells this store's tokens from others'
  std::uint64_t incarnation_ = 0;
  LeaseNumber last_lease_ = 0;
  MessageId last_id_ = 0;
  std::uint64_t changes_ = 0;
  mutable std::uint64_t looked_at_ = 0;
};

}  // namespace tandem::internal
