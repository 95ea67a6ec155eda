#include "tandem/messagequeue/internal/queue_operations.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

// By the clock.
Timestamp VisibleAt(const EnqueueOptions& options, Timestamp now) {
  const Timestamp wanted = options.visible_at.value_or(SaturatingAdd(now, options.delay.value()));
  return std::max(wanted, now);
}

}  // namespace

// --- Enqueue ---------------------------------------------------------------------------------

Status QueueOperations::Check(const Enqueue& enqueue, const View& view, QueueEffects& effects) {
  const EnqueueOptions& options = enqueue.options;
  TANDEM_RETURN_IF_ERROR(states_.Use(enqueue.queue, effects));
  if (!options.key.empty()) {
    TANDEM_RETURN_IF_ERROR(rows_.HolderOf(view, enqueue.queue, options.key).status());
  }
  if (options.group.empty()) return Status::Ok();
  return rows_.groups().Get(view, enqueue.queue, options.group).status();
}

Result<EnqueueResult> QueueOperations::Stage(const Enqueue& enqueue,
                                             const StagingContext& context) {
  const EnqueueOptions& options = enqueue.options;
  if (!options.key.empty()) {
    TANDEM_ASSIGN_OR_RETURN(const auto holder,
                            rows_.HolderOf(context.staging, enqueue.queue, options.key));
    if (holder.has_value()) return EnqueueResult{holder->place.id, EnqueueOutcome::kDuplicate};
  }
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, states_.TimeOf(enqueue.queue));
  const Place place{time.Of(VisibleAt(options, context.now)), states_.TakeId()};
  Envelope envelope;
  envelope.enqueued_at = context.now;
  envelope.key = options.key;
  TANDEM_RETURN_IF_ERROR(writer_.Insert(enqueue.queue, ReadyEntry{place, options.group},
                                        std::move(envelope), enqueue.payload, context));
  return EnqueueResult{place.id, EnqueueOutcome::kQueued};
}

// --- DeleteMessages, AbandonMessages -----------------------------------------------------------

Status QueueOperations::Check(const DeleteMessages& ack, const View& view,
                              QueueEffects& /*effects*/) {
  TANDEM_ASSIGN_OR_RETURN(std::shared_ptr<Lease> lease, leases_.Resolve(ack.lock_token));
  const LeaseItem item = lease->item;
  checked_leases_.insert_or_assign(ack.lock_token, std::move(lease));
  if (item.group.empty()) return Status::Ok();
  return rows_.groups().Get(view, item.queue, item.group).status();
}

Status QueueOperations::Check(const AbandonMessages& abandon, const View& view,
                              QueueEffects& effects) {
  TANDEM_RETURN_IF_ERROR(Check(DeleteMessages{abandon.lock_token}, view, effects));
  const Lease& lease = *checked_leases_.at(abandon.lock_token);
  const bool moves = lease.item.group.empty() && abandon.delay.value().count() > 0;
  if (!moves) return Status::Ok();
  return rows_.ReadLeased(lease.item.queue, lease.messages.front().place).status();
}

std::shared_ptr<Lease> QueueOperations::TakeChecked(const LockToken& token) {
  const auto checked = checked_leases_.extract(token);
  TANDEM_CHECK(!checked.empty(), "a token is checked before it is used, and used once in a batch");
  return checked.mapped();
}

// By an earlier operation of this batch.
bool QueueOperations::IsRemoved(const LeaseItem& item, const MessageRef& message,
                                const Staging& staging) const {
  return staging.DeletedByStaged(rows_.family(), RecordKey(item.queue, item.group, message.place));
}

Status QueueOperations::Stage(const DeleteMessages& ack, const StagingContext& context) {
  const std::shared_ptr<Lease> lease = TakeChecked(ack.lock_token);
  leases_.End(*lease);
  std::vector<MessageRef> messages = lease->messages;
  std::erase_if(messages, [&](const MessageRef& message) {
    return IsRemoved(lease->item, message, context.staging);
  });
  return writer_.Remove(lease->item.queue, lease->item.group, messages, context);
}

Status QueueOperations::Stage(const AbandonMessages& abandon, const StagingContext& context) {
  const std::shared_ptr<Lease> lease = TakeChecked(abandon.lock_token);
  const bool was_held = leases_.End(*lease);
  const LeaseItem& item = lease->item;
  const auto is_removed = [&](const MessageRef& message) {
    return IsRemoved(item, message, context.staging);
  };
  if (std::ranges::all_of(lease->messages, is_removed)) return Status::Ok();
  if (!abandon.count && was_held) {
    for (const MessageRef& message : lease->messages) {
      rows_.TakeBackDelivery(item.queue, message.place.id, context.staging);
    }
  }
  const Timestamp later = SaturatingAdd(context.now, abandon.delay.value());
  if (later <= context.now) return ComeBack(*lease, context);
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, states_.TimeOf(item.queue));
  return ComeBackLater(*lease, time.Of(later), context);
}

Status QueueOperations::ComeBack(const Lease& lease, const StagingContext& context) {
  const auto& [queue, group, id] = lease.item;
  if (group.empty()) {
    return ready_.Offer(queue, ReadyEntry{lease.messages.front().place, {}}, context.effects);
  }
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          rows_.groups().Get(context.staging, queue, group));
  if (!state.has_value()) return Status::Ok();
  return ready_.Offer(queue, ReadyEntry{state->ready(), group}, context.effects);
}

Status QueueOperations::ComeBackLater(const Lease& lease, Timestamp not_before,
                                      const StagingContext& context) {
  const auto& [queue, group, id] = lease.item;
  // Else the delay would seem longer after the next open.
  TANDEM_RETURN_IF_ERROR(states_.Touch(queue, context));
  if (!group.empty()) return writer_.Delay(queue, group, not_before, context);
  const MessageRef& message = lease.messages.front();
  TANDEM_ASSIGN_OR_RETURN(const StoredMessage stored, rows_.ReadLeased(queue, message.place));
  return writer_.Move(queue, message, stored, not_before, context);
}

// --- CancelMessage, DeleteGroup: the caller holds no lease -------------------------------------

Status QueueOperations::Check(const CancelMessage& cancel, const View& view,
                              QueueEffects& effects) {
  TANDEM_RETURN_IF_ERROR(states_.Use(cancel.queue, effects));
  TANDEM_ASSIGN_OR_RETURN(const auto held, rows_.HolderOf(view, cancel.queue, cancel.key));
  if (!held.has_value() || held->group.empty()) return Status::Ok();
  return rows_.groups().Get(view, cancel.queue, held->group).status();
}

Result<CancelResult> QueueOperations::Stage(const CancelMessage& cancel,
                                            const StagingContext& context) {
  TANDEM_ASSIGN_OR_RETURN(const auto holder,
                          rows_.HolderOf(context.staging, cancel.queue, cancel.key));
  if (!holder.has_value()) return CancelResult{false};
  if (holder->group.empty()) {
    leases_.EndOf(LeaseItem{cancel.queue, {}, holder->place.id});
  } else {
    EndLeaseInGroup(cancel.queue, *holder, context.staging);
  }
  const MessageRef message{holder->place, cancel.key, holder->delayed};
  TANDEM_RETURN_IF_ERROR(writer_.Remove(cancel.queue, holder->group, {message}, context));
  return CancelResult{true};
}

void QueueOperations::EndLeaseInGroup(const std::string& queue, const KeyHolder& holder,
                                      Staging& staging) {
  const LeaseItem item{queue, holder.group, 0};
  const auto lease = leases_.Find(item).lease;
  const auto is_cancelled = [&holder](const MessageRef& message) {
    return message.place.id == holder.place.id;
  };
  if (lease == nullptr || std::ranges::none_of(lease->messages, is_cancelled)) return;
  leases_.End(*lease);
  for (const MessageRef& other : lease->messages) {
    if (is_cancelled(other) || IsRemoved(item, other, staging)) continue;
    rows_.TakeBackDelivery(queue, other.place.id, staging);
  }
}

Status QueueOperations::Check(const DeleteGroup& remove, const View& view, QueueEffects& effects) {
  const auto& [queue, group, portion] = remove;
  TANDEM_RETURN_IF_ERROR(states_.Use(queue, effects));
  TANDEM_ASSIGN_OR_RETURN(const auto state, rows_.groups().Get(view, queue, group));
  if (!state.has_value()) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(const GroupMembers members,
                          rows_.MembersOf(view, queue, group, *state, kDeletedAtOnceMax));
  return members.more && portion == 0 ? GroupTooLarge() : Status::Ok();
}

Result<DeleteGroupResult> QueueOperations::Stage(const DeleteGroup& remove,
                                                 const StagingContext& context) {
  const auto& [queue, group, portion] = remove;
  TANDEM_ASSIGN_OR_RETURN(const auto state, rows_.groups().Get(context.staging, queue, group));
  if (!state.has_value()) return DeleteGroupResult{0};
  // Of the whole group Check has counted what is stored; the rest is this batch's own.
  const std::size_t max =
      portion == 0 ? std::numeric_limits<std::size_t>::max() : std::min(portion, kDeletedAtOnceMax);
  TANDEM_ASSIGN_OR_RETURN(const GroupMembers members,
                          rows_.MembersOf(context.staging, queue, group, *state, max));
  leases_.EndOf(LeaseItem{queue, group, 0});
  for (const std::string& stray : members.strays) context.staging.Delete(rows_.family(), stray);
  TANDEM_RETURN_IF_ERROR(writer_.Remove(queue, group, members.messages, context));
  return DeleteGroupResult{members.messages.size(), members.more};
}

}  // namespace tandem::internal
