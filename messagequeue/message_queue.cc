#include "tandem/messagequeue/message_queue.h"

namespace tandem {

std::string DeadLetterQueue(std::string_view queue) { return std::string(queue) + "/dead"; }

// NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep their arguments.
void MessageQueue::DequeueAsync(std::vector<std::string> /*queues*/,
                                const DequeueOptions& /*options*/, DequeueCallback callback) {
  callback(Status::Unsupported("this queue has no asynchronous dequeue"));
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace tandem
