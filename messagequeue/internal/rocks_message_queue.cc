#include "messagequeue/internal/rocks_message_queue.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/key_encoding.h"
#include "base/rocks/bounded_walk.h"
#include "base/rocks/rocks_status.h"
#include "base/rocks/view_cursor.h"
#include "messagequeue/internal/message_id.h"
#include "messagequeue/internal/snapshot_reader.h"

namespace tandem::internal {

namespace {

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
      next_id_(IdBefore(identity.incarnation) + 1) {}

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
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, LoadQueue(memory, queue));
  if (stored.messages == 0) {
    return &memory.queues.try_emplace(std::string(queue)).first->second;
  }
  return &memory.queues.try_emplace(std::string(queue), stored, opened_).first->second;
}

Result<StoredQueue> RocksMessageQueue::LoadQueue(QueueMemory& memory,
                                                 std::string_view queue) const {
  const std::string key = QueueKey(queue);
  TANDEM_ASSIGN_OR_RETURN(const auto record, GetWritten(queue, key));
  const SnapshotReader reader = SnapshotReader::OfNow(db_, family_);
  if (record.has_value()) {
    const Result<StoredQueue> stored = DecodeQueue(key, *record);
    return stored.ok() ? stored : reader.Recount(queue);
  }
  // A lost record would hide all that the queue has. One look for each name: that of a queue that
  // is emptied again and again is asked for often.
  const std::size_t name = std::hash<std::string_view>()(queue);
  if (memory.without_record.contains(name)) return StoredQueue();
  if (memory.without_record.size() == kNamesMax) memory.without_record.clear();
  memory.without_record.insert(name);
  const std::string prefix = ReadyPrefix(queue);
  const BoundedWalk look(db_, family_, prefix, PrefixEnd(prefix));
  return look.Valid() ? reader.Recount(queue) : StoredQueue();
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
  const std::string key = RecordKey(queue, group, place);
  const std::string record = EncodeMessage(key, envelope, payload);
  const std::string visible = VisiblePart(key, message);
  if (!message.held_key.empty()) {
    HoldKey(queue, message.held_key, {place, std::string(group), message.delayed}, staging);
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

void RocksMessageQueue::HoldKey(std::string_view queue, std::string_view key,
                                const KeyHolder& holder, Staging& staging) const {
  const std::string held = HeldKey(queue, key);
  staging.Put(family_, held, EncodeKeyHolder(held, holder));
}

Status RocksMessageQueue::Remove(std::string_view queue, std::string_view group,
                                 const std::vector<MessageRef>& messages, Timestamp now,
                                 Staging& staging, QueueEffects& effects) {
  if (messages.empty()) return Status::Ok();
  for (const MessageRef& message : messages) DeleteTraces(queue, group, message, staging);
  std::uint64_t removed = messages.size();
  if (group.empty()) {
    RemoveReady(queue, ReadyEntry{messages.front().place, {}}, staging, effects);
  } else {
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, TimeOf(queue));
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Remove(staging, queue, group, messages, time.Of(now)));
    TANDEM_RETURN_IF_ERROR(MoveGroup(queue, group, change, staging, effects));
    removed += change.lost;
  }
  return CountRemoved(queue, removed, now, effects);
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

Status RocksMessageQueue::RestoreGroup(std::string_view queue, const ReadyEntry& entry,
                                       const std::optional<GroupState>& record, Staging& staging,
                                       Timestamp now, QueueEffects& effects) {
  const Timestamp not_before = record.value_or(GroupState()).not_before;
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          groups_.Restore(staging, queue, entry.group, not_before));
  std::set<Place> entries = {entry.place};
  if (record.has_value()) entries.insert(record->ready());
  for (const Place& place : entries) {
    if (state.has_value() && place == state->ready()) continue;
    RemoveReady(queue, ReadyEntry{place, entry.group}, staging, effects);
  }
  {
    const auto memory = memory_.Lock();
    TANDEM_ASSIGN_OR_RETURN(QueueState* const touched, StateOf(*memory, queue));
    touched->count_is_wrong = true;
    Touch(queue, *touched, now, effects);
  }
  if (!state.has_value()) return Status::Ok();
  return MoveGroup(queue, entry.group, ReadyChange{std::nullopt, state->ready(), 0}, staging,
                   effects);
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

Status RocksMessageQueue::CountRemoved(std::string_view queue, std::uint64_t messages,
                                       Timestamp now, QueueEffects& effects) {
  const auto memory = memory_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
  if (state->messages < messages) state->count_is_wrong = true;
  state->messages -= std::min(state->messages, messages);
  Touch(queue, *state, now, effects);
  state->removals += messages;
  if (state->removals >= kRemovalsPerFloor) RaiseFloor(queue, *state, memory->leases, now);
  return Status::Ok();
}

void RocksMessageQueue::RaiseFloor(std::string_view queue, QueueState& state,
                                   const LeaseTable& leases, Timestamp now) const {
  state.removals = 0;
  // Every entry is in the window, on disk from the cursor on, leased, not yet published, or set
  // aside.
  Place floor{state.time.Of(now), next_id_};
  if (const auto* front = state.window.front()) floor = std::min(floor, *front);
  if (const auto& cursor = state.window.cursor()) floor = std::min(floor, *cursor);
  if (const auto leased = leases.FirstReady(queue)) floor = std::min(floor, *leased);
  if (!state.unpublished.empty()) floor = std::min(floor, *state.unpublished.begin());
  if (!state.damaged.empty()) floor = std::min(floor, state.damaged.begin()->first);
  state.floor = std::max(floor, state.floor);
}

void RocksMessageQueue::StageRecords(const QueueEffects& effects, Staging& staging) const {
  for (const std::string& queue : effects.touched) {
    StoredQueue record;
    bool count_is_wrong = false;
    {
      const auto memory = memory_.Lock();
      const QueueState& state = memory->queues.find(queue)->second;  // touching it has made it
      record = {state.floor, state.messages, state.latest};
      count_is_wrong = state.count_is_wrong;
    }
    if (count_is_wrong) record.messages = CountAnew(queue, staging);
    const std::string key = QueueKey(queue);
    // A queue without messages has no record: there is nothing to list, nor to scan.
    if (record.messages == 0) {
      staging.Delete(family_, key);
    } else {
      staging.Put(family_, key, EncodeQueue(key, record));
    }
  }
}

std::uint64_t RocksMessageQueue::CountAnew(std::string_view queue, const View& view) const {
  std::uint64_t messages = 0;
  const std::string ready = ReadyPrefix(queue);
  ViewCursor entries(view, family_, ready, PrefixEnd(ready));
  for (; entries.Valid(); entries.Next()) {
    const std::optional<ReadyEntry> entry = ParseReadyKey(entries.key(), queue);
    if (entry.has_value() && entry->group.empty()) ++messages;
  }
  const std::string grouped = MembersPrefix(queue);
  ViewCursor members(view, family_, grouped, PrefixEnd(grouped));
  for (; members.Valid(); members.Next()) {
    if (ParseMember(members.key(), queue).has_value()) ++messages;
  }
  const auto memory = memory_.Lock();
  QueueState& state = memory->queues.find(queue)->second;
  if (!entries.status().ok() || !members.status().ok()) return state.messages;
  state.count_is_wrong = false;
  return state.messages = messages;
}

Result<std::uint32_t> RocksMessageQueue::DeliveriesOf(const View& view, std::string_view queue,
                                                      MessageId id) const {
  const std::string key = DeliveredKey(queue, id);
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, key));
  if (!record.has_value()) return std::uint32_t{0};
  // A count that can't be read begins anew: its message can be.
  const Result<std::uint32_t> count = DecodeDelivered(key, *record);
  return count.ok() ? *count : 0;
}

void RocksMessageQueue::TakeBackDelivery(std::string_view queue, MessageId id,
                                         Staging& staging) const {
  const std::string key = DeliveredKey(queue, id);
  const Result<std::uint32_t> count = DeliveriesOf(staging, queue, id);
  if (!count.ok()) return;  // it counts for what it can't say
  if (*count <= 1) {
    staging.Delete(family_, key);
  } else {
    staging.Put(family_, key, EncodeDelivered(key, *count - 1));
  }
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
      if (found == memory->queues.end()) continue;
      found->second.window.Remove(entry.place);
      found->second.damaged.erase(entry.place);
      continue;
    }
    QueueState& state = found->second;  // Offer has made it
    state.damaged.erase(entry.place);   // it is looked at again
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
