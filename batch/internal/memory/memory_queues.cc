#include "tandem/batch/internal/memory/memory_queues.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/messagequeue/message_id.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

Timestamp MemoryQueue::VisibleAt(const Place& place, const MemoryMessage& message) const {
  if (message.group.empty()) return place.visible_at;
  return std::max(place.visible_at, groups.at(message.group).not_before);
}

LeaseNumber MemoryQueue::LeaseOf(const MemoryMessage& message) const {
  return message.group.empty() ? message.lease : groups.at(message.group).lease;
}

void MemoryQueue::Free(const Place& place) {
  Unfree(place);
  MemoryMessage& message = messages.at(place);
  Place first = place;
  std::optional<Place>* entry = &message.free;
  if (!message.group.empty()) {
    MemoryGroup& group = groups.at(message.group);
    first = *group.members.begin();
    entry = &group.free;
  }
  *entry = Place{VisibleAt(first, message), first.id};
  free.emplace(**entry, first);
}

bool MemoryQueue::Unfree(const Place& place) {
  MemoryMessage& message = messages.at(place);
  std::optional<Place>& entry =
      message.group.empty() ? message.free : groups.at(message.group).free;
  if (!entry.has_value()) return false;
  free.erase(*entry);
  entry.reset();
  return true;
}

void MemoryQueues::OpenAgain(Timestamp now) {
  for (auto& [name, queue] : queues_) queue.time = QueueTime(now, queue.latest);
  while (!leases_.empty()) EndLease(leases_.begin()->first, /*count=*/true);
  if (store_ == 0) {
    std::random_device random;
    store_ = (std::uint64_t{random()} << 32) | random() | 1;
  }
  ++incarnation_;
  last_lease_ = 0;
  last_id_ = IdBefore(incarnation_);
}

// --- What a token names ----------------------------------------------------------------------

Result<LeaseNumber> MemoryQueues::Resolve(const LockToken& token) const {
  const std::optional<TokenFields> fields = DecodeToken(token);
  if (!fields.has_value()) return Status::InvalidArgument("malformed lock token");
  const bool of_now = fields->incarnation == incarnation_;
  const bool issued_here = fields->store == store_ && (fields->incarnation < incarnation_ ||
                                                       (of_now && fields->epoch <= last_lease_));
  if (!issued_here) {
    return Status::InvalidArgument("unknown lock token: this store never issued it");
  }
  if (const auto lease = leases_.find(fields->epoch); of_now && lease != leases_.end()) {
    if (lease->second.item == fields->item) return lease->first;
    return Status::InvalidArgument("altered lock token: pass one that Dequeue returned, unchanged");
  }
  const bool taken = HolderOf(fields->item) != 0;
  return Status::LeaseLost(taken ? LeaseLoss::kTaken : LeaseLoss::kGone);
}

LeaseNumber MemoryQueues::HolderOf(const LeaseItem& item) const {
  const auto holder = holders_.find(item);
  return holder == holders_.end() ? 0 : holder->second;
}

// --- Checks ----------------------------------------------------------------------------------

Status MemoryQueues::Check(const Enqueue& /*enqueue*/, Judged& /*judged*/) const {
  return Status::Ok();
}

Status MemoryQueues::Check(const DeleteMessages& ack, Judged& judged) const {
  TANDEM_ASSIGN_OR_RETURN(const LeaseNumber number, Resolve(ack.lock_token));
  judged[ack.lock_token] = {number, leases_.at(number)};
  return Status::Ok();
}

Status MemoryQueues::Check(const AbandonMessages& abandon, Judged& judged) const {
  return Check(DeleteMessages{abandon.lock_token}, judged);
}

Status MemoryQueues::Check(const CancelMessage& /*cancel*/, Judged& /*judged*/) const {
  return Status::Ok();
}

Status MemoryQueues::Check(const DeleteGroup& remove, Judged& /*judged*/) const {
  const auto queue = queues_.find(remove.queue);
  if (remove.portion > 0 || queue == queues_.end()) return Status::Ok();
  const auto group = queue->second.groups.find(remove.group);
  const bool fits =
      group == queue->second.groups.end() || group->second.members.size() <= kDeletedAtOnceMax;
  return fits ? Status::Ok() : GroupTooLarge();
}

// --- Effects ---------------------------------------------------------------------------------

OperationResult MemoryQueues::Apply(const Enqueue& enqueue, Timestamp now,
                                    const Judged& /*judged*/) {
  const EnqueueOptions& options = enqueue.options;
  if (const auto queue = queues_.find(enqueue.queue);
      !options.key.empty() && queue != queues_.end()) {
    const auto held = queue->second.keys.find(options.key);
    if (held != queue->second.keys.end()) {
      return EnqueueResult{held->second.id, EnqueueOutcome::kDuplicate};
    }
  }
  MemoryMessage message;
  message.group = options.group;
  message.key = options.key;
  message.payload = enqueue.payload;
  message.enqueued_at = now;
  const Timestamp wanted = options.visible_at.value_or(SaturatingAdd(now, options.delay.value()));
  Insert(enqueue.queue, std::max(wanted, now), ++last_id_, std::move(message), now);
  return EnqueueResult{last_id_, EnqueueOutcome::kQueued};
}

OperationResult MemoryQueues::Apply(const DeleteMessages& ack, Timestamp now,
                                    const Judged& judged) {
  const auto& [number, lease] = judged.at(ack.lock_token);
  EndLease(number, /*count=*/true);
  for (const Place& place : lease.places) {
    // An earlier operation of the batch may have removed it.
    if (!queues_.at(lease.item.queue).messages.contains(place)) continue;
    Remove(lease.item.queue, place, now);
  }
  return std::monostate();
}

OperationResult MemoryQueues::Apply(const AbandonMessages& abandon, Timestamp now,
                                    const Judged& judged) {
  const auto& [number, lease] = judged.at(abandon.lock_token);
  EndLease(number, abandon.count);
  const std::string& name = lease.item.queue;
  const Timestamp not_before = SaturatingAdd(now, abandon.delay.value());
  if (not_before <= now) return std::monostate();
  MemoryQueue& queue = queues_.at(name);
  for (const Place& place : lease.places) {
    if (!queue.messages.contains(place)) continue;
    if (!lease.item.group.empty()) {
      queue.Unfree(place);
      queue.groups.at(lease.item.group).not_before = queue.time.Of(not_before);
      queue.Free(place);
      queue.latest = queue.time.Of(now);
      continue;
    }
    Insert(name, not_before, place.id, Remove(name, place, now), now);
  }
  return std::monostate();
}

OperationResult MemoryQueues::Apply(const CancelMessage& cancel, Timestamp now,
                                    const Judged& /*judged*/) {
  const auto queue = queues_.find(cancel.queue);
  if (queue == queues_.end()) return CancelResult{false};
  const auto held = queue->second.keys.find(cancel.key);
  if (held == queue->second.keys.end()) return CancelResult{false};
  const Place place = held->second;
  // The others of a group come back, and that delivery is not counted.
  EndLease(queue->second.messages.at(place).lease, /*count=*/false);
  Remove(cancel.queue, place, now);
  return CancelResult{true};
}

OperationResult MemoryQueues::Apply(const DeleteGroup& remove, Timestamp now,
                                    const Judged& /*judged*/) {
  const auto queue = queues_.find(remove.queue);
  if (queue == queues_.end()) return DeleteGroupResult{};
  const auto group = queue->second.groups.find(remove.group);
  if (group == queue->second.groups.end()) return DeleteGroupResult{};
  EndLease(group->second.lease, /*count=*/true);
  const std::set<Place>& members = group->second.members;
  std::size_t count = members.size();
  if (remove.portion > 0) count = std::min({count, remove.portion, kDeletedAtOnceMax});
  const DeleteGroupResult result{count, count < members.size()};
  const std::vector<Place> first(members.begin(),
                                 std::next(members.begin(), static_cast<std::ptrdiff_t>(count)));
  for (const Place& place : first) Remove(remove.queue, place, now);
  return result;
}

// --- The parts of effects --------------------------------------------------------------------

void MemoryQueues::DropEmpty() {
  for (const std::string& name : maybe_empty_) {
    const auto queue = queues_.find(name);
    if (queue != queues_.end() && queue->second.messages.empty()) queues_.erase(queue);
  }
  maybe_empty_.clear();
}

void MemoryQueues::Insert(const std::string& name, Timestamp visible_at, MessageId id,
                          MemoryMessage message, Timestamp now) {
  MemoryQueue& queue = queues_[name];  // a new one has the clock's time
  queue.latest = queue.time.Of(now);
  const Place place{queue.time.Of(visible_at), id};
  if (!message.group.empty()) queue.groups[message.group].members.insert(place);
  if (message.HoldsKey()) queue.keys[message.key] = place;
  bool free = true;
  if (!message.group.empty()) {
    const MemoryGroup& group = queue.groups.at(message.group);
    free = group.members.size() == 1 || group.free.has_value();
  }
  queue.messages.emplace(place, std::move(message));
  if (free) queue.Free(place);
  ++changes_;
}

MemoryMessage MemoryQueues::Remove(const std::string& name, const Place& place, Timestamp now) {
  MemoryQueue& queue = queues_.at(name);
  const auto found = queue.messages.find(place);
  TANDEM_CHECK(found->second.lease == 0, "a lease ends before what it covers is removed");
  const bool was_free = queue.Unfree(place);
  MemoryMessage message = std::move(found->second);
  queue.messages.erase(found);
  if (queue.messages.empty()) maybe_empty_.insert(name);
  if (message.HoldsKey()) queue.keys.erase(message.key);
  if (!message.group.empty()) {
    MemoryGroup& group = queue.groups.at(message.group);
    group.members.erase(place);
    if (group.not_before <= queue.time.Of(now)) group.not_before = Timestamp::min();
    if (group.members.empty()) {
      queue.groups.erase(message.group);
    } else if (was_free) {
      queue.Free(*group.members.begin());
    }
  }
  queue.latest = queue.time.Of(now);
  ++changes_;
  return message;
}

// The messages that it covers are free again. 0 names none.
void MemoryQueues::EndLease(LeaseNumber number, bool count) {
  const auto lease = leases_.find(number);
  if (lease == leases_.end()) return;
  MemoryQueue& queue = queues_.at(lease->second.item.queue);
  for (const Place& place : lease->second.places) {
    MemoryMessage& message = queue.messages.at(place);
    message.lease = 0;
    if (!count) --message.delivery_count;
  }
  if (const std::string& group = lease->second.item.group; !group.empty()) {
    queue.groups.at(group).lease = 0;
  }
  queue.Free(lease->second.places.front());
  queue.running.erase({lease->second.deadline, number});
  holders_.erase(lease->second.item);
  leases_.erase(lease);
  ++changes_;
}

}  // namespace tandem::internal
