#pragma once

// What the message queue refuses by the arguments alone, before anything is done. The same for
// every provider.

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "tandem/base/status.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

Status Validate(const Enqueue& enqueue);
Status Validate(const DeleteMessages& ack);
Status Validate(const AbandonMessages& abandon);
Status Validate(const CancelMessage& cancel);
Status Validate(const DeleteGroup& remove);
// What DeleteGroup says of a group that can't be deleted as a whole.
Status GroupTooLarge();

Status ValidateQueue(std::string_view queue);
Status ValidateDequeue(std::span<const std::string> queues, const DequeueOptions& options);
Status ValidateRenew(const LockToken& token, std::chrono::milliseconds duration);

}  // namespace tandem
