// How the in-memory provider takes messages, and how it renews their leases.

#include <algorithm>
#include <utility>

#include "tandem/base/limits.h"
#include "tandem/batch/internal/memory/memory_queues.h"

namespace tandem::internal {

// What one call takes.
struct MemoryQueues::Basket {
  Basket(const DequeueOptions& options, Timestamp moment)
      : messages_max(std::min(options.max_messages, kDequeueMessagesMax)),
        bytes_max(std::min(options.max_bytes, kPageBytesMax)),
        groups_max(options.max_groups),
        deliveries_max(options.max_deliveries),
        deadline(SaturatingAdd(moment, options.lease.value())),
        now(moment) {}

  // Once something did not fit, nothing else is taken.
  bool Fits(const MemoryMessage& message) {
    const bool more =
        deliveries.size() < messages_max && bytes + message.payload.size() <= bytes_max;
    full = !deliveries.empty() && !more;
    return !full;
  }
  bool IsDead(const MemoryMessage& message) const {
    return deliveries_max > 0 && message.delivery_count >= deliveries_max;
  }

  const std::size_t messages_max;
  const std::size_t bytes_max;
  const std::size_t groups_max;
  const std::uint32_t deliveries_max;
  const Timestamp deadline;  // of the leases
  const Timestamp now;
  std::vector<Delivery> deliveries;
  std::vector<Place> places;                              // of the deliveries
  std::vector<std::pair<MessageId, MemoryMessage>> dead;  // letters, by the message's id
  std::size_t bytes = 0;
  std::size_t groups = 0;  // of which something was delivered
  bool full = false;       // something did not fit
};

std::vector<Delivery> MemoryQueues::Take(std::span<const std::string> queues,
                                         const DequeueOptions& options, Timestamp now) {
  Basket basket(options, now);
  while (basket.deliveries.size() < basket.messages_max && basket.groups < basket.groups_max &&
         !basket.full) {
    const std::optional<Candidate> oldest = OldestReady(queues, now);
    if (!oldest.has_value()) break;
    if (oldest->group.empty()) {
      TakeAlone(*oldest, basket);
      continue;
    }
    if (basket.groups_max == 1 && !basket.deliveries.empty()) break;
    TakeGroup(*oldest, basket);
  }
  // At the end: no dead letter is taken together with what made it one.
  for (auto& [id, letter] : basket.dead) {
    const std::string queue = DeadLetterQueue(letter.dead_letter->queue);
    Insert(queue, now, id, std::move(letter), now);
  }
  DropEmpty();
  // A call returns nothing only when nothing is eligible; the letters may be.
  if (basket.deliveries.empty() && !basket.dead.empty()) return Take(queues, options, now);
  return std::move(basket.deliveries);
}

std::optional<MemoryQueues::Candidate> MemoryQueues::OldestReady(
    std::span<const std::string> queues, Timestamp now) {
  std::optional<Candidate> oldest;
  for (const std::string& name : queues) {
    const auto found = queues_.find(name);
    if (found == queues_.end()) continue;
    MemoryQueue& queue = found->second;
    FreeRunOut(queue, now);
    for (const auto& [visible, place] : queue.free) {
      ++looked_at_;
      // Queues need not agree on the time: their order is by the clock.
      const Place order{queue.time.ClockAt(visible.visible_at), visible.id};
      if (order.visible_at > now || (oldest.has_value() && oldest->order <= order)) break;
      const MemoryMessage& message = queue.messages.at(place);
      if (ReadyAt(queue, place, message) > now) continue;
      oldest = {name, place, order, message.group};
      break;
    }
  }
  return oldest;
}

void MemoryQueues::FreeRunOut(MemoryQueue& queue, Timestamp now) {
  while (!queue.running.empty() && queue.running.begin()->first <= now) {
    ++looked_at_;
    MemoryLease& lease = leases_.at(queue.running.begin()->second);
    queue.Free(lease.places.front());
    queue.running.erase(queue.running.begin());
  }
}

Timestamp MemoryQueues::ReadyAt(const MemoryQueue& queue, const Place& place,
                                const MemoryMessage& message) const {
  const Timestamp visible_at = queue.time.ClockAt(queue.VisibleAt(place, message));
  const LeaseNumber lease = queue.LeaseOf(message);
  return lease == 0 ? visible_at : std::max(visible_at, leases_.at(lease).deadline);
}

void MemoryQueues::TakeAlone(const Candidate& candidate, Basket& basket) {
  const MemoryMessage& message = queues_.at(candidate.queue).messages.at(candidate.place);
  const bool dead = basket.IsDead(message);
  if (!dead && !basket.Fits(message)) return;
  EndLease(message.lease, /*count=*/true);  // it has run out
  if (dead) {
    Bury(candidate.queue, candidate.place, basket);
    return;
  }
  Deliver(candidate, candidate.place, basket);
  Grant(LeaseItem{candidate.queue, {}, candidate.place.id}, basket.deliveries.size() - 1, basket);
}

void MemoryQueues::TakeGroup(const Candidate& candidate, Basket& basket) {
  const MemoryQueue& queue = queues_.at(candidate.queue);
  const MemoryGroup& group = queue.groups.at(candidate.group);
  const std::size_t first = basket.deliveries.size();
  std::vector<Place> dead;
  // A lease that has run out is good until something of it is taken.
  const auto take_over = [&] { EndLease(group.lease, /*count=*/true); };
  for (const Place& place : group.members) {
    const MemoryMessage& message = queue.messages.at(place);
    if (place.visible_at > queue.time.Of(basket.now)) break;
    if (basket.IsDead(message)) {
      take_over();
      dead.push_back(place);
    } else if (basket.Fits(message)) {
      take_over();
      Deliver(candidate, place, basket);
    } else {
      break;
    }
  }
  if (basket.deliveries.size() > first) {
    Grant(LeaseItem{candidate.queue, candidate.group, 0}, first, basket);
    ++basket.groups;
  }
  for (const Place& place : dead) Bury(candidate.queue, place, basket);
}

void MemoryQueues::Bury(const std::string& name, const Place& place, Basket& basket) {
  MemoryMessage message = Remove(name, place, basket.now);
  message.dead_letter = DeadLetter{name, std::exchange(message.delivery_count, 0)};
  basket.dead.emplace_back(place.id, std::move(message));
}

void MemoryQueues::Deliver(const Candidate& candidate, const Place& place, Basket& basket) {
  MemoryMessage& message = queues_.at(candidate.queue).messages.at(place);
  Delivery delivery;
  delivery.queue = candidate.queue;
  delivery.id = place.id;
  delivery.key = message.key;
  delivery.group = message.group;
  delivery.delivery_count = ++message.delivery_count;
  delivery.enqueued_at = message.enqueued_at;
  delivery.payload = message.payload;
  delivery.dead_letter = message.dead_letter;
  basket.bytes += message.payload.size();
  basket.deliveries.push_back(std::move(delivery));
  basket.places.push_back(place);
}

// Puts the deliveries from `deliveries_before` on under one new lease.
void MemoryQueues::Grant(const LeaseItem& item, std::size_t deliveries_before, Basket& basket) {
  MemoryQueue& queue = queues_.at(item.queue);
  MemoryLease& lease = leases_[++last_lease_];
  lease.item = item;
  Timestamp visible_at = Timestamp::min();
  lease.deadline = basket.deadline;
  const LockToken token = EncodeToken(TokenFields{store_, incarnation_, last_lease_, item});
  for (std::size_t i = deliveries_before; i < basket.deliveries.size(); ++i) {
    basket.deliveries[i].lock_token = token;
    lease.places.push_back(basket.places[i]);
    MemoryMessage& message = queue.messages.at(basket.places[i]);
    message.lease = last_lease_;
    visible_at = std::max(visible_at, queue.VisibleAt(basket.places[i], message));
  }
  // A delayed message is ready from now on, whatever the clock says when the store is opened again.
  if (visible_at > queue.latest) queue.latest = queue.time.Of(basket.now);
  if (!item.group.empty()) queue.groups.at(item.group).lease = last_lease_;
  queue.Unfree(lease.places.front());
  queue.running.emplace(lease.deadline, last_lease_);
  holders_[item] = last_lease_;
  ++changes_;
}

Timestamp MemoryQueues::NextReady(std::span<const std::string> queues) const {
  Timestamp next = kNever;
  for (const std::string& name : queues) {
    const auto found = queues_.find(name);
    if (found == queues_.end()) continue;
    const MemoryQueue& queue = found->second;
    for (const auto& [visible, place] : queue.free) {
      ++looked_at_;
      if (queue.time.ClockAt(visible.visible_at) >= next) break;
      next = std::min(next, ReadyAt(queue, place, queue.messages.at(place)));
    }
    for (const auto& [deadline, number] : queue.running) {
      ++looked_at_;
      if (deadline >= next) break;
      const Place& first = leases_.at(number).places.front();
      next = std::min(next, ReadyAt(queue, first, queue.messages.at(first)));
    }
  }
  return next;
}

Result<Timestamp> MemoryQueues::Renew(const LockToken& token, std::chrono::milliseconds duration,
                                      Timestamp now) {
  TANDEM_ASSIGN_OR_RETURN(const LeaseNumber number, Resolve(token));
  SetDeadline(number, std::max(leases_.at(number).deadline, SaturatingAdd(now, duration)));
  return leases_.at(number).deadline;
}

void MemoryQueues::SetDeadline(LeaseNumber number, Timestamp deadline) {
  MemoryLease& lease = leases_.at(number);
  MemoryQueue& queue = queues_.at(lease.item.queue);
  queue.running.erase({lease.deadline, number});
  queue.Unfree(lease.places.front());  // it may have run out
  lease.deadline = deadline;
  queue.running.emplace(deadline, number);
}

}  // namespace tandem::internal
