#pragma once

// The leases of the queues, and the tokens that name them. A lease lives in memory only: it ends
// when the store is closed.

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/base/rocks/store_identity.h"
#include "tandem/messagequeue/internal/ready/queue_states.h"
#include "tandem/messagequeue/lock_token.h"

namespace tandem::internal {

// What stands in the way of taking an item.
struct Obstacle {
  std::shared_ptr<Lease> lease;  // null: none
  bool holds = false;            // else it has run out: whoever takes the item ends it
};

// Thread-safe.
class Leases {
 public:
  Leases(QueueStates& states, StoreIdentity identity) : states_(states), identity_(identity) {}

  // The current lease of a token. InvalidArgument: this store never issued it; LeaseLost.
  Result<std::shared_ptr<Lease>> Resolve(const LockToken& token) const;

  Obstacle Find(const LeaseItem& item) const;

  // The lease of an entry of the ready index that has not run out. A copy: others may end it at any
  // time.
  std::optional<Lease> Held(std::string_view queue, const ReadyEntry& entry, Timestamp now) const;

  // All that follow: REQUIRES: the commit latch is held.

  // A new lease on the item, which stands at `ready`. REQUIRES: it has none; its queue is in use
  // (of a call of Dequeue: BeginCall).
  LockToken Grant(const LeaseItem& item, const Place& ready, std::vector<MessageRef> messages,
                  std::chrono::milliseconds duration, const StagingContext& context);
  // Until when it holds then: never earlier than before.
  Result<Timestamp> Renew(const LockToken& token, std::chrono::milliseconds duration,
                          Timestamp now);
  // False if it has ended already: a cancellation in the same batch does that.
  bool End(const Lease& lease);
  void EndOf(const LeaseItem& item);

 private:
  QueueStates& states_;
  const StoreIdentity identity_;
  std::uint64_t next_epoch_ = 1;  // under the states' lock
};

}  // namespace tandem::internal
