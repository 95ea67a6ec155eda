#include "tandem/messagequeue/message_queue.h"

#include <utility>

namespace tandem {

std::string DeadLetterQueue(std::string_view queue) { return std::string(queue) + "/dead"; }

Result<std::optional<Delivery>> MessageQueue::DequeueOne(const std::string& queue,
                                                         DequeueOptions options) {
  // Whatever the options say: a second message would be leased, and its caller would not know.
  options.max_messages = 1;
  options.max_groups = 1;
  TANDEM_ASSIGN_OR_RETURN(std::vector<Delivery> deliveries, Dequeue(queue, options));
  if (deliveries.empty()) return std::nullopt;
  return std::move(deliveries.front());
}

// NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep their arguments.
void MessageQueue::DequeueAsync(std::vector<std::string> /*queues*/,
                                const DequeueOptions& /*options*/, DequeueCallback callback) {
  callback(Status::Unsupported("this queue has no asynchronous dequeue"));
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace tandem
