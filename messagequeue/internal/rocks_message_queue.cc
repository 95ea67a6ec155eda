// Dequeue and Renew: they drive what decides (dequeue_call.h) through the commit door. What
// operators see and do is in queue_browse.cc, queue_statistics.cc, queue_purge.cc and
// queue_redrive.cc.

#include "tandem/messagequeue/internal/rocks_message_queue.h"

#include <memory>
#include <optional>
#include <utility>

#include "tandem/base/guarded.h"
#include "tandem/base/out_of_memory.h"
#include "tandem/messagequeue/internal/dequeue_call.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

// A Dequeue that holds no thread: it is stepped by whatever it waits for.
class AsyncDequeue final : public AsyncWait {
 public:
  AsyncDequeue(QueueParts& parts, CommitDoor& door, const Clock& clock,
               std::vector<std::string> queues, const DequeueOptions& options,
               DequeueCallback callback)
      : AsyncWait(options.stop),
        door_(door),
        callback_(std::move(callback)),
        call_(std::in_place, parts, door, clock, std::move(queues), options, this) {}

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
    door_.CommitAsync(call_->proposal(), [self = std::move(self)](const Status& status) {
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

  CommitDoor& door_;
  DequeueCallback callback_;
  std::optional<DequeueCall> call_;
  bool committing_ = false;
  Guarded<std::optional<Status>> answer_;
};

// A renewal changes memory only, but is judged in the serial order like everything else.
class RenewProposal final : public Proposal {
 public:
  RenewProposal(Leases& leases, const LockToken& token, std::chrono::milliseconds duration)
      : Proposal(Durability::kBuffered), leases_(leases), token_(token), duration_(duration) {}

  Status Stage(Staging& /*staging*/, Timestamp now) override {
    result_ = leases_.Renew(token_, duration_, now);
    return Status::Ok();
  }

  Result<Timestamp> result() const { return result_; }

 private:
  Leases& leases_;
  const LockToken& token_;
  const std::chrono::milliseconds duration_;
  Result<Timestamp> result_ = Status::Internal("not staged");
};

}  // namespace

Result<std::vector<Delivery>> RocksMessageQueue::Dequeue(std::span<const std::string> queues,
                                                         const DequeueOptions& options) {
  Signal signal;
  const NotifyOnStop notify(options.stop, signal);
  DequeueCall call(parts_, *door_, *clock_, {queues.begin(), queues.end()}, options, &signal);
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

void RocksMessageQueue::DequeueAsync(std::vector<std::string> queues, const DequeueOptions& options,
                                     DequeueCallback callback) {
  async_waits_->Start(std::make_shared<AsyncDequeue>(parts_, *door_, *clock_, std::move(queues),
                                                     options, std::move(callback)));
}

Result<Timestamp> RocksMessageQueue::Renew(const LockToken& token,
                                           std::chrono::milliseconds duration) {
  TANDEM_RETURN_IF_ERROR(ValidateRenew(token, duration));
  RenewProposal proposal(parts_.leases, token, duration);
  TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  return proposal.result();
}

}  // namespace tandem::internal
