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

#include "tandem/base/limits.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/messagequeue/internal/queue_parts.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem::internal {

// Takes the oldest eligible messages, in the serial order of batches. It writes delivery counts
// only: the lease itself is in memory. A message that was delivered too often moves to the dead
// letters in the same write, a bounded part at a time: if that is all that is done, the caller
// tries again. What is damaged is set aside, and the others go on.
class DequeueProposal final : public Proposal {
 public:
  DequeueProposal(QueueParts& parts, std::span<const std::string> queues,
                  const DequeueOptions& options)
      : Proposal(Durability::kBuffered),
        parts_(parts),
        queues_(queues),
        lease_(options.lease.value()),
        messages_max_(std::min(options.max_messages, kDequeueMessagesMax)),
        bytes_max_(std::min(options.max_bytes, kPageBytesMax)),
        groups_max_(options.max_groups),
        deliveries_max_(options.max_deliveries) {}

  Status Stage(Staging& staging, Timestamp now) override;
  void Publish() override { parts_.ready.Publish(effects_); }

  // A failure shows only if nothing was delivered before it.
  Result<std::vector<Delivery>> TakeResult() {
    if (deliveries_.empty() && !failure_.ok()) return failure_;
    return std::move(deliveries_);
  }

 private:
  // What one proposal moves to dead letters at most, or sets aside; one message at least, however
  // large.
  static constexpr std::size_t kDyingMax = 256;
  static constexpr std::size_t kDyingBytesMax = std::size_t{8} << 20;

  // False if it would exceed the limits. A candidate that is gone or leased is taken as nothing.
  // Uses up the candidate's record.
  Result<bool> TakeAlone(Candidate& candidate, const StagingContext& context);
  Result<bool> TakeGroup(const Candidate& candidate, const StagingContext& context);
  bool Fits(std::size_t payload_bytes) const {
    return deliveries_.empty() ||
           (deliveries_.size() < messages_max_ && bytes_ + payload_bytes <= bytes_max_);
  }
  // A message that could be taken, as it is in the database.
  struct Found {
    Place place;
    StoredMessage message;
    std::uint32_t deliveries = 0;
  };
  Result<Found> Read(const LeaseItem& item, const Place& place, std::string_view record,
                     const Staging& staging) const;
  // The members from the group's head on: delivered, or added to `dying`. Stops at what is not
  // visible at `queue_now` or not written yet, at the limits, and at a failure, which is kept.
  void TakeMembers(const LeaseItem& item, const GroupState& state, Staging& staging,
                   Timestamp queue_now, std::vector<Found>* dying);
  bool IsDead(const Found& found) const {
    return deliveries_max_ > 0 && found.deliveries >= deliveries_max_;
  }
  // False if the proposal has moved enough.
  bool Condemn(const Found& found);
  // Fails while nothing is staged of a move, rather than in the middle.
  Status CheckDeadLetters(const LeaseItem& item, const View& view);
  Status MoveToDeadLetters(const LeaseItem& item, std::vector<Found> dying,
                           const StagingContext& context);
  // False, and nothing staged, if it would exceed the limits: then nothing else is taken.
  bool Deliver(const LeaseItem& item, Found found, Staging& staging);
  // Puts the deliveries from `first` on under one new lease.
  void Grant(const LeaseItem& item, const Place& ready, std::size_t first,
             const StagingContext& context);
  void SetAside(const std::string& queue, const Place& ready, Damage damage);

  QueueParts& parts_;
  const std::span<const std::string> queues_;
  const std::chrono::milliseconds lease_;
  const std::size_t messages_max_;
  const std::size_t bytes_max_;
  const std::size_t groups_max_;
  const std::uint32_t deliveries_max_;

  std::vector<Delivery> deliveries_;
  std::vector<MessageRef> refs_;  // of the deliveries
  std::size_t bytes_ = 0;
  std::size_t groups_ = 0;  // of which something was delivered
  bool full_ = false;       // something did not fit
  std::size_t dying_ = 0;
  std::size_t dying_bytes_ = 0;
  std::size_t set_aside_ = 0;
  bool moved_enough_ = false;
  QueueEffects effects_;
  Status failure_;  // of a read: nothing is staged of what could not be read
  Status broken_;   // half staged
};

}  // namespace tandem::internal
