// Removing messages that the caller holds no lease on: by their key, or a whole group.

#include <algorithm>
#include <utility>

#include "base/key_encoding.h"
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

Result<DeleteGroupResult> RocksMessageQueue::Stage(const DeleteGroup& remove, Timestamp now,
                                                   Staging& staging, QueueEffects& effects) {
  const auto& [queue, group] = remove;
  TANDEM_ASSIGN_OR_RETURN(const auto state, groups_.Get(staging, queue, group));
  if (!state.has_value()) return DeleteGroupResult{0};
  EndLeaseOf(LeaseItem{queue, group, 0});
  const std::string prefix = MemberPrefix(queue, group);
  const std::string end = PrefixEnd(prefix);
  std::string from = MemberKey(queue, group, state->head);
  std::vector<MessageRef> members;
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(const auto entry, staging.First(family_, from, end));
    if (!entry.has_value()) break;
    const std::optional<Place> place = ParseMemberKey(entry->first, prefix);
    if (!place.has_value()) return Status::Corruption("group '" + group + "'", "bad key");
    TANDEM_ASSIGN_OR_RETURN(MessageRef member, DecodeVisible(entry->second, queue, *place));
    members.push_back(std::move(member));
    from = entry->first + '\0';
  }
  if (members.size() != state->size) {
    return Status::Corruption("group '" + group + "'", "its record counts other members");
  }
  TANDEM_RETURN_IF_ERROR(Remove(queue, group, members, now, staging, effects));
  return DeleteGroupResult{members.size()};
}

}  // namespace tandem::internal
