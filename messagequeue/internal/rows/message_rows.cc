#include "tandem/messagequeue/internal/rows/message_rows.h"

#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/rocks/view_cursor.h"

namespace tandem::internal {

Result<std::optional<std::string>> MessageRows::GetWritten(std::string_view queue,
                                                           std::string_view key) const {
  std::string value;
  const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), family_, ToSlice(key), &value);
  if (read.IsNotFound()) return std::nullopt;
  if (!read.ok()) return FromRocks(read, "read of queue '" + std::string(queue) + "'");
  return value;
}

Result<StoredMessage> MessageRows::ReadLeased(std::string_view queue, const Place& place) const {
  const std::string key = ReadyKey(queue, place, {});
  TANDEM_ASSIGN_OR_RETURN(const auto record, GetWritten(queue, key));
  return DecodeMessage(key, record.value_or(""), queue, place.id);
}

Result<std::optional<KeyHolder>> MessageRows::HolderOf(const View& view, std::string_view queue,
                                                       std::string_view key) const {
  const std::string held = HeldKey(queue, key);
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, held));
  if (!record.has_value()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(KeyHolder holder, DecodeKeyHolder(held, *record));
  // A message that was damaged may have gone without its key.
  const std::string message = RecordKey(queue, holder.group, holder.place);
  TANDEM_ASSIGN_OR_RETURN(const auto there, view.Get(family_, message));
  if (!there.has_value()) return std::nullopt;
  return holder;
}

void MessageRows::HoldKey(std::string_view queue, std::string_view key, const KeyHolder& holder,
                          Staging& staging) const {
  const std::string held = HeldKey(queue, key);
  staging.Put(family_, held, EncodeKeyHolder(held, holder));
}

Result<std::uint32_t> MessageRows::DeliveriesOf(const View& view, std::string_view queue,
                                                MessageId id) const {
  const std::string key = DeliveredKey(queue, id);
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, key));
  if (!record.has_value()) return std::uint32_t{0};
  // A count that can't be read begins anew: its message can be.
  const Result<std::uint32_t> count = DecodeDelivered(key, *record);
  return count.ok() ? *count : 0;
}

void MessageRows::CountDelivery(std::string_view queue, MessageId id, std::uint32_t count,
                                Staging& staging) const {
  const std::string key = DeliveredKey(queue, id);
  staging.Put(family_, key, EncodeDelivered(key, count));
}

void MessageRows::TakeBackDelivery(std::string_view queue, MessageId id, Staging& staging) const {
  const Result<std::uint32_t> count = DeliveriesOf(staging, queue, id);
  if (!count.ok()) return;  // it counts for what it can't say
  if (*count <= 1) {
    staging.Delete(family_, DeliveredKey(queue, id));
  } else {
    CountDelivery(queue, id, *count - 1, staging);
  }
}

void MessageRows::DeleteTraces(std::string_view queue, std::string_view group,
                               const MessageRef& message, Staging& staging) const {
  staging.Delete(family_, DeliveredKey(queue, message.place.id));
  if (!message.held_key.empty()) staging.Delete(family_, HeldKey(queue, message.held_key));
  if (message.delayed) staging.Delete(family_, DelayedKey(queue, message.place, group));
}

Result<GroupMembers> MessageRows::MembersOf(const View& view, std::string_view queue,
                                            std::string_view group, const GroupState& state,
                                            std::size_t max) const {
  // Not from the front of the group, as long as the record is right: it is full of what is gone.
  TANDEM_ASSIGN_OR_RETURN(
      GroupMembers members,
      MembersFrom(view, queue, group, MemberKey(queue, group, state.head), max));
  const bool fits = members.more || members.messages.size() == state.size;
  if (fits && members.strays.empty()) return members;
  return MembersFrom(view, queue, group, MemberPrefix(queue, group), max);
}

Result<GroupMembers> MessageRows::MembersFrom(const View& view, std::string_view queue,
                                              std::string_view group, const std::string& from,
                                              std::size_t max) const {
  const std::string prefix = MemberPrefix(queue, group);
  const std::string end = PrefixEnd(prefix);
  GroupMembers members;
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

std::optional<std::uint64_t> MessageRows::CountMessages(std::string_view queue,
                                                        const View& view) const {
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
  if (!entries.status().ok() || !members.status().ok()) return std::nullopt;
  return messages;
}

}  // namespace tandem::internal
