#pragma once

// A MessageQueue keeps messages until somebody who took one under a lease has acknowledged it.
//
//   message  opaque bytes in a named queue; visible from a certain time on
//   lease    the exclusive right to a message, or to a group's messages, for a time
//   token    names a lease. Correctness rests on it, never on a clock: once another lease has taken
//            over, the old token can change nothing any more
//   group    messages of one (queue, group) are delivered in order, to one holder at a time
//   key      names a message within its queue from enqueue until removal
//
// All names and payloads are binary. Limits: base/limits.h. Durations may be as long as their type
// can say: hours::max() means forever. Every implementation is thread-safe.
// Errors common to all calls: InvalidArgument or TooLarge (bad names, sizes, tokens), IoError,
// Corruption, and Unavailable once the store has stopped.

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/durability.h"
#include "tandem/base/result.h"

namespace tandem {

// Unique in the store forever, and growing in the order of enqueueing.
using MessageId = std::uint64_t;

// Opaque. May be stored, and passed back by somebody else than the one who dequeued.
struct LockToken {
  std::string bytes = {};

  auto operator<=>(const LockToken&) const = default;
};

// --- Operations of a batch (batch/provider.h) that concern this store ---------------------------

struct EnqueueOptions {
  // Visible this long after the enqueue, or at this time, which wins; a past time counts as now.
  Saturated<std::chrono::milliseconds> delay = {};
  std::optional<Timestamp> visible_at = {};

  std::string group = {};  // empty = none
  std::string key = {};    // empty = none

  Durability durability = Durability::kSync;  // of MessageQueue::Enqueue; in a batch, the batch's
};

struct Enqueue {
  std::string queue = {};
  std::string payload = {};
  EnqueueOptions options = {};
};

enum class EnqueueOutcome {
  kQueued,
  kDuplicate,  // the key is held: nothing was stored, `id` is the message that holds it
};

struct EnqueueResult {
  MessageId id = 0;
  EnqueueOutcome outcome = EnqueueOutcome::kQueued;
};

// The acknowledgement: removes exactly what was delivered under the token. LeaseLost if the lease
// is not the current one; in a batch this fences everything else in it.
struct DeleteMessages {
  LockToken lock_token = {};
};

// Ends the lease; what it held comes back in the old order, or, with a delay, at the end of it.
struct AbandonMessages {
  LockToken lock_token = {};
  // Hidden for this long; a group waits as a whole.
  Saturated<std::chrono::milliseconds> delay = {};
  bool count = true;  // false takes the delivery back
};

// Removes the message that holds `key`, even while it is leased. Never fails: the outcome says
// whether there was one. Cancelling one message of a leased group ends that lease; the others
// return at once, in order, and that delivery is not counted for them.
struct CancelMessage {
  std::string queue = {};
  std::string key = {};
};

struct CancelResult {
  bool cancelled = false;  // false: no message held the key
};

// Removes the messages of a group, also those that are leased: their lease ends, its token is gone.
// Costs as much as acknowledging them. All or nothing: TooLarge if they are more than
// kDeletedAtOnceMax. Such a group is emptied in portions before it goes as a whole.
struct DeleteGroup {
  std::string queue = {};
  std::string group = {};
  std::size_t portion = 0;  // removes the first so many at most, up to kDeletedAtOnceMax; 0: all
};

struct DeleteGroupResult {
  std::uint64_t messages = 0;  // removed
  bool more = false;           // are left
};

// --- Calls --------------------------------------------------------------------------------------

struct DequeueOptions {
  Saturated<std::chrono::milliseconds> lease = std::chrono::seconds(30);
  std::size_t max_messages = 1;
  std::size_t max_bytes = std::size_t{4} << 20;  // of payloads; one message at least is returned

  // How many groups one call may take. 1: a group comes by itself. More: the oldest messages
  // and groups, until a limit is reached; the members of each group stand together.
  std::size_t max_groups = 1;

  // A message that was delivered so often already moves to the queue's dead letters instead
  // (DeadLetterQueue), as part of taking. 0 = no limit.
  std::uint32_t max_deliveries = 0;

  // How long to block until a message is ready. A stop request ends the wait early.
  Saturated<std::chrono::milliseconds> wait = {};
  std::stop_token stop = {};
};

// The queue in which the dead letters of `queue` wait: "<queue>/dead". A queue like any other.
std::string DeadLetterQueue(std::string_view queue);

// Where a dead letter comes from.
struct DeadLetter {
  std::string queue = {};
  std::uint32_t deliveries = 0;  // that it had there
};

struct Delivery {
  LockToken lock_token = {};
  std::string queue = {};
  MessageId id = 0;
  std::string key = {};
  std::string group = {};
  std::uint32_t delivery_count = 0;  // leases granted so far, this one included
  Timestamp enqueued_at = {};
  std::string payload = {};
  // Set for a dead letter. It keeps id, group, enqueued_at and payload; its key is only told, and
  // free in both queues; its delivery count starts anew.
  std::optional<DeadLetter> dead_letter = {};
};

// Called exactly once, on a thread of the queue, never within the call that it was passed to. May
// make asynchronous calls, but must neither block, nor throw, nor destroy the queue.
using DequeueCallback = std::function<void(Result<std::vector<Delivery>>)>;

struct AckOptions {
  Durability durability = Durability::kSync;
};

// `delay` and `count` as in AbandonMessages.
struct AbandonOptions {
  Saturated<std::chrono::milliseconds> delay = {};
  bool count = true;
  Durability durability = Durability::kSync;
};

class MessageQueue {
 public:
  virtual ~MessageQueue() = default;

  virtual Result<EnqueueResult> Enqueue(std::string queue, std::string payload,
                                        const EnqueueOptions& options) = 0;
  Result<EnqueueResult> Enqueue(std::string queue, std::string payload) {
    return Enqueue(std::move(queue), std::move(payload), EnqueueOptions());
  }

  // Leases the oldest visible messages across `queues`: each message without a group under its own
  // token, the messages of a group, in order of (visible_at, id), all under one. Unless max_groups
  // says otherwise it is either the former or one group; the oldest message decides. The rest of a
  // group that was taken, also what arrives later, stays hidden until the lease ends. May return
  // fewer than are ready; empty only when nothing is eligible until `wait` is over or a stop is
  // requested.
  //
  // A lease that has run out lets others take the messages; until somebody does, it is still good.
  // All leases end when the store is opened again.
  virtual Result<std::vector<Delivery>> Dequeue(std::span<const std::string> queues,
                                                const DequeueOptions& options) = 0;
  Result<std::vector<Delivery>> Dequeue(const std::string& queue, const DequeueOptions& options) {
    return Dequeue(std::span(&queue, 1), options);
  }
  Result<std::vector<Delivery>> Dequeue(const std::string& queue) {
    return Dequeue(queue, DequeueOptions());
  }
  // Dequeue({"a", "b"}): without it the braces would be one name, a string from two iterators.
  Result<std::vector<Delivery>> Dequeue(std::initializer_list<std::string> queues,
                                        const DequeueOptions& options) {
    return Dequeue(std::span(queues.begin(), queues.size()), options);
  }
  Result<std::vector<Delivery>> Dequeue(std::initializer_list<std::string> queues) {
    return Dequeue(queues, DequeueOptions());
  }

  // Dequeue for one message; nullopt: none was ready. `max_messages` and `max_groups` do not count.
  Result<std::optional<Delivery>> DequeueOne(const std::string& queue, DequeueOptions options);
  Result<std::optional<Delivery>> DequeueOne(const std::string& queue) {
    return DequeueOne(queue, DequeueOptions());
  }

  // The same without a thread that waits: any number of calls may wait at a time. Ended by its stop
  // token like a blocking one; Cancelled if the queue is closed. Optional: Unsupported, told within
  // the call.
  virtual void DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                            DequeueCallback callback);

  // DeleteMessages and AbandonMessages by themselves.
  virtual Status Ack(const LockToken& token, const AckOptions& options) = 0;
  Status Ack(const LockToken& token) { return Ack(token, AckOptions()); }
  virtual Status Abandon(const LockToken& token, const AbandonOptions& options) = 0;
  Status Abandon(const LockToken& token) { return Abandon(token, AbandonOptions()); }

  // Moves the lease's end to `duration` from now, never to an earlier time; returns the end. One
  // token per call: a renewal writes nothing and waits for no flush.
  virtual Result<Timestamp> Renew(const LockToken& token,
                                  Saturated<std::chrono::milliseconds> duration) = 0;
};

}  // namespace tandem
