#pragma once

// The leases that are held, in memory: by epoch, by what they cover, and by deadline. Its size is
// that of what is in work, not of any backlog. Not thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/lock_token.h"

namespace tandem::internal {

struct Lease {
  std::uint64_t epoch = 0;
  LeaseItem item;
  Place ready;  // where the item stands in the ready index
  Timestamp deadline;
  std::vector<MessageRef> messages;
  bool offered = false;  // it has run out, and its item is offered again; still good until taken
};

class LeaseTable {
 public:
  void Insert(std::shared_ptr<Lease> lease);
  void Remove(const Lease& lease);

  // Null if there is none.
  std::shared_ptr<Lease> Find(std::uint64_t epoch) const;
  std::shared_ptr<Lease> FindItem(const LeaseItem& item) const;

  void SetDeadline(Lease& lease, Timestamp deadline);
  void SetReady(Lease& lease, const Place& ready);

  // Marks the queue's leases that have run out by `now` as offered, and returns them.
  std::vector<std::shared_ptr<Lease>> OfferExpired(std::string_view queue, Timestamp now);

  // The earliest deadline of a lease in the queue that is not offered; kNever if there is none.
  Timestamp NextDeadline(std::string_view queue) const;

  // The messages under leases of the queue that end after `now`.
  std::uint64_t MessagesHeld(std::string_view queue, Timestamp now) const;

  // The queue's leases that are not offered.
  std::vector<std::shared_ptr<Lease>> NotOffered(std::string_view queue) const;

  // The first place in the ready index that is leased.
  std::optional<Place> FirstReady(std::string_view queue) const;

 private:
  struct OfQueue {
    std::set<std::pair<Timestamp, std::uint64_t>> deadlines;  // (deadline, epoch), not offered
    std::set<Place> ready;
  };
  OfQueue& Existing(const Lease& lease);

  std::unordered_map<std::uint64_t, std::shared_ptr<Lease>> by_epoch_;
  std::map<LeaseItem, std::shared_ptr<Lease>> by_item_;
  std::map<std::string, OfQueue, std::less<>> by_queue_;  // no entry for a queue without leases
};

}  // namespace tandem::internal
