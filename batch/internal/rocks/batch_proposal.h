#pragma once

// One AtomicBatch on its way through the commit door: it checks all its operations, then stages
// all.

#include <string>
#include <utility>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/batch/batch.h"
#include "tandem/batch/batch_digest.h"
#include "tandem/batch/batch_limits.h"
#include "tandem/batch/internal/rocks/batch_ids.h"
#include "tandem/eventstore/internal/rocks_event_store.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

class BatchProposal final : public Proposal {
 public:
  // REQUIRES: ValidateBatch (batch_limits.h) passed.
  BatchProposal(RocksEventStore& events, RocksMessageQueue& messages, const BatchIds& ids,
                Batch batch, const BatchOptions& options)
      : Proposal(options.durability),
        events_(events),
        messages_(messages),
        ids_(ids),
        batch_(std::move(batch)),
        id_(options.id),
        digest_(id_.empty() ? std::string() : BatchDigest(batch_)) {
    TANDEM_REQUIRE(ValidateBatch(batch_, options).ok(), "the batch was checked");
  }

  Status Stage(Staging& staging, Timestamp now) override;
  void Publish() override;

  // REQUIRES: Commit succeeded. The operations' results, or why the batch was refused.
  Result<BatchResult> TakeResult();

 private:
  // True if the batch is to be staged.
  bool Judge(const Staging& staging, Timestamp now);
  Status CheckOne(const Operation& operation, const View& view);
  Result<OperationResult> StageOne(const Operation& operation, Timestamp now, Staging& staging);

  RocksEventStore& events_;
  RocksMessageQueue& messages_;
  const BatchIds& ids_;
  const Batch batch_;
  const std::string id_;
  const std::string digest_;  // empty without an id

  Status refusal_;
  BatchResult result_;
  QueueEffects effects_;
};

}  // namespace tandem::internal
