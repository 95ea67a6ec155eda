#include "messagequeue/internal/rocks_message_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/key_encoding.h"
#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "messagequeue/queue_records.capnp.h"

namespace tandem::internal {

namespace {

// A message id is the incarnation above these bits and a counter below: unique for ever, and
// growing.
constexpr int kIdCounterBits = 40;

constexpr std::size_t kRemovalsPerFloor = 256;

Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

Timestamp VisibleAt(const EnqueueOptions& options, Timestamp now) {
  const Timestamp wanted = options.visible_at.value_or(SaturatingAdd(now, options.delay));
  return std::max(wanted, now);
}

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

std::shared_ptr<Lease> RocksMessageQueue::TakeChecked(const LockToken& token) {
  const auto checked = checked_leases_.extract(token);
  TANDEM_CHECK(!checked.empty(), "a token is checked before it is used, and used once in a batch");
  return checked.mapped();
}

Result<std::optional<RocksMessageQueue::HeldMessage>> RocksMessageQueue::HolderOf(
    const View& view, std::string_view queue, std::string_view key) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, HeldKey(queue, key)));
  if (!record.has_value()) return std::optional<HeldMessage>();
  HeldMessage held;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<KeyRecord>(*record, "message key", [&held](KeyRecord::Reader stored) {
        held.place = Place{FromMicros(stored.getVisibleAt()), stored.getId()};
        held.group = ToBytes(stored.getGroup());
      }));
  return std::optional<HeldMessage>(std::move(held));
}

Status RocksMessageQueue::Check(const Enqueue& enqueue, const View& view) const {
  const EnqueueOptions& options = enqueue.options;
  if (!options.key.empty()) {
    TANDEM_RETURN_IF_ERROR(HolderOf(view, enqueue.queue, options.key).status());
  }
  if (options.group.empty()) return Status::Ok();
  return groups_.Get(view, enqueue.queue, options.group).status();
}

Status RocksMessageQueue::Check(const DeleteMessages& ack, const View& view) {
  TANDEM_ASSIGN_OR_RETURN(std::shared_ptr<Lease> lease, Resolve(ack.lock_token));
  const LeaseItem item = lease->item;
  checked_leases_.insert_or_assign(ack.lock_token, std::move(lease));
  return item.group.empty() ? Status::Ok() : groups_.Get(view, item.queue, item.group).status();
}

Status RocksMessageQueue::Check(const AbandonMessages& abandon, const View& view) {
  TANDEM_RETURN_IF_ERROR(Check(DeleteMessages{abandon.lock_token}, view));
  if (abandon.count) return Status::Ok();
  const Lease& lease = *checked_leases_.find(abandon.lock_token)->second;
  for (const LeasedMessage& message : lease.messages) {
    TANDEM_RETURN_IF_ERROR(DeliveriesOf(view, lease.item.queue, message.place.id).status());
  }
  return Status::Ok();
}

Status RocksMessageQueue::Check(const CancelMessage& cancel, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const auto held, HolderOf(view, cancel.queue, cancel.key));
  if (!held.has_value() || held->group.empty()) return Status::Ok();
  return groups_.Get(view, cancel.queue, held->group).status();
}

Result<EnqueueResult> RocksMessageQueue::Stage(const Enqueue& enqueue, Timestamp now,
                                               Staging& staging, QueueEffects& effects) {
  const EnqueueOptions& options = enqueue.options;
  if (!options.key.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const auto held, HolderOf(staging, enqueue.queue, options.key));
    if (held.has_value()) return EnqueueResult{held->place.id, EnqueueOutcome::kDuplicate};
  }
  const Place place{VisibleAt(options, now), next_id_++};
  const std::string record = EncodeRecord<MessageRecord>([&](MessageRecord::Builder message) {
    message.setEnqueuedAt(now.time_since_epoch().count());
    message.setKey(ToData(options.key));
    message.setPayload(ToData(enqueue.payload));
  });
  if (!options.key.empty()) {
    staging.Put(family_, HeldKey(enqueue.queue, options.key),
                EncodeRecord<KeyRecord>([&](KeyRecord::Builder key) {
                  key.setId(place.id);
                  key.setVisibleAt(place.visible_at.time_since_epoch().count());
                  key.setGroup(ToData(options.group));
                }));
  }
  if (options.group.empty()) {
    TANDEM_RETURN_IF_ERROR(
        AddReady(enqueue.queue, ReadyEntry{place, {}}, record, staging, effects));
  } else {
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Insert(staging, enqueue.queue, options.group, place, record));
    TANDEM_RETURN_IF_ERROR(MoveGroup(enqueue.queue, options.group, change, staging, effects));
  }
  return EnqueueResult{place.id, EnqueueOutcome::kQueued};
}

Status RocksMessageQueue::Stage(const DeleteMessages& ack, Timestamp now, Staging& staging,
                                QueueEffects& effects) {
  const std::shared_ptr<Lease> lease = TakeChecked(ack.lock_token);
  EndLease(*lease);
  const std::string& queue = lease->item.queue;
  const std::string& group = lease->item.group;
  // An earlier operation of this batch may have cancelled some of them.
  std::vector<Place> places;
  for (const LeasedMessage& message : lease->messages) {
    const std::string key =
        group.empty() ? ReadyKey(queue, message.place, {}) : MemberKey(queue, group, message.place);
    if (staging.DeletedByStaged(family_, key)) continue;
    places.push_back(message.place);
    DeleteTraces(queue, message.place.id, message.key, staging);
  }
  if (places.empty()) return Status::Ok();
  if (group.empty()) {
    RemoveReady(queue, ReadyEntry{places.front(), {}}, staging, effects);
  } else {
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Remove(staging, queue, group, places, now));
    TANDEM_RETURN_IF_ERROR(MoveGroup(queue, group, change, staging, effects));
  }
  return RaiseFloor(queue, places.size(), now, staging);
}

Status RocksMessageQueue::Stage(const AbandonMessages& abandon, Timestamp now, Staging& staging,
                                QueueEffects& effects) {
  const std::shared_ptr<Lease> lease = TakeChecked(abandon.lock_token);
  const bool was_held = EndLease(*lease);
  const std::string& queue = lease->item.queue;
  const std::string& group = lease->item.group;
  const Timestamp not_before = SaturatingAdd(now, abandon.delay);
  const bool delayed = not_before > now;
  if (!abandon.count && was_held) {
    for (const LeasedMessage& message : lease->messages) {
      TANDEM_RETURN_IF_ERROR(TakeBackDelivery(queue, message.place.id, staging));
    }
  }
  if (!group.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                            groups_.Get(staging, queue, group));
    if (!state.has_value()) return Status::Ok();  // cancelled by this batch
    if (!delayed) return Offer(queue, ReadyEntry{state->ready(), group}, staging, effects);
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Delay(staging, queue, group, not_before));
    return MoveGroup(queue, group, change, staging, effects);
  }

  const LeasedMessage& message = lease->messages.front();
  const std::string ready_key = ReadyKey(queue, message.place, {});
  if (staging.DeletedByStaged(family_, ready_key)) return Status::Ok();  // cancelled by this batch
  if (!delayed) return Offer(queue, ReadyEntry{message.place, {}}, staging, effects);
  TANDEM_ASSIGN_OR_RETURN(const auto record, staging.Get(family_, ready_key));
  if (!record.has_value()) {
    return Status::Corruption("queue '" + queue + "'", "a leased message is missing");
  }
  const Place later{not_before, message.place.id};
  RemoveReady(queue, ReadyEntry{message.place, {}}, staging, effects);
  TANDEM_RETURN_IF_ERROR(AddReady(queue, ReadyEntry{later, {}}, *record, staging, effects));
  if (!message.key.empty()) {
    staging.Put(family_, HeldKey(queue, message.key),
                EncodeRecord<KeyRecord>([&later](KeyRecord::Builder key) {
                  key.setId(later.id);
                  key.setVisibleAt(later.visible_at.time_since_epoch().count());
                }));
  }
  return Status::Ok();
}

Result<CancelResult> RocksMessageQueue::Stage(const CancelMessage& cancel, Timestamp now,
                                              Staging& staging, QueueEffects& effects) {
  TANDEM_ASSIGN_OR_RETURN(const auto held, HolderOf(staging, cancel.queue, cancel.key));
  if (!held.has_value()) return CancelResult{false};
  DeleteTraces(cancel.queue, held->place.id, cancel.key, staging);
  TANDEM_RETURN_IF_ERROR(held->group.empty() ? CancelAlone(cancel, *held, staging, effects)
                                             : CancelMember(cancel, *held, now, staging, effects));
  TANDEM_RETURN_IF_ERROR(RaiseFloor(cancel.queue, 1, now, staging));
  return CancelResult{true};
}

Status RocksMessageQueue::CancelAlone(const CancelMessage& cancel, const HeldMessage& held,
                                      Staging& staging, QueueEffects& effects) {
  const auto lease = memory_.Lock()->leases.FindItem(LeaseItem{cancel.queue, {}, held.place.id});
  if (lease != nullptr) EndLease(*lease);
  RemoveReady(cancel.queue, ReadyEntry{held.place, {}}, staging, effects);
  return Status::Ok();
}

Status RocksMessageQueue::CancelMember(const CancelMessage& cancel, const HeldMessage& held,
                                       Timestamp now, Staging& staging, QueueEffects& effects) {
  const std::string& queue = cancel.queue;
  const auto lease = memory_.Lock()->leases.FindItem(LeaseItem{queue, held.group, 0});
  const auto is_cancelled = [&held](const LeasedMessage& message) {
    return message.place.id == held.place.id;
  };
  if (lease != nullptr && std::ranges::any_of(lease->messages, is_cancelled)) {
    EndLease(*lease);
    for (const LeasedMessage& other : lease->messages) {
      const std::string key = MemberKey(queue, held.group, other.place);
      if (is_cancelled(other) || staging.DeletedByStaged(family_, key)) continue;
      TANDEM_RETURN_IF_ERROR(TakeBackDelivery(queue, other.place.id, staging));
    }
  }
  TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                          groups_.Remove(staging, queue, held.group, {held.place}, now));
  return MoveGroup(queue, held.group, change, staging, effects);
}

Status RocksMessageQueue::AddReady(std::string_view queue, const ReadyEntry& entry,
                                   std::string_view record, Staging& staging,
                                   QueueEffects& effects) {
  staging.PutPayload(family_, ReadyKey(queue, entry.place, entry.group), record);
  return Offer(queue, entry, staging, effects);
}

Status RocksMessageQueue::Offer(std::string_view queue, const ReadyEntry& entry, Staging& staging,
                                QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  state->unpublished.insert(entry.place);
  if (entry.place < state->floor) {
    state->floor = entry.place;
    PutFloor(queue, entry.place, staging);
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
  if (change.before == change.after) return Offer(queue, entry, staging, effects);
  return AddReady(queue, entry, {}, staging, effects);
}

Status RocksMessageQueue::RaiseFloor(std::string_view queue, std::size_t removals, Timestamp now,
                                     Staging& staging) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  state->removals += removals;
  if (state->removals < kRemovalsPerFloor) return Status::Ok();
  state->removals = 0;
  // Every entry is in the window, on disk from the cursor on, leased, or not yet published.
  Place floor{now, next_id_};
  if (const auto* front = state->window.front()) floor = std::min(floor, front->first);
  if (const auto& cursor = state->window.cursor()) floor = std::min(floor, *cursor);
  if (const auto leased = memory->leases.FirstReady(queue)) floor = std::min(floor, *leased);
  if (!state->unpublished.empty()) floor = std::min(floor, *state->unpublished.begin());
  if (floor <= state->floor) return Status::Ok();
  state->floor = floor;
  PutFloor(queue, floor, staging);
  return Status::Ok();
}

void RocksMessageQueue::PutFloor(std::string_view queue, const Place& floor,
                                 Staging& staging) const {
  staging.Put(family_, FloorKey(queue), EncodeRecord<FloorRecord>([&](FloorRecord::Builder record) {
                record.setVisibleAt(floor.visible_at.time_since_epoch().count());
                record.setId(floor.id);
              }));
}

Result<QueueState*> RocksMessageQueue::StateOf(QueueMemory& memory, std::string_view queue) const {
  if (const auto it = memory.queues.find(queue); it != memory.queues.end()) return &it->second;
  std::string record;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), family_, FloorKey(queue), &record);
  Place floor;
  if (status.ok()) {
    TANDEM_RETURN_IF_ERROR(
        DecodeRecord<FloorRecord>(record, "floor of a queue", [&floor](FloorRecord::Reader stored) {
          floor = Place{FromMicros(stored.getVisibleAt()), stored.getId()};
        }));
  } else if (!status.IsNotFound()) {
    return FromRocks(status, "floor of a queue");
  }
  return &memory.queues.try_emplace(std::string(queue), floor).first->second;
}

Result<std::uint32_t> RocksMessageQueue::DeliveriesOf(const View& view, std::string_view queue,
                                                      MessageId id) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, DeliveredKey(queue, id)));
  std::uint32_t count = 0;
  if (!record.has_value()) return count;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<DeliveredRecord>(
      *record, "delivery count",
      [&count](DeliveredRecord::Reader stored) { count = stored.getCount(); }));
  return count;
}

Status RocksMessageQueue::TakeBackDelivery(std::string_view queue, MessageId id,
                                           Staging& staging) const {
  TANDEM_ASSIGN_OR_RETURN(const std::uint32_t count, DeliveriesOf(staging, queue, id));
  if (count <= 1) {
    staging.Delete(family_, DeliveredKey(queue, id));
  } else {
    staging.Put(family_, DeliveredKey(queue, id),
                EncodeRecord<DeliveredRecord>(
                    [count](DeliveredRecord::Builder record) { record.setCount(count - 1); }));
  }
  return Status::Ok();
}

void RocksMessageQueue::DeleteTraces(std::string_view queue, MessageId id, std::string_view key,
                                     Staging& staging) const {
  staging.Delete(family_, DeliveredKey(queue, id));
  if (!key.empty()) staging.Delete(family_, HeldKey(queue, key));
}

bool RocksMessageQueue::EndLease(const Lease& lease) {
  const auto memory = memory_.Lock();
  if (memory->leases.Find(lease.epoch) == nullptr) return false;
  if (lease.offered) memory->queues.find(lease.item.queue)->second.window.Remove(lease.ready);
  memory->leases.Remove(lease);
  return true;
}

void RocksMessageQueue::Publish(const QueueEffects& effects) {
  if (effects.changes.empty()) return;
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
    if (entry.place.visible_at <= now) {
      Wake(state);
    } else if (entry.place.visible_at < state.watched) {
      Rearm(state);
    }
  }
}

}  // namespace tandem::internal
