#include "messagequeue/message_queue.h"

namespace tandem {

std::string DeadLetterQueue(std::string_view queue) { return std::string(queue) + "/dead"; }

void MessageQueue::DequeueAsync(std::vector<std::string> /*queues*/,
                                const DequeueOptions& /*options*/, DequeueCallback callback) {
  callback(Status::Unsupported("this queue has no asynchronous dequeue"));
}

}  // namespace tandem
