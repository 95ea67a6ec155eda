#pragma once

// What the message queue keeps in memory: for each queue in use the window of what can be delivered
// next and who waits for it, and the leases that are held. All of it can be lost: it is rebuilt
// from the disk, as it is needed. A queue is in use while it has messages, or somebody works on it
// or waits: a name that was used or asked for once costs nothing. Not thread-safe: under one
// lock.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "tandem/base/clock.h"
#include "tandem/messagequeue/internal/ready/lease_table.h"
#include "tandem/messagequeue/internal/ready/ready_window.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"
#include "tandem/messagequeue/queue_time.h"

namespace tandem::internal {

constexpr Place kLastPlace{kNever, ~MessageId{0}};

// A Dequeue that waits, in the list of each of its queues.
struct Waiter {
  explicit Waiter(Notifiable* wake) : wake(wake) {}
  Notifiable* const wake;
  bool notified = false;  // woken for something that it has not looked at yet
  bool registered = false;
};

// A message that can't be read: it stands by itself, or in a group, in which nothing is delivered
// from it on.
struct Damage {
  std::string group;
  Place message;
};

struct QueueState {
  // One without messages.
  QueueState() : window(std::nullopt), floor(kLastPlace) {}
  QueueState(const StoredQueue& record, Timestamp opened)
      : window(record.floor),
        time(opened, record.latest),
        latest(record.latest),
        floor(record.floor),
        messages(record.messages) {}

  ReadyWindow window;
  QueueTime time;

  // The queue's time when it changed last, as of what is staged.
  Timestamp latest = Timestamp::min();
  // Nothing in the ready index stands before `floor`; the stored QueueRecord says the same, so that
  // the next open starts there instead of walking over what was deleted.
  Place floor;
  std::uint64_t messages = 0;        // as of what is staged
  std::size_t removals = 0;          // since the floor was raised
  std::multiset<Place> unpublished;  // entries that are staged but not yet in the window

  // Entries of the ready index that were found to be damaged since the store was opened, by place.
  // One is not offered until something of it changes.
  std::map<Place, Damage> damaged;
  bool count_is_wrong = false;  // `messages`: to be counted anew

  // In order of arrival. The first also watches the time, for all of them: it sleeps at most until
  // `watched`, when the next entry becomes visible or the next lease runs out.
  std::list<Waiter*> waiters;
  Timestamp watched = kNever;

  // Who relies on the state being there: proposals from their checks to their publication, and
  // calls of Dequeue from beginning to end.
  std::size_t proposals = 0;
  std::size_t calls = 0;

  // Wakes the first waiter that is not awake: there is something to take.
  void Wake();
  // Wakes the one that watches the time: there is an earlier one to watch for.
  void Rearm();
};

struct QueueMemory {
  LeaseTable leases;
  std::map<std::string, QueueState, std::less<>> queues;
  // Hashes of the names that had no record when they were first looked for: they had none indeed.
  // Not of all names; the others are looked for again.
  std::unordered_set<std::size_t> without_record;

  // REQUIRES: the queue is in use.
  QueueState& Existing(std::string_view queue);

  // The lease of an entry of the ready index; null if there is none.
  std::shared_ptr<Lease> LeaseOf(std::string_view queue, const ReadyEntry& entry) const;
};

}  // namespace tandem::internal
