// The operations of a batch on messages: what is checked of them, and what they stage.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "messagequeue/internal/queue_limits.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

namespace {

// By the clock.
Timestamp VisibleAt(const EnqueueOptions& options, Timestamp now) {
  const Timestamp wanted = options.visible_at.value_or(SaturatingAdd(now, options.delay.value()));
  return std::max(wanted, now);
}

}  // namespace

Result<std::optional<KeyHolder>> RocksMessageQueue::HolderOf(const View& view,
                                                             std::string_view queue,
                                                             std::string_view key) const {
  const std::string held = HeldKey(queue, key);
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, held));
  if (!record.has_value()) return std::optional<KeyHolder>();
  TANDEM_ASSIGN_OR_RETURN(KeyHolder holder, DecodeKeyHolder(held, *record));
  // A message that was damaged may have gone without its key.
  const std::string message = RecordKey(queue, holder.group, holder.place);
  TANDEM_ASSIGN_OR_RETURN(const auto there, view.Get(family_, message));
  if (!there.has_value()) return std::optional<KeyHolder>();
  return std::optional<KeyHolder>(std::move(holder));
}

// Not through the view, which shows no payload of what is in flight: a message is leased only once
// it is in the database, and whatever moves or removes it ends the lease.
Result<StoredMessage> RocksMessageQueue::ReadLeased(const Lease& lease) const {
  const std::string& queue = lease.item.queue;
  const Place& place = lease.messages.front().place;
  const std::string key = ReadyKey(queue, place, {});
  TANDEM_ASSIGN_OR_RETURN(const auto record, GetWritten(queue, key));
  return DecodeMessage(key, record.value_or(""), queue, place.id);
}

Status RocksMessageQueue::Check(const Enqueue& enqueue, const View& view, QueueEffects& effects) {
  const EnqueueOptions& options = enqueue.options;
  TANDEM_RETURN_IF_ERROR(Use(enqueue.queue, effects));
  if (!options.key.empty()) {
    TANDEM_RETURN_IF_ERROR(HolderOf(view, enqueue.queue, options.key).status());
  }
  if (options.group.empty()) return Status::Ok();
  return groups_.Get(view, enqueue.queue, options.group).status();
}

Status RocksMessageQueue::Check(const DeleteMessages& ack, const View& view,
                                QueueEffects& /*effects*/) {
  TANDEM_ASSIGN_OR_RETURN(std::shared_ptr<Lease> lease, Resolve(ack.lock_token));
  const LeaseItem item = lease->item;
  checked_leases_.insert_or_assign(ack.lock_token, std::move(lease));
  return item.group.empty() ? Status::Ok() : groups_.Get(view, item.queue, item.group).status();
}

Status RocksMessageQueue::Check(const AbandonMessages& abandon, const View& view,
                                QueueEffects& effects) {
  TANDEM_RETURN_IF_ERROR(Check(DeleteMessages{abandon.lock_token}, view, effects));
  const Lease& lease = *checked_leases_.find(abandon.lock_token)->second;
  const bool moves = lease.item.group.empty() && abandon.delay.value().count() > 0;
  return moves ? ReadLeased(lease).status() : Status::Ok();
}

Status RocksMessageQueue::Check(const CancelMessage& cancel, const View& view,
                                QueueEffects& effects) {
  TANDEM_RETURN_IF_ERROR(Use(cancel.queue, effects));
  TANDEM_ASSIGN_OR_RETURN(const auto held, HolderOf(view, cancel.queue, cancel.key));
  if (!held.has_value() || held->group.empty()) return Status::Ok();
  return groups_.Get(view, cancel.queue, held->group).status();
}

Status RocksMessageQueue::Check(const DeleteGroup& remove, const View& view,
                                QueueEffects& effects) {
  const auto& [queue, group, portion] = remove;
  TANDEM_RETURN_IF_ERROR(Use(queue, effects));
  TANDEM_ASSIGN_OR_RETURN(const auto state, groups_.Get(view, queue, group));
  if (!state.has_value()) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(const Members members,
                          MembersOf(view, queue, group, *state, kDeletedAtOnceMax));
  return members.more && portion == 0 ? GroupTooLarge() : Status::Ok();
}

std::shared_ptr<Lease> RocksMessageQueue::TakeChecked(const LockToken& token) {
  const auto checked = checked_leases_.extract(token);
  TANDEM_CHECK(!checked.empty(), "a token is checked before it is used, and used once in a batch");
  return checked.mapped();
}

Result<EnqueueResult> RocksMessageQueue::Stage(const Enqueue& enqueue, Timestamp now,
                                               Staging& staging, QueueEffects& effects) {
  const EnqueueOptions& options = enqueue.options;
  if (!options.key.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const auto holder, HolderOf(staging, enqueue.queue, options.key));
    if (holder.has_value()) return EnqueueResult{holder->place.id, EnqueueOutcome::kDuplicate};
  }
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, TimeOf(enqueue.queue));
  const Place place{time.Of(VisibleAt(options, now)), next_id_++};
  Envelope envelope;
  envelope.enqueued_at = now;
  envelope.key = options.key;
  TANDEM_RETURN_IF_ERROR(Insert(enqueue.queue, options.group, place, std::move(envelope),
                                enqueue.payload, now, staging, effects));
  return EnqueueResult{place.id, EnqueueOutcome::kQueued};
}

Status RocksMessageQueue::Stage(const DeleteMessages& ack, Timestamp now, Staging& staging,
                                QueueEffects& effects) {
  const std::shared_ptr<Lease> lease = TakeChecked(ack.lock_token);
  EndLease(*lease);
  std::vector<MessageRef> messages = lease->messages;
  // An earlier operation of this batch may have removed some of them.
  std::erase_if(messages, [&](const MessageRef& message) {
    return staging.DeletedByStaged(family_,
                                   RecordKey(lease->item.queue, lease->item.group, message.place));
  });
  return Remove(lease->item.queue, lease->item.group, messages, now, staging, effects);
}

Status RocksMessageQueue::Stage(const AbandonMessages& abandon, Timestamp now, Staging& staging,
                                QueueEffects& effects) {
  const std::shared_ptr<Lease> lease = TakeChecked(abandon.lock_token);
  const bool was_held = EndLease(*lease);
  const LeaseItem& item = lease->item;
  // An earlier operation of this batch may have removed all of them.
  if (std::ranges::all_of(lease->messages, [&](const MessageRef& message) {
        return staging.DeletedByStaged(family_, RecordKey(item.queue, item.group, message.place));
      })) {
    return Status::Ok();
  }
  if (!abandon.count && was_held) {
    for (const MessageRef& message : lease->messages) {
      TakeBackDelivery(item.queue, message.place.id, staging);
    }
  }
  const Timestamp later = SaturatingAdd(now, abandon.delay.value());
  if (later <= now) return ComeBack(*lease, staging, effects);
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, TimeOf(item.queue));
  return ComeBackLater(*lease, time.Of(later), now, staging, effects);
}

Status RocksMessageQueue::ComeBack(const Lease& lease, Staging& staging, QueueEffects& effects) {
  const auto& [queue, group, id] = lease.item;
  if (group.empty()) return Offer(queue, ReadyEntry{lease.messages.front().place, {}}, effects);
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          groups_.Get(staging, queue, group));
  if (!state.has_value()) return Status::Ok();
  return Offer(queue, ReadyEntry{state->ready(), group}, effects);
}

Status RocksMessageQueue::ComeBackLater(const Lease& lease, Timestamp not_before, Timestamp now,
                                        Staging& staging, QueueEffects& effects) {
  const auto& [queue, group, id] = lease.item;
  {
    const auto memory = memory_.Lock();
    TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
    Touch(queue, *state, now, effects);  // else the delay would seem longer after the next open
  }
  if (!group.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                            groups_.Delay(staging, queue, group, not_before));
    return MoveGroup(queue, group, change, staging, effects);
  }
  TANDEM_ASSIGN_OR_RETURN(const StoredMessage stored, ReadLeased(lease));
  const MessageRef& message = lease.messages.front();
  const Place later{not_before, message.place.id};
  const std::string key = ReadyKey(queue, later, {});
  RemoveReady(queue, ReadyEntry{message.place, {}}, staging, effects);
  TANDEM_RETURN_IF_ERROR(AddReady(queue, ReadyEntry{later, {}},
                                  EncodeMessage(key, stored, stored.payload),
                                  VisiblePart(key, message), staging, effects));
  if (!message.held_key.empty()) HoldKey(queue, message.held_key, {later, {}, false}, staging);
  return Status::Ok();
}

}  // namespace tandem::internal
