#pragma once

// What can be taken from the queues next, and who waits for it: the windows are kept up with what
// is published, with leases that run out, and with what is on disk behind them. A waiter sleeps
// until there is something to take. Nothing here takes a message: that is judged under the commit
// latch (dequeue_proposal.h).

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/mutex.h"
#include "tandem/base/result.h"
#include "tandem/messagequeue/internal/ready/queue_states.h"

namespace tandem::internal {

// An entry that was taken out of its window.
struct Candidate {
  std::string queue;
  ReadyEntry entry;
  std::string record;  // of a message by itself; empty: to be read
  QueueTime time;
};

// What memory knows of the ready messages of a queue.
struct ReadyHint {
  std::optional<Place> from;   // nothing that is not leased stands before it
  std::vector<Place> expired;  // of leases that have run out, and are not offered yet
  std::vector<Lease> groups;   // leases of groups that hold
};

// Thread-safe. All that names queues but Offer and Hint: REQUIRES: they are in use, by a call of
// Dequeue (BeginCall) or by a proposal.
class ReadyQueues {
 public:
  ReadyQueues(const MessageRows& rows, QueueStates& states, const Clock* clock)
      : rows_(rows), states_(states), clock_(clock) {}

  // An entry is ready once the proposal is published.
  Status Offer(std::string_view queue, const ReadyEntry& entry, QueueEffects& effects);
  // Offers what was added, and wakes one waiter for each. REQUIRES: the writes are visible. Called
  // once for what used a queue.
  void Publish(const QueueEffects& effects);
  // Offers what is visible of the queues and written, but not yet published: it waits for no flush.
  Status OfferWritten(std::span<const std::string> queues);

  // Reads in what is on disk behind a window that has run empty.
  Status Refill(std::span<const std::string> queues);

  // Takes the oldest visible entry of the queues out of its window; nullopt if there is none, or if
  // a window has run empty first: Refill, and ask again.
  std::optional<Candidate> PopOldest(std::span<const std::string> queues, Timestamp now);
  void PutBack(std::string_view queue, const ReadyEntry& entry);
  // Not offered again, until something of it changes.
  void SetAside(std::string_view queue, const Place& ready, Damage damage);

  // Until when there is nothing to take, unless something wakes the waiter, which is put on the
  // lists of its queues; kReadyNow if there is something. Null: does not wait.
  static constexpr Timestamp kReadyNow = Timestamp::min();
  Result<Timestamp> LookOut(std::span<const std::string> queues, Waiter* waiter);
  // Takes it from the lists, and hands on what it was woken for.
  void StopWaiting(std::span<const std::string> queues, Waiter& waiter);
  // Lets every waiter look again: the store has stopped.
  void WakeAll();

  // Where the ready messages of a queue begin, without a walk over what was taken and removed
  // behind the oldest lease.
  ReadyHint Hint(std::string_view queue, const StoredQueue& stored, Timestamp now) const;

 private:
  struct Scan {
    std::vector<ReadyWindow::Entry> entries;
    std::optional<Place> rest;  // where it stopped; nullopt at the end of the index
  };
  Result<Scan> ScanFrom(std::string_view queue, const Place& from) const;

  const MessageRows& rows_;
  QueueStates& states_;
  const Clock* const clock_;
  Mutex refill_mutex_;  // one refill at a time; taken before the states' lock
};

}  // namespace tandem::internal
