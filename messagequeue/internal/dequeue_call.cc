#include "tandem/messagequeue/internal/dequeue_call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

DequeueCall::DequeueCall(QueueParts& parts, const CommitDoor& door, const Clock& clock,
                         std::vector<std::string> queues, const DequeueOptions& options,
                         Notifiable* wake)
    : parts_(parts),
      door_(door),
      clock_(clock),
      queues_(std::move(queues)),
      options_(options),
      deadline_(SaturatingAdd(clock.Now(), options.wait.value())),
      waiter_(wake) {
  const Status valid = ValidateDequeue(queues_, options_);
  if (!valid.ok()) Finish(valid);
}

DequeueCall::~DequeueCall() {
  parts_.ready.StopWaiting(queues_, waiter_);
  if (begun_) parts_.states.EndCall(queues_);
}

Proposal& DequeueCall::proposal() { return *proposal_; }

DequeueCall::Need DequeueCall::Next(bool stopped) {
  if (done_) return Need::kDone;
  const Result<Need> need = Decide(stopped);
  return need.ok() ? *need : Finish(need.status());
}

Result<DequeueCall::Need> DequeueCall::Decide(bool stopped) {
  if (!begun_) {
    TANDEM_RETURN_IF_ERROR(parts_.states.BeginCall(queues_));
    begun_ = true;
  }
  TANDEM_RETURN_IF_ERROR(parts_.ready.Refill(queues_));
  const bool over = stopped || clock_.Now() >= deadline_;
  // The events of a batch can be read a moment before its messages are offered: who has seen them
  // must not be told that there are none.
  if (over && !std::exchange(looked_at_written_, true)) {
    TANDEM_RETURN_IF_ERROR(parts_.ready.OfferWritten(queues_));
  }
  TANDEM_ASSIGN_OR_RETURN(const Timestamp watch,
                          parts_.ready.LookOut(queues_, over ? nullptr : &waiter_));
  if (watch == ReadyQueues::kReadyNow) {
    proposal_ = std::make_unique<DequeueProposal>(parts_, queues_, options_);
    return Need::kCommit;
  }
  TANDEM_RETURN_IF_ERROR(door_.Health());
  if (over) return Finish(std::vector<Delivery>());
  until_ = std::min(deadline_, watch);
  return Need::kWait;
}

void DequeueCall::Committed(const Status& status) {
  if (!status.ok()) {
    Finish(status);
    return;
  }
  Result<std::vector<Delivery>> taken = proposal_->TakeResult();
  // Else somebody was faster, or all of it went to the dead letters.
  if (!taken.ok() || !taken->empty()) Finish(std::move(taken));
}

}  // namespace tandem::internal
