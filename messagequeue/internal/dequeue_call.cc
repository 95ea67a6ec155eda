#include "messagequeue/internal/dequeue_call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/async_wait.h"
#include "base/guarded.h"
#include "base/out_of_memory.h"
#include "messagequeue/internal/dequeue_proposal.h"
#include "messagequeue/internal/queue_limits.h"

namespace tandem::internal {

RocksMessageQueue::DequeueCall::DequeueCall(RocksMessageQueue& owner,
                                            std::vector<std::string> queues,
                                            const DequeueOptions& options, Notifiable* wake)
    : owner_(owner),
      queues_(std::move(queues)),
      options_(options),
      deadline_(SaturatingAdd(owner.clock_->Now(), options.wait.value())),
      waiter_(wake) {
  const Status valid = ValidateDequeue(queues_, options_);
  if (!valid.ok()) Finish(valid);
}

RocksMessageQueue::DequeueCall::~DequeueCall() {
  owner_.StopWaiting(queues_, waiter_);
  if (begun_) owner_.EndCall(queues_);
}

Proposal& RocksMessageQueue::DequeueCall::proposal() { return *proposal_; }

RocksMessageQueue::DequeueCall::Need RocksMessageQueue::DequeueCall::Next(bool stopped) {
  if (done_) return Need::kDone;
  const Result<Need> need = Decide(stopped);
  return need.ok() ? *need : Finish(need.status());
}

Result<RocksMessageQueue::DequeueCall::Need> RocksMessageQueue::DequeueCall::Decide(bool stopped) {
  if (!begun_) {
    TANDEM_RETURN_IF_ERROR(owner_.BeginCall(queues_));
    begun_ = true;
  }
  TANDEM_RETURN_IF_ERROR(owner_.Refill(queues_));
  const bool over = stopped || owner_.clock_->Now() >= deadline_;
  // The events of a batch can be read a moment before its messages are offered: who has seen them
  // must not be told that there are none.
  if (over && !std::exchange(looked_at_written_, true)) {
    TANDEM_RETURN_IF_ERROR(owner_.OfferWritten(queues_));
  }
  TANDEM_ASSIGN_OR_RETURN(const Timestamp watch,
                          owner_.LookOut(queues_, over ? nullptr : &waiter_));
  if (watch == kReadyNow) {
    proposal_ = std::make_unique<DequeueProposal>(owner_, queues_, options_);
    return Need::kCommit;
  }
  TANDEM_RETURN_IF_ERROR(owner_.door_->Health());
  if (over) return Finish(std::vector<Delivery>());
  until_ = std::min(deadline_, watch);
  return Need::kWait;
}

void RocksMessageQueue::DequeueCall::Committed(const Status& status) {
  if (!status.ok()) {
    Finish(status);
    return;
  }
  Result<std::vector<Delivery>> taken = proposal_->TakeResult();
  // Else somebody was faster, or all of it went to the dead letters.
  if (!taken.ok() || !taken->empty()) Finish(std::move(taken));
}

Result<std::vector<Delivery>> RocksMessageQueue::Dequeue(std::span<const std::string> queues,
                                                         const DequeueOptions& options) {
  Signal signal;
  const NotifyOnStop notify(options.stop, signal);
  DequeueCall call(*this, {queues.begin(), queues.end()}, options, &signal);
  while (true) {
    switch (call.Next(options.stop.stop_requested())) {
      case DequeueCall::Need::kCommit:
        call.Committed(door_->Commit(call.proposal()));
        break;
      case DequeueCall::Need::kWait:
        clock_->WaitUntil(signal, call.until());
        break;
      case DequeueCall::Need::kDone:
        return call.TakeResult();
    }
  }
}

// The same, stepped by whoever has something to tell it.
class RocksMessageQueue::AsyncDequeue final : public AsyncWait {
 public:
  AsyncDequeue(RocksMessageQueue& owner, std::vector<std::string> queues,
               const DequeueOptions& options, DequeueCallback callback)
      : AsyncWait(options.stop),
        owner_(owner),
        callback_(std::move(callback)),
        call_(std::in_place, owner, std::move(queues), options, this) {}

 private:
  std::optional<Timestamp> Step() override {
    if (committing_) {
      const std::optional<Status> answer = std::exchange(*answer_.Lock(), std::nullopt);
      if (!answer.has_value()) return kNever;  // the answer notifies, too
      committing_ = false;
      call_->Committed(*answer);
    }
    if (broken()) return Answer(OutOfMemory());
    const DequeueCall::Need need = call_->Next(stop_requested());
    if (need == DequeueCall::Need::kDone) return Answer(call_->TakeResult());
    if (closing()) return Answer(Status::Cancelled("the queue is closed"));
    if (need == DequeueCall::Need::kWait) return call_->until();
    auto self = std::static_pointer_cast<AsyncDequeue>(shared_from_this());
    owner_.door_->CommitAsync(call_->proposal(), [self = std::move(self)](const Status& status) {
      *self->answer_.Lock() = status;
      self->Notify();
    });
    committing_ = true;
    return kNever;
  }

  void Fail(const Status& failure) noexcept override { Answer(failure); }

  std::optional<Timestamp> Answer(Result<std::vector<Delivery>> result) {
    call_.reset();
    const DequeueCallback callback = std::move(callback_);
    CallBack(callback, std::move(result));
    return std::nullopt;
  }

  RocksMessageQueue& owner_;
  DequeueCallback callback_;
  std::optional<DequeueCall> call_;
  bool committing_ = false;
  Guarded<std::optional<Status>> answer_;
};

void RocksMessageQueue::DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                                     DequeueCallback callback) {
  async_waits_->Start(
      std::make_shared<AsyncDequeue>(*this, std::move(queues), options, std::move(callback)));
}

}  // namespace tandem::internal
