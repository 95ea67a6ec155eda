#pragma once

// The taking of messages, as a proposal to the commit door.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/rocks/commit_door.h"
#include "messagequeue/internal/rocks_message_queue.h"
#include "messagequeue/message_queue.h"

namespace tandem::internal {

// Takes the oldest eligible messages, in the serial order of batches. It writes delivery counts
// only: the lease itself is in memory.
class RocksMessageQueue::DequeueProposal final : public Proposal {
 public:
  DequeueProposal(RocksMessageQueue& queue, std::span<const std::string> queues,
                  const DequeueOptions& options)
      : Proposal(Durability::kBuffered),
        owner_(queue),
        queues_(queues),
        lease_(options.lease),
        messages_max_(std::min(options.max_messages, kDequeueMessagesMax)),
        bytes_max_(std::min(options.max_bytes, kPageBytesMax)) {}

  Status Stage(Staging& staging, Timestamp now) override;

  // A failure shows only if nothing was delivered before it.
  Result<std::vector<Delivery>> TakeResult() {
    if (deliveries_.empty() && !failure_.ok()) return failure_;
    return std::move(deliveries_);
  }

 private:
  struct Candidate {
    std::string queue;
    ReadyEntry entry;
  };

  struct Obstacle {
    std::shared_ptr<Lease> lease;  // null: none
    bool holds = false;            // else it has run out: whoever takes the item ends it
  };

  Obstacle FindLease(const LeaseItem& item) const {
    // Another thread may offer the lease at any time: both in one lock.
    const auto memory = owner_.memory_.Lock();
    std::shared_ptr<Lease> lease = memory->leases.FindItem(item);
    const bool holds = lease != nullptr && !lease->offered;
    return {std::move(lease), holds};
  }

  // Takes the oldest visible entry out of its window; nullopt if there is none.
  std::optional<Candidate> PopOldest(QueueMemory& memory, Timestamp now);
  // False if it would exceed the limits. A candidate that is gone or leased is taken as nothing.
  Result<bool> TakeAlone(const Candidate& candidate, Staging& staging, Timestamp now);
  Result<bool> TakeGroup(const Candidate& candidate, Staging& staging, Timestamp now);
  bool Fits(std::size_t payload_bytes) const {
    return deliveries_.empty() ||
           (deliveries_.size() < messages_max_ && bytes_ + payload_bytes <= bytes_max_);
  }
  // False, and nothing staged, if it would exceed the limits.
  Result<bool> Deliver(const LeaseItem& item, const Place& place, std::string_view record,
                       Staging& staging);
  void Grant(const LeaseItem& item, const Place& ready, std::size_t first, Timestamp now);
  void PutBack(const Candidate& candidate);

  RocksMessageQueue& owner_;
  const std::span<const std::string> queues_;
  const std::chrono::milliseconds lease_;
  const std::size_t messages_max_;
  const std::size_t bytes_max_;

  std::vector<Delivery> deliveries_;
  std::vector<Place> places_;  // of the deliveries
  std::size_t bytes_ = 0;
  Status failure_;
};

}  // namespace tandem::internal
