#include "messagequeue/internal/group_index.h"

#include <algorithm>

#include "base/key_encoding.h"
#include "base/record.h"
#include "messagequeue/queue_records.capnp.h"

namespace tandem::internal {

namespace {

std::string Describe(std::string_view queue, std::string_view group) {
  return "group '" + std::string(group) + "' of queue '" + std::string(queue) + "'";
}

}  // namespace

Result<GroupState> DecodeGroup(std::string_view record, std::string_view queue,
                               std::string_view group) {
  GroupState state;
  const auto where = [&] { return Describe(queue, group); };
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<GroupRecord>(record, where, [&state](GroupRecord::Reader stored) {
        state.head.visible_at = Timestamp(std::chrono::microseconds(stored.getHeadVisibleAt()));
        state.head.id = stored.getHeadId();
        state.not_before = Timestamp(std::chrono::microseconds(stored.getNotBefore()));
        state.size = stored.getSize();
      }));
  if (state.size == 0) return Status::Corruption(where(), "a record of an empty group");
  return state;
}

Result<std::optional<GroupState>> GroupIndex::Get(const View& view, std::string_view queue,
                                                  std::string_view group) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, GroupKey(queue, group)));
  if (!record.has_value()) return std::optional<GroupState>();
  TANDEM_ASSIGN_OR_RETURN(const GroupState state, DecodeGroup(*record, queue, group));
  return std::optional<GroupState>(state);
}

void GroupIndex::Put(Staging& staging, std::string_view queue, std::string_view group,
                     const GroupState& state) const {
  staging.Put(family_, GroupKey(queue, group),
              EncodeRecord<GroupRecord>([&state](GroupRecord::Builder record) {
                record.setHeadVisibleAt(state.head.visible_at.time_since_epoch().count());
                record.setHeadId(state.head.id);
                record.setNotBefore(state.not_before.time_since_epoch().count());
                record.setSize(state.size);
              }));
}

Result<ReadyChange> GroupIndex::Insert(Staging& staging, std::string_view queue,
                                       std::string_view group, const Place& place,
                                       std::string_view record, std::string_view visible) const {
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> before, Get(staging, queue, group));
  GroupState after = before.value_or(GroupState{place, kNotHidden, 0});
  after.head = std::min(after.head, place);
  ++after.size;
  staging.PutPayload(family_, MemberKey(queue, group, place), record, visible);
  Put(staging, queue, group, after);
  ReadyChange change;
  if (before.has_value()) change.before = before->ready();
  change.after = after.ready();
  return change;
}

Result<ReadyChange> GroupIndex::Remove(Staging& staging, std::string_view queue,
                                       std::string_view group,
                                       const std::vector<MessageRef>& members,
                                       Timestamp now) const {
  TANDEM_ASSIGN_OR_RETURN(std::optional<GroupState> state, Get(staging, queue, group));
  if (!state.has_value() || state->size < members.size()) {
    return Status::Corruption(Describe(queue, group), "fewer members than were delivered");
  }
  ReadyChange change;
  change.before = state->ready();
  for (const MessageRef& member : members) {
    staging.Delete(family_, MemberKey(queue, group, member.place));
  }
  state->size -= members.size();
  if (state->size == 0) {
    staging.Delete(family_, GroupKey(queue, group));
    return change;
  }
  // Never from the front of the group: what stood before its head is long deleted.
  const std::string prefix = MemberPrefix(queue, group);
  TANDEM_ASSIGN_OR_RETURN(
      const std::optional<View::Entry> first,
      staging.First(family_, MemberKey(queue, group, state->head), PrefixEnd(prefix)));
  const std::optional<Place> head =
      first.has_value() ? ParseMemberKey(first->first, prefix) : std::nullopt;
  if (!head.has_value()) {
    return Status::Corruption(Describe(queue, group), "a counted member is missing");
  }
  state->head = *head;
  if (state->not_before <= now) state->not_before = kNotHidden;
  Put(staging, queue, group, *state);
  change.after = state->ready();
  return change;
}

Result<ReadyChange> GroupIndex::Delay(Staging& staging, std::string_view queue,
                                      std::string_view group, Timestamp not_before) const {
  TANDEM_ASSIGN_OR_RETURN(std::optional<GroupState> state, Get(staging, queue, group));
  if (!state.has_value()) return ReadyChange();
  ReadyChange change;
  change.before = state->ready();
  state->not_before = not_before;
  Put(staging, queue, group, *state);
  change.after = state->ready();
  return change;
}

}  // namespace tandem::internal
