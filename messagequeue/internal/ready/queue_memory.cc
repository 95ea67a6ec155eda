#include "tandem/messagequeue/internal/ready/queue_memory.h"

#include "tandem/base/check.h"

namespace tandem::internal {

void QueueState::Wake() {
  for (Waiter* waiter : waiters) {
    if (waiter->notified) continue;
    waiter->notified = true;
    waiter->wake->Notify();
    return;
  }
}

void QueueState::Rearm() {
  if (waiters.empty() || waiters.front()->notified) return;
  waiters.front()->notified = true;
  waiters.front()->wake->Notify();
}

QueueState& QueueMemory::Existing(std::string_view queue) {
  const auto found = queues.find(queue);
  TANDEM_CHECK(found != queues.end(), "a queue's state stays while somebody uses it");
  return found->second;
}

std::shared_ptr<Lease> QueueMemory::LeaseOf(std::string_view queue, const ReadyEntry& entry) const {
  // The lease of a group covers all of it, whichever member's place the entry shows.
  const MessageId id = entry.group.empty() ? entry.place.id : 0;
  return leases.FindItem(LeaseItem{std::string(queue), entry.group, id});
}

}  // namespace tandem::internal
