#include "tandem/messagequeue/internal/queue_writer.h"

#include "tandem/base/check.h"
#include "tandem/base/rocks/staging.h"

#include <set>
#include <string>
#include <utility>

namespace tandem::internal {

Status QueueWriter::Insert(std::string_view queue, const ReadyEntry& at, Envelope envelope,
                           std::string_view payload, const StagingContext& context) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  const auto& [place, group] = at;
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, states_.TimeOf(queue));
  envelope.delayed = !group.empty() && place.visible_at > time.Of(context.now);
  const MessageRef message = envelope.RefAt(place);
  const std::string key = RecordKey(queue, group, place);
  const std::string record = EncodeMessage(key, envelope, payload);
  const std::string visible = VisiblePart(key, message);
  if (!message.held_key.empty()) {
    rows_.HoldKey(queue, message.held_key, {place, group, message.delayed}, context.staging);
  }
  TANDEM_RETURN_IF_ERROR(states_.CountAdded(queue, context));
  if (group.empty()) return AddReady(queue, at, record, visible, context);
  if (message.delayed) context.staging.Put(rows_.family(), DelayedKey(queue, place, group), {});
  TANDEM_ASSIGN_OR_RETURN(
      const ReadyChange change,
      rows_.groups().Insert(context.staging, queue, group, place, record, visible));
  return MoveGroup(queue, group, change, context);
}

Status QueueWriter::Remove(std::string_view queue, std::string_view group,
                           const std::vector<MessageRef>& messages, const StagingContext& context) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  if (messages.empty()) return Status::Ok();
  for (const MessageRef& message : messages) {
    rows_.DeleteTraces(queue, group, message, context.staging);
  }
  std::uint64_t removed = messages.size();
  if (group.empty()) {
    RemoveReady(queue, ReadyEntry{messages.front().place, {}}, context);
  } else {
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, states_.TimeOf(queue));
    TANDEM_ASSIGN_OR_RETURN(
        const ReadyChange change,
        rows_.groups().Remove(context.staging, queue, group, messages, time.Of(context.now)));
    TANDEM_RETURN_IF_ERROR(MoveGroup(queue, group, change, context));
    removed += change.lost;  // the queue has counted them, too
  }
  return states_.CountRemoved(queue, removed, context);
}

Status QueueWriter::Move(std::string_view queue, const MessageRef& from,
                         const StoredMessage& message, Timestamp visible_at,
                         const StagingContext& context) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  const Place to{visible_at, from.place.id};
  const std::string key = ReadyKey(queue, to, {});
  RemoveReady(queue, ReadyEntry{from.place, {}}, context);
  TANDEM_RETURN_IF_ERROR(AddReady(queue, ReadyEntry{to, {}},
                                  EncodeMessage(key, message, message.payload),
                                  VisiblePart(key, from), context));
  if (!from.held_key.empty()) {
    rows_.HoldKey(queue, from.held_key, {to, {}, false}, context.staging);
  }
  return Status::Ok();
}

Status QueueWriter::Delay(std::string_view queue, std::string_view group, Timestamp not_before,
                          const StagingContext& context) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  TANDEM_ASSIGN_OR_RETURN(const ReadyChange change,
                          rows_.groups().Delay(context.staging, queue, group, not_before));
  return MoveGroup(queue, group, change, context);
}

Status QueueWriter::RestoreGroup(std::string_view queue, const ReadyEntry& entry,
                                 const std::optional<GroupState>& record,
                                 const StagingContext& context) {
  const Timestamp not_before = record.value_or(GroupState()).not_before;
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          rows_.groups().Restore(context.staging, queue, entry.group, not_before));
  // The entry that led here and that of the record may both be there, and at most one is right.
  std::set<Place> entries = {entry.place};
  if (record.has_value()) entries.insert(record->ready());
  for (const Place& place : entries) {
    if (state.has_value() && place == state->ready()) continue;
    RemoveReady(queue, ReadyEntry{place, entry.group}, context);
  }
  TANDEM_RETURN_IF_ERROR(states_.Miscounted(queue, context));
  if (!state.has_value()) return Status::Ok();
  return MoveGroup(queue, entry.group, ReadyChange{std::nullopt, state->ready(), 0}, context);
}

Status QueueWriter::AddReady(std::string_view queue, const ReadyEntry& entry,
                             std::string_view record, std::string_view visible,
                             const StagingContext& context) {
  context.staging.PutPayload(rows_.family(), ReadyKey(queue, entry.place, entry.group), record,
                             visible);
  return ready_.Offer(queue, entry, context.effects);
}

void QueueWriter::RemoveReady(std::string_view queue, const ReadyEntry& entry,
                              const StagingContext& context) const {
  context.staging.Delete(rows_.family(), ReadyKey(queue, entry.place, entry.group));
  context.effects.changes.push_back({std::string(queue), entry, /*added=*/false});
}

Status QueueWriter::MoveGroup(std::string_view queue, std::string_view group,
                              const ReadyChange& change, const StagingContext& context) {
  const std::string name(group);
  if (change.before.has_value() && change.before != change.after) {
    RemoveReady(queue, ReadyEntry{*change.before, name}, context);
  }
  if (!change.after.has_value()) return Status::Ok();
  const ReadyEntry entry{*change.after, name};
  // A lease of the group goes along: it is known by the place of the group's entry.
  if (const auto memory = states_.Lock(); const auto lease = memory->LeaseOf(queue, entry)) {
    memory->leases.SetReady(*lease, entry.place);
  }
  if (change.before == change.after) return ready_.Offer(queue, entry, context.effects);
  return AddReady(queue, entry, {}, {}, context);
}

}  // namespace tandem::internal
