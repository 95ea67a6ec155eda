// Removing messages that the caller holds no lease on: by their key, or a whole group.

#include <algorithm>
#include <utility>

#include "base/key_encoding.h"
#include "base/rocks/view_cursor.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

Result<CancelResult> RocksMessageQueue::Stage(const CancelMessage& cancel, Timestamp now,
                                              Staging& staging, QueueEffects& effects) {
  TANDEM_ASSIGN_OR_RETURN(const auto holder, HolderOf(staging, cancel.queue, cancel.key));
  if (!holder.has_value()) return CancelResult{false};
  if (holder->group.empty()) {
    EndLeaseOf(LeaseItem{cancel.queue, {}, holder->place.id});
  } else {
    TANDEM_RETURN_IF_ERROR(CancelInGroup(cancel, *holder, staging));
  }
  const MessageRef message{holder->place, cancel.key, holder->delayed};
  TANDEM_RETURN_IF_ERROR(Remove(cancel.queue, holder->group, {message}, now, staging, effects));
  return CancelResult{true};
}

// A lease that covers the message ends, and what else it covers takes its delivery back.
Status RocksMessageQueue::CancelInGroup(const CancelMessage& cancel, const KeyHolder& holder,
                                        Staging& staging) {
  const std::string& queue = cancel.queue;
  const auto lease = memory_.Lock()->leases.FindItem(LeaseItem{queue, holder.group, 0});
  const auto is_cancelled = [&holder](const MessageRef& message) {
    return message.place.id == holder.place.id;
  };
  if (lease == nullptr || std::ranges::none_of(lease->messages, is_cancelled)) {
    return Status::Ok();
  }
  EndLease(*lease);
  for (const MessageRef& other : lease->messages) {
    const std::string key = MemberKey(queue, holder.group, other.place);
    if (is_cancelled(other) || staging.DeletedByStaged(family_, key)) continue;
    TANDEM_RETURN_IF_ERROR(TakeBackDelivery(queue, other.place.id, staging));
  }
  return Status::Ok();
}

Result<std::vector<MessageRef>> RocksMessageQueue::MembersOf(const View& view,
                                                             std::string_view queue,
                                                             std::string_view group,
                                                             const GroupState& state) const {
  const std::string where = "group '" + std::string(group) + "'";
  const std::string prefix = MemberPrefix(queue, group);
  const std::string end = PrefixEnd(prefix);
  std::vector<MessageRef> members;
  ViewCursor cursor(view, family_, MemberKey(queue, group, state.head), end);
  for (; cursor.Valid(); cursor.Next()) {
    const std::optional<Place> place = ParseMemberKey(cursor.key(), prefix);
    if (!place.has_value()) return Status::Corruption(where, "bad key");
    TANDEM_ASSIGN_OR_RETURN(MessageRef member, DecodeVisible(cursor.value(), queue, *place));
    members.push_back(std::move(member));
  }
  TANDEM_RETURN_IF_ERROR(cursor.status());
  if (members.size() == state.size) return members;
  return Status::Corruption(where, "its record counts other members");
}

Result<DeleteGroupResult> RocksMessageQueue::Stage(const DeleteGroup& remove, Timestamp now,
                                                   Staging& staging, QueueEffects& effects) {
  const auto& [queue, group] = remove;
  TANDEM_ASSIGN_OR_RETURN(const auto state, groups_.Get(staging, queue, group));
  if (!state.has_value()) return DeleteGroupResult{0};
  TANDEM_ASSIGN_OR_RETURN(const std::vector<MessageRef> members,
                          MembersOf(staging, queue, group, *state));
  EndLeaseOf(LeaseItem{queue, group, 0});
  TANDEM_RETURN_IF_ERROR(Remove(queue, group, members, now, staging, effects));
  return DeleteGroupResult{members.size()};
}

}  // namespace tandem::internal
