#include "tandem/messagequeue/internal/rows/group_index.h"

#include <algorithm>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/base/rocks/view_cursor.h"
#include "tandem/base/sealed_record.h"
#include "tandem/messagequeue/queue_records.capnp.h"

namespace tandem::internal {

namespace {

std::string Describe(std::string_view queue, std::string_view group) {
  return "group '" + std::string(group) + "' of queue '" + std::string(queue) + "'";
}

}  // namespace

Result<GroupState> DecodeGroup(std::string_view key, std::string_view value, std::string_view queue,
                               std::string_view group) {
  GroupState state;
  const auto where = [&] { return Describe(queue, group); };
  TANDEM_RETURN_IF_ERROR(
      DecodeSealed<GroupRecord>(key, value, where, [&state](GroupRecord::Reader stored) {
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
  const std::string key = GroupKey(queue, group);
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, key));
  if (!record.has_value()) return std::nullopt;
  const Result<GroupState> state = DecodeGroup(key, *record, queue, group);
  if (!state.ok()) return Recount(view, queue, group, GroupState().not_before);
  return *state;
}

Result<std::optional<GroupState>> GroupIndex::Recount(const View& view, std::string_view queue,
                                                      std::string_view group,
                                                      Timestamp not_before) const {
  const std::string prefix = MemberPrefix(queue, group);
  std::optional<GroupState> state;
  ViewCursor cursor(view, family_, prefix, PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    const std::optional<Place> place = ParseMemberKey(cursor.key(), prefix);
    if (!place.has_value()) continue;
    if (!state.has_value()) state = GroupState{*place, not_before, 0};
    ++state->size;
  }
  TANDEM_RETURN_IF_ERROR(cursor.status());
  return state;
}

Result<std::optional<GroupState>> GroupIndex::Restore(Staging& staging, std::string_view queue,
                                                      std::string_view group,
                                                      Timestamp not_before) const {
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          Recount(staging, queue, group, not_before));
  if (state.has_value()) {
    Put(staging, queue, group, *state);
  } else {
    staging.Delete(family_, GroupKey(queue, group));
  }
  return state;
}

void GroupIndex::Put(Staging& staging, std::string_view queue, std::string_view group,
                     const GroupState& state) const {
  const std::string key = GroupKey(queue, group);
  staging.Put(family_, key, EncodeSealed<GroupRecord>(key, [&state](GroupRecord::Builder record) {
                record.setHeadVisibleAt(state.head.visible_at.time_since_epoch().count());
                record.setHeadId(state.head.id);
                record.setNotBefore(state.not_before.time_since_epoch().count());
                record.setSize(state.size);
              }));
}

Result<ReadyChange> GroupIndex::Insert(Staging& staging, std::string_view queue,
                                       std::string_view group, const Place& place,
                                       std::string_view record, std::string_view visible) const {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
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
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> before, Get(staging, queue, group));
  for (const MessageRef& member : members) {
    staging.Delete(family_, MemberKey(queue, group, member.place));
  }
  ReadyChange change;
  if (before.has_value()) change.before = before->ready();
  GroupState rest = before.value_or(GroupState());
  const bool is_last = rest.size == members.size();
  rest.size -= std::min<std::uint64_t>(rest.size, members.size());
  if (rest.not_before <= now) rest.not_before = GroupState().not_before;
  std::optional<GroupState> after;
  if (rest.size > 0 && MoveHead(staging, queue, group, rest)) {
    after = rest;
  } else if (!is_last) {  // the record is not true
    TANDEM_ASSIGN_OR_RETURN(after, Recount(staging, queue, group, rest.not_before));
  }
  const std::uint64_t found = after.has_value() ? after->size : 0;
  change.lost = rest.size - std::min(rest.size, found);
  if (!after.has_value()) {
    staging.Delete(family_, GroupKey(queue, group));
    return change;
  }
  Put(staging, queue, group, *after);
  change.after = after->ready();
  return change;
}

// Never from the front of the group: what stood before its head is long deleted.
bool GroupIndex::MoveHead(const View& view, std::string_view queue, std::string_view group,
                          GroupState& state) const {
  const std::string prefix = MemberPrefix(queue, group);
  const auto first = view.First(family_, MemberKey(queue, group, state.head), PrefixEnd(prefix));
  // A member that can't be read keeps no other from being removed: a head too early is only slow.
  if (!first.ok()) return true;
  if (!first->has_value()) return false;
  const std::optional<Place> head = ParseMemberKey((*first)->first, prefix);
  if (head.has_value()) state.head = *head;
  return head.has_value();
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
