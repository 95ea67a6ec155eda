#include "messagequeue/internal/rocks_message_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rocks/rocks_status.h"

namespace tandem::internal {

namespace {

// A message id is the incarnation above these bits and a counter below: unique for ever, and
// growing.
constexpr int kIdCounterBits = 40;

constexpr std::size_t kRemovalsPerFloor = 256;

}  // namespace

RocksMessageQueue::RocksMessageQueue(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                     Clock* clock, CommitDoor* door, AsyncWaits* waits,
                                     StoreIdentity identity)
    : db_(db),
      family_(family),
      clock_(clock),
      door_(door),
      async_waits_(waits),
      identity_(identity),
      opened_(clock->Now()),
      groups_(family),
      next_id_((identity.incarnation << kIdCounterBits) + 1) {}

Result<std::shared_ptr<Lease>> RocksMessageQueue::Resolve(const LockToken& token) const {
  const std::optional<TokenFields> fields = DecodeToken(token);
  if (!fields.has_value()) return Status::InvalidArgument("malformed lock token");
  const auto memory = memory_.Lock();
  const bool issued_here =
      fields->store == identity_.store &&
      (fields->incarnation < identity_.incarnation ||
       (fields->incarnation == identity_.incarnation && fields->epoch < next_epoch_));
  if (!issued_here) {
    return Status::InvalidArgument("unknown lock token: this store never issued it");
  }
  std::shared_ptr<Lease> lease;
  if (fields->incarnation == identity_.incarnation) lease = memory->leases.Find(fields->epoch);
  if (lease != nullptr) {
    if (lease->item == fields->item) return lease;
    return Status::InvalidArgument("altered lock token: pass one that Dequeue returned, unchanged");
  }
  const bool taken = memory->leases.FindItem(fields->item) != nullptr;
  return Status::LeaseLost(taken ? LeaseLoss::kTaken : LeaseLoss::kGone);
}

Result<QueueState*> RocksMessageQueue::StateOf(QueueMemory& memory, std::string_view queue) const {
  if (const auto it = memory.queues.find(queue); it != memory.queues.end()) return &it->second;
  TANDEM_ASSIGN_OR_RETURN(const auto record, GetWritten(queue, QueueKey(queue)));
  if (!record.has_value()) {
    return &memory.queues.try_emplace(std::string(queue)).first->second;
  }
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, DecodeQueue(*record));
  return &memory.queues.try_emplace(std::string(queue), stored, opened_).first->second;
}

void RocksMessageQueue::Use(std::string_view queue, QueueState& state, QueueEffects& effects) {
  if (effects.used.emplace(queue).second) ++state.proposals;
}

Status RocksMessageQueue::Use(std::string_view queue, QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  Use(queue, *state, effects);
  return Status::Ok();
}

Status RocksMessageQueue::BeginCall(std::span<const std::string> queues) {
  const auto memory = memory_.Lock();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const Result<QueueState*> state = StateOf(*memory, queues[i]);
    if (state.ok()) {
      ++(*state)->calls;
      continue;
    }
    for (const std::string& begun : queues.first(i)) {
      --memory->queues.find(begun)->second.calls;
      LetGo(*memory, begun);
    }
    return state.status();
  }
  return Status::Ok();
}

void RocksMessageQueue::EndCall(std::span<const std::string> queues) {
  const auto memory = memory_.Lock();
  for (const std::string& queue : queues) {
    --memory->queues.find(queue)->second.calls;
    LetGo(*memory, queue);
  }
}

void RocksMessageQueue::LetGo(QueueMemory& memory, std::string_view queue) const {
  const auto found = memory.queues.find(queue);
  QueueState& state = found->second;
  const bool is_empty = state.messages == 0 && state.proposals == 0 && state.unpublished.empty() &&
                        !memory.leases.FirstReady(queue).has_value();
  if (!is_empty) return;
  if (state.calls == 0) {
    memory.queues.erase(found);
    return;
  }
  // Somebody waits. With its next message the queue begins anew, as if nobody did.
  state.time = QueueTime();
  state.latest = Timestamp::min();
}

Result<QueueTime> RocksMessageQueue::TimeOf(std::string_view queue) const {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(const QueueState* const state, StateOf(*memory, queue));
  return state->time;
}

QueueTime RocksMessageQueue::TimeOf(std::string_view queue, const StoredQueue& stored) const {
  const auto memory = memory_.Lock();
  const auto state = memory->queues.find(queue);
  return state == memory->queues.end() ? QueueTime(opened_, stored.latest) : state->second.time;
}

Result<std::optional<std::string>> RocksMessageQueue::GetWritten(std::string_view queue,
                                                                 std::string_view key) const {
  std::string value;
  const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), family_, ToSlice(key), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  if (!read.ok()) return FromRocks(read, "read of queue '" + std::string(queue) + "'");
  return std::optional<std::string>(std::move(value));
}

Status RocksMessageQueue::Insert(std::string_view queue, std::string_view group, const Place& place,
                                 Envelope envelope, std::string_view payload, Timestamp now,
                                 Staging& staging, QueueEffects& effects) {
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, TimeOf(queue));
  envelope.delayed = !group.empty() && place.visible_at > time.Of(now);
  const MessageRef message = envelope.RefAt(place);
  const std::string record = EncodeMessage(envelope, payload);
  const std::string visible = VisiblePart(message);
  if (!message.held_key.empty()) {
    staging.Put(family_, HeldKey(queue, message.held_key),
                EncodeKeyHolder({place, std::string(group), message.delayed}));
  }
  TANDEM_RETURN_IF_ERROR(CountAdded(queue, now, effects));
  if (group.empty()) {
    return AddReady(queue, ReadyEntry{place, {}}, record, visible, staging, effects);
  }
  if (message.delayed) staging.Put(family_, DelayedKey(queue, place, group), {});
  TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                          groups_.Insert(staging, queue, group, place, record, visible));
  return MoveGroup(queue, group, change, staging, effects);
}

Status RocksMessageQueue::Remove(std::string_view queue, std::string_view group,
                                 const std::vector<MessageRef>& messages, Timestamp now,
                                 Staging& staging, QueueEffects& effects) {
  if (messages.empty()) return Status::Ok();
  for (const MessageRef& message : messages) DeleteTraces(queue, group, message, staging);
  if (group.empty()) {
    RemoveReady(queue, ReadyEntry{messages.front().place, {}}, staging, effects);
  } else {
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, TimeOf(queue));
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Remove(staging, queue, group, messages, time.Of(now)));
    TANDEM_RETURN_IF_ERROR(MoveGroup(queue, group, change, staging, effects));
  }
  return CountRemoved(queue, messages.size(), now, effects);
}

Status RocksMessageQueue::AddReady(std::string_view queue, const ReadyEntry& entry,
                                   std::string_view record, std::string_view visible,
                                   Staging& staging, QueueEffects& effects) {
  staging.PutPayload(family_, ReadyKey(queue, entry.place, entry.group), record, visible);
  return Offer(queue, entry, effects);
}

Status RocksMessageQueue::Offer(std::string_view queue, const ReadyEntry& entry,
                                QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  Use(queue, *state, effects);
  state->unpublished.insert(entry.place);
  if (entry.place < state->floor) {
    state->floor = entry.place;
    effects.touched.emplace(queue);
  }
  effects.changes.push_back({std::string(queue), entry, /*added=*/true});
  return Status::Ok();
}

void RocksMessageQueue::RemoveReady(std::string_view queue, const ReadyEntry& entry,
                                    Staging& staging, QueueEffects& effects) {
  staging.Delete(family_, ReadyKey(queue, entry.place, entry.group));
  effects.changes.push_back({std::string(queue), entry, /*added=*/false});
}

Status RocksMessageQueue::MoveGroup(std::string_view queue, std::string_view group,
                                    const ReadyChange& change, Staging& staging,
                                    QueueEffects& effects) {
  const std::string name(group);
  if (change.before.has_value() && change.before != change.after) {
    RemoveReady(queue, ReadyEntry{*change.before, name}, staging, effects);
  }
  if (!change.after.has_value()) return Status::Ok();
  if (const auto memory = memory_.Lock();
      const auto lease = memory->leases.FindItem(LeaseItem{std::string(queue), name, 0})) {
    memory->leases.SetReady(*lease, *change.after);
  }
  const ReadyEntry entry{*change.after, name};
  if (change.before == change.after) return Offer(queue, entry, effects);
  return AddReady(queue, entry, {}, {}, staging, effects);
}

void RocksMessageQueue::Touch(std::string_view queue, QueueState& state, Timestamp now,
                              QueueEffects& effects) {
  Use(queue, state, effects);
  state.latest = state.time.Of(now);
  effects.touched.emplace(queue);
}

Status RocksMessageQueue::CountAdded(std::string_view queue, Timestamp now, QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  // Of the first message. Later ones that come behind it in time may yet stand before it.
  if (state->messages == 0) state->floor = std::min(state->floor, Place{state->time.Of(now), 0});
  ++state->messages;
  Touch(queue, *state, now, effects);
  return Status::Ok();
}

Status RocksMessageQueue::CountRemoved(std::string_view queue, std::size_t messages, Timestamp now,
                                       QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  if (state->messages < messages) {
    return Status::Corruption("record of queue '" + std::string(queue) + "'",
                              "it counts fewer messages than were there");
  }
  state->messages -= messages;
  Touch(queue, *state, now, effects);
  state->removals += messages;
  if (state->removals >= kRemovalsPerFloor) RaiseFloor(queue, *state, memory->leases, now);
  return Status::Ok();
}

void RocksMessageQueue::RaiseFloor(std::string_view queue, QueueState& state,
                                   const LeaseTable& leases, Timestamp now) const {
  state.removals = 0;
  // Every entry is in the window, on disk from the cursor on, leased, or not yet published.
  Place floor{state.time.Of(now), next_id_};
  if (const auto* front = state.window.front()) floor = std::min(floor, *front);
  if (const auto& cursor = state.window.cursor()) floor = std::min(floor, *cursor);
  if (const auto leased = leases.FirstReady(queue)) floor = std::min(floor, *leased);
  if (!state.unpublished.empty()) floor = std::min(floor, *state.unpublished.begin());
  state.floor = std::max(floor, state.floor);
}

void RocksMessageQueue::StageRecords(const QueueEffects& effects, Staging& staging) const {
  for (const std::string& queue : effects.touched) {
    StoredQueue record;
    {
      const auto memory = memory_.Lock();
      const QueueState& state = memory->queues.find(queue)->second;  // touching it has made it
      record = {state.floor, state.messages, state.latest};
    }
    // A queue without messages has no record: there is nothing to list, nor to scan.
    if (record.messages == 0) {
      staging.Delete(family_, QueueKey(queue));
    } else {
      staging.Put(family_, QueueKey(queue), EncodeQueue(record));
    }
  }
}

Result<std::uint32_t> RocksMessageQueue::DeliveriesOf(const View& view, std::string_view queue,
                                                      MessageId id) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, DeliveredKey(queue, id)));
  return record.has_value() ? DecodeDelivered(*record) : Result<std::uint32_t>(0);
}

Status RocksMessageQueue::TakeBackDelivery(std::string_view queue, MessageId id,
                                           Staging& staging) const {
  TANDEM_ASSIGN_OR_RETURN(const std::uint32_t count, DeliveriesOf(staging, queue, id));
  if (count <= 1) {
    staging.Delete(family_, DeliveredKey(queue, id));
  } else {
    staging.Put(family_, DeliveredKey(queue, id), EncodeDelivered(count - 1));
  }
  return Status::Ok();
}

void RocksMessageQueue::DeleteTraces(std::string_view queue, std::string_view group,
                                     const MessageRef& message, Staging& staging) const {
  staging.Delete(family_, DeliveredKey(queue, message.place.id));
  if (!message.held_key.empty()) staging.Delete(family_, HeldKey(queue, message.held_key));
  if (message.delayed) staging.Delete(family_, DelayedKey(queue, message.place, group));
}

bool RocksMessageQueue::EndLease(const Lease& lease) {
  const auto memory = memory_.Lock();
  if (memory->leases.Find(lease.epoch) == nullptr) return false;
  if (lease.offered) memory->queues.find(lease.item.queue)->second.window.Remove(lease.ready);
  memory->leases.Remove(lease);
  return true;
}

void RocksMessageQueue::EndLeaseOf(const LeaseItem& item) {
  const auto lease = memory_.Lock()->leases.FindItem(item);
  if (lease != nullptr) EndLease(*lease);
}

void RocksMessageQueue::Publish(const QueueEffects& effects) {
  if (effects.changes.empty() && effects.used.empty()) return;
  const Timestamp now = clock_->Now();
  const auto memory = memory_.Lock();
  for (const auto& [queue, entry, added] : effects.changes) {
    const auto found = memory->queues.find(queue);
    if (!added) {
      if (found != memory->queues.end()) found->second.window.Remove(entry.place);
      continue;
    }
    QueueState& state = found->second;  // Offer has made it
    state.unpublished.extract(entry.place);
    if (!entry.group.empty()) {
      const auto lease = memory->leases.FindItem(LeaseItem{queue, entry.group, 0});
      if (lease != nullptr && !lease->offered) continue;  // offered again when that lease ends
    }
    state.window.Add(entry);
    if (entry.place.visible_at <= state.time.Of(now)) {
      Wake(state);
    } else if (state.time.ClockAt(entry.place.visible_at) < state.watched) {
      Rearm(state);
    }
  }
  for (const std::string& queue : effects.used) {
    --memory->queues.find(queue)->second.proposals;
    LetGo(*memory, queue);
  }
}

}  // namespace tandem::internal
