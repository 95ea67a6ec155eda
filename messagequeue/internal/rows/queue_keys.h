#pragma once

// The key layout of the messages, in the column family "messages" (docs/formats.md). A place is
// visible_at:i64be id:u64be, with visible_at in microseconds since the Unix epoch, by the queue's
// own time (queue_time.h).
//
//   ready      := 'R' queue:escaped place group:raw      -> MessageRecord; empty for a group
//   member     := 'G' queue:escaped group:escaped place  -> MessageRecord
//   group      := 'H' queue:escaped group:raw            -> GroupRecord
//   key        := 'K' queue:escaped key:raw              -> KeyRecord
//   delivered  := 'D' queue:escaped id:u64be             -> DeliveredRecord, once delivered
//   delayed    := 'W' queue:escaped place group:raw      -> nothing
//   queue      := 'Q' queue:escaped                      -> QueueRecord
//
// The ready index holds each message without a group, and one entry for each group that has
// messages, at the place of its first. It does not know of leases: they live in memory and end when
// the store is opened again. The delayed index holds the members of groups that were not visible
// yet when they were put, so that they can be counted without a walk over all members. 'F' is
// reserved.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/clock.h"
#include "tandem/messagequeue/message_queue.h"
#include "tandem/messagequeue/place.h"

namespace tandem::internal {

struct ReadyEntry {
  Place place;
  std::string group;  // empty: a message by itself
};

// What must be known of a message to remove it.
struct MessageRef {
  Place place;
  std::string held_key;  // empty: it holds none
  bool delayed = false;  // it has an entry in the delayed index
};

std::string ReadyKey(std::string_view queue, const Place& place, std::string_view group);
std::string ReadyKeyFloor(std::string_view queue,
                          const Place& place);  // <= every entry from there
std::string ReadyPrefix(std::string_view queue);
std::optional<ReadyEntry> ParseReadyKey(std::string_view key, std::string_view queue);

std::string MemberKey(std::string_view queue, std::string_view group, const Place& place);
std::string MemberPrefix(std::string_view queue, std::string_view group);
std::optional<Place> ParseMemberKey(std::string_view key, std::string_view prefix);

// Where the record of a message stands: in the ready index, or among the members of its group.
std::string RecordKey(std::string_view queue, std::string_view group, const Place& place);

std::string GroupKey(std::string_view queue, std::string_view group);
std::string HeldKey(std::string_view queue, std::string_view key);
std::string DeliveredKey(std::string_view queue, MessageId id);
std::string DeliveredPrefix(std::string_view queue);
std::optional<MessageId> ParseDeliveredKey(std::string_view key, std::string_view queue);
std::string QueueKey(std::string_view queue);
std::string QueueKeyPrefix(std::string_view name_begins);  // of all whose name begins so

std::string DelayedKey(std::string_view queue, const Place& place, std::string_view group);
std::string DelayedPrefix(std::string_view queue);
std::optional<ReadyEntry> ParseDelayedKey(std::string_view key, std::string_view queue);

// What all members of the queue's groups start with, and the group and place of one.
std::string MembersPrefix(std::string_view queue);
std::optional<ReadyEntry> ParseMember(std::string_view key, std::string_view queue);

}  // namespace tandem::internal
