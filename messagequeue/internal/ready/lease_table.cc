#include "tandem/messagequeue/internal/ready/lease_table.h"

#include "tandem/base/check.h"

namespace tandem::internal {

void LeaseTable::Insert(std::shared_ptr<Lease> lease) {
  OfQueue& queue = by_queue_[lease->item.queue];
  queue.deadlines.emplace(lease->deadline, lease->epoch);
  queue.ready.insert(lease->ready);
  const bool is_free = by_item_.emplace(lease->item, lease).second;
  TANDEM_CHECK(is_free, "an item has one lease at most");
  by_epoch_.emplace(lease->epoch, std::move(lease));
}

void LeaseTable::Remove(const Lease& lease) {
  const auto queue = by_queue_.find(lease.item.queue);
  TANDEM_CHECK(queue != by_queue_.end(), "a lease is removed once");
  queue->second.deadlines.erase({lease.deadline, lease.epoch});
  queue->second.ready.erase(lease.ready);
  if (queue->second.ready.empty()) by_queue_.erase(queue);
  by_item_.erase(lease.item);
  const auto owner = by_epoch_.extract(lease.epoch);  // maybe the last one of `lease`
}

std::shared_ptr<Lease> LeaseTable::Find(std::uint64_t epoch) const {
  const auto it = by_epoch_.find(epoch);
  return it == by_epoch_.end() ? nullptr : it->second;
}

std::shared_ptr<Lease> LeaseTable::FindItem(const LeaseItem& item) const {
  const auto it = by_item_.find(item);
  return it == by_item_.end() ? nullptr : it->second;
}

LeaseTable::OfQueue& LeaseTable::Existing(const Lease& lease) {
  const auto queue = by_queue_.find(lease.item.queue);
  TANDEM_CHECK(queue != by_queue_.end(), "a lease is changed only while it is in the table");
  return queue->second;
}

void LeaseTable::SetDeadline(Lease& lease, Timestamp deadline) {
  auto& deadlines = Existing(lease).deadlines;
  deadlines.erase({lease.deadline, lease.epoch});
  lease.deadline = deadline;
  lease.offered = false;
  deadlines.emplace(deadline, lease.epoch);
}

void LeaseTable::SetReady(Lease& lease, const Place& ready) {
  auto& places = Existing(lease).ready;
  places.erase(lease.ready);
  lease.ready = ready;
  places.insert(ready);
}

std::vector<std::shared_ptr<Lease>> LeaseTable::OfferExpired(std::string_view queue,
                                                             Timestamp now) {
  std::vector<std::shared_ptr<Lease>> expired;
  const auto of_queue = by_queue_.find(queue);
  if (of_queue == by_queue_.end()) return expired;
  auto& deadlines = of_queue->second.deadlines;
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    std::shared_ptr<Lease> lease = Find(deadlines.begin()->second);
    deadlines.erase(deadlines.begin());
    lease->offered = true;
    expired.push_back(std::move(lease));
  }
  return expired;
}

Timestamp LeaseTable::NextDeadline(std::string_view queue) const {
  const auto of_queue = by_queue_.find(queue);
  if (of_queue == by_queue_.end() || of_queue->second.deadlines.empty()) return kNever;
  return of_queue->second.deadlines.begin()->first;
}

std::uint64_t LeaseTable::MessagesHeld(std::string_view queue, Timestamp now) const {
  const auto of_queue = by_queue_.find(queue);
  if (of_queue == by_queue_.end()) return 0;
  const auto& deadlines = of_queue->second.deadlines;
  std::uint64_t messages = 0;
  for (auto it = deadlines.rbegin(); it != deadlines.rend() && it->first > now; ++it) {
    messages += Find(it->second)->messages.size();
  }
  return messages;
}

std::vector<std::shared_ptr<Lease>> LeaseTable::NotOffered(std::string_view queue) const {
  std::vector<std::shared_ptr<Lease>> leases;
  const auto of_queue = by_queue_.find(queue);
  if (of_queue == by_queue_.end()) return leases;
  for (const auto& [deadline, epoch] : of_queue->second.deadlines) leases.push_back(Find(epoch));
  return leases;
}

std::optional<Place> LeaseTable::FirstReady(std::string_view queue) const {
  const auto of_queue = by_queue_.find(queue);
  if (of_queue == by_queue_.end()) return std::nullopt;
  return *of_queue->second.ready.begin();
}

}  // namespace tandem::internal
