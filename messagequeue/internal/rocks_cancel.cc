// Removing messages that the caller holds no lease on: by their key, or a whole group.

#include <algorithm>
#include <limits>
#include <utility>

#include "base/key_encoding.h"
#include "base/limits.h"
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
    EndLeaseInGroup(cancel.queue, *holder, staging);
  }
  const MessageRef message{holder->place, cancel.key, holder->delayed};
  TANDEM_RETURN_IF_ERROR(Remove(cancel.queue, holder->group, {message}, now, staging, effects));
  return CancelResult{true};
}

// A lease that covers the message ends, and what else it covers takes its delivery back.
void RocksMessageQueue::EndLeaseInGroup(const std::string& queue, const KeyHolder& holder,
                                        Staging& staging) {
  const auto lease = memory_.Lock()->leases.FindItem(LeaseItem{queue, holder.group, 0});
  const auto is_cancelled = [&holder](const MessageRef& message) {
    return message.place.id == holder.place.id;
  };
  if (lease == nullptr || std::ranges::none_of(lease->messages, is_cancelled)) return;
  EndLease(*lease);
  for (const MessageRef& other : lease->messages) {
    const std::string key = MemberKey(queue, holder.group, other.place);
    if (is_cancelled(other) || staging.DeletedByStaged(family_, key)) continue;
    TakeBackDelivery(queue, other.place.id, staging);
  }
}

Result<RocksMessageQueue::Members> RocksMessageQueue::MembersOf(const View& view,
                                                                std::string_view queue,
                                                                std::string_view group,
                                                                const GroupState& state,
                                                                std::size_t max) const {
  // Not from the front of the group, as long as the record is right: it is full of what is gone.
  TANDEM_ASSIGN_OR_RETURN(
      Members members, MembersFrom(view, queue, group, MemberKey(queue, group, state.head), max));
  const bool fits = members.more || members.messages.size() == state.size;
  if (fits && members.strays.empty()) return members;
  return MembersFrom(view, queue, group, MemberPrefix(queue, group), max);
}

Result<RocksMessageQueue::Members> RocksMessageQueue::MembersFrom(const View& view,
                                                                  std::string_view queue,
                                                                  std::string_view group,
                                                                  const std::string& from,
                                                                  std::size_t max) const {
  const std::string prefix = MemberPrefix(queue, group);
  const std::string end = PrefixEnd(prefix);
  Members members;
  ViewCursor cursor(view, family_, from, end);
  for (; cursor.Valid(); cursor.Next()) {
    if (members.messages.size() + members.strays.size() == max) {
      members.more = true;
      break;
    }
    const std::optional<Place> place = ParseMemberKey(cursor.key(), prefix);
    if (place.has_value()) {
      members.messages.push_back(RefOf(cursor.key(), cursor.value(), queue, *place));
    } else {
      members.strays.emplace_back(cursor.key());
    }
  }
  TANDEM_RETURN_IF_ERROR(cursor.status());
  return members;
}

Result<DeleteGroupResult> RocksMessageQueue::Stage(const DeleteGroup& remove, Timestamp now,
                                                   Staging& staging, QueueEffects& effects) {
  const auto& [queue, group, portion] = remove;
  TANDEM_ASSIGN_OR_RETURN(const auto state, groups_.Get(staging, queue, group));
  if (!state.has_value()) return DeleteGroupResult{0};
  // Of the whole group Check has counted what is stored; the rest is this batch's own.
  const std::size_t max =
      portion == 0 ? std::numeric_limits<std::size_t>::max() : std::min(portion, kDeletedAtOnceMax);
  TANDEM_ASSIGN_OR_RETURN(const Members members, MembersOf(staging, queue, group, *state, max));
  EndLeaseOf(LeaseItem{queue, group, 0});
  for (const std::string& stray : members.strays) staging.Delete(family_, stray);
  TANDEM_RETURN_IF_ERROR(Remove(queue, group, members.messages, now, staging, effects));
  return DeleteGroupResult{members.messages.size(), members.more};
}

}  // namespace tandem::internal
