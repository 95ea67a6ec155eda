#pragma once

// One AtomicBatch on its way through the commit door: it checks all its operations, then stages
// all.

#include <utility>
#include <vector>

#include "base/rocks/commit_door.h"
#include "batch/operation.h"
#include "eventstore/internal/rocks_event_store.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

class BatchProposal final : public Proposal {
 public:
  // REQUIRES: ValidateBatch (batch_limits.h) passed.
  BatchProposal(RocksEventStore& events, RocksMessageQueue& messages,
                const std::vector<Operation>& operations, Durability durability)
      : Proposal(durability), events_(events), messages_(messages), operations_(operations) {}

  Status Stage(Staging& staging, Timestamp now) override;
  void Publish() override;

  // REQUIRES: Commit succeeded. The operations' results, or every precondition that failed.
  Result<BatchResult> TakeResult();

 private:
  Status CheckOne(const Operation& operation, const View& view);
  Result<OperationResult> StageOne(const Operation& operation, Timestamp now, Staging& staging);

  RocksEventStore& events_;
  RocksMessageQueue& messages_;
  const std::vector<Operation>& operations_;

  std::vector<OperationFailure> failures_;
  BatchResult result_;
  QueueEffects effects_;
};

}  // namespace tandem::internal
