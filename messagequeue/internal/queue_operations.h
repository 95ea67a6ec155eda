#pragma once

// The operations of a batch on messages: what is checked of them, and what they stage.

#include <map>
#include <memory>

#include "tandem/base/check.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/messagequeue/internal/queue_writer.h"
#include "tandem/messagequeue/internal/ready/leases.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem::internal {

// REQUIRES (all of it): the commit latch is held.
class QueueOperations {
 public:
  QueueOperations(const MessageRows& rows, QueueStates& states, Leases& leases, ReadyQueues& ready,
                  QueueWriter& writer)
      : rows_(rows), states_(states), leases_(leases), ready_(ready), writer_(writer) {}

  // REQUIRES (all of Check): Begin was called for this batch; its effects are published, also if
  // the batch is refused.
  void Begin() {
    TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
    checked_leases_.clear();
  }
  Status Check(const Enqueue& enqueue, const View& view, QueueEffects& effects);
  Status Check(const DeleteMessages& ack, const View& view, QueueEffects& effects);
  Status Check(const AbandonMessages& abandon, const View& view, QueueEffects& effects);
  Status Check(const CancelMessage& cancel, const View& view, QueueEffects& effects);
  Status Check(const DeleteGroup& remove, const View& view, QueueEffects& effects);

  // REQUIRES (all of Stage): every check of the batch has passed; QueueStates::StageRecords
  // follows.
  Result<EnqueueResult> Stage(const Enqueue& enqueue, const StagingContext& context);
  Status Stage(const DeleteMessages& ack, const StagingContext& context);
  Status Stage(const AbandonMessages& abandon, const StagingContext& context);
  Result<CancelResult> Stage(const CancelMessage& cancel, const StagingContext& context);
  Result<DeleteGroupResult> Stage(const DeleteGroup& remove, const StagingContext& context);

 private:
  std::shared_ptr<Lease> TakeChecked(const LockToken& token);
  // The leased messages come back at their old places, or with a delay.
  Status ComeBack(const Lease& lease, const StagingContext& context);
  Status ComeBackLater(const Lease& lease, Timestamp not_before, const StagingContext& context);
  // A lease that covers the message ends, and what else it covers takes its delivery back.
  void EndLeaseInGroup(const std::string& queue, const KeyHolder& holder, Staging& staging);
  bool IsRemoved(const LeaseItem& item, const MessageRef& message, const Staging& staging) const;

  const MessageRows& rows_;
  QueueStates& states_;
  Leases& leases_;
  ReadyQueues& ready_;
  QueueWriter& writer_;
  // Of the batch that is being judged.
  std::map<LockToken, std::shared_ptr<Lease>> checked_leases_;
};

}  // namespace tandem::internal
