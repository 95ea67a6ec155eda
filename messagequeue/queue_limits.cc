#include "tandem/messagequeue/queue_limits.h"

#include "tandem/base/limits.h"
#include "tandem/base/result.h"
#include "tandem/messagequeue/lock_token.h"

namespace tandem {

namespace {

Status ValidateDelay(std::chrono::milliseconds delay) {
  if (delay >= std::chrono::milliseconds::zero()) return Status::Ok();
  return Status::InvalidArgument("delay must not be negative");
}

}  // namespace

Status ValidateQueue(std::string_view queue) { return CheckName("queue", queue); }

Status Validate(const Enqueue& enqueue) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(enqueue.queue));
  TANDEM_RETURN_IF_ERROR(CheckOptionalName("group", enqueue.options.group));
  TANDEM_RETURN_IF_ERROR(CheckOptionalName("message key", enqueue.options.key));
  TANDEM_RETURN_IF_ERROR(CheckPayload("message", enqueue.payload.size()));
  return ValidateDelay(enqueue.options.delay.value());
}

Status Validate(const DeleteMessages& ack) {
  if (DecodeToken(ack.lock_token).has_value()) return Status::Ok();
  return Status::InvalidArgument("malformed lock token: pass one that Dequeue returned, unchanged");
}

Status Validate(const AbandonMessages& abandon) {
  TANDEM_RETURN_IF_ERROR(ValidateDelay(abandon.delay.value()));
  return Validate(DeleteMessages{abandon.lock_token});
}

Status Validate(const CancelMessage& cancel) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(cancel.queue));
  return CheckName("message key", cancel.key);
}

Status GroupTooLarge() {
  return Status::TooLarge("the group has more than " + std::to_string(kDeletedAtOnceMax) +
                          " messages; delete it in portions (DeleteGroup::portion)");
}

Status Validate(const DeleteGroup& remove) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(remove.queue));
  return CheckName("group", remove.group);
}

Status ValidateDequeue(std::span<const std::string> queues, const DequeueOptions& options) {
  if (queues.empty() || queues.size() > kDequeueQueuesMax) {
    return Status::InvalidArgument("dequeue from 1 to " + std::to_string(kDequeueQueuesMax) +
                                   " queues");
  }
  for (const std::string& queue : queues) {
    TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
    // The name of the dead letters' queue is longer, so it may be over the limit by itself.
    if (options.max_deliveries > 0) {
      TANDEM_RETURN_IF_ERROR(CheckName("queue of the dead letters", DeadLetterQueue(queue)));
    }
  }
  if (options.max_messages == 0) return Status::InvalidArgument("max_messages must not be 0");
  if (options.max_groups == 0) return Status::InvalidArgument("max_groups must not be 0");
  if (options.lease.value() <= std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("a lease has a positive duration");
  }
  return Status::Ok();
}

Status ValidateRenew(const LockToken& token, std::chrono::milliseconds duration) {
  TANDEM_RETURN_IF_ERROR(Validate(DeleteMessages{token}));
  if (duration <= std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("a lease is renewed for a positive duration");
  }
  return Status::Ok();
}

}  // namespace tandem
