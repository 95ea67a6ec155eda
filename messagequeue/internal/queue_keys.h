#pragma once

// The key layout of the messages, in the column family "messages" (docs/formats.md). A place is
// visible_at:u64be id:u64be, with visible_at in microseconds since the Unix epoch.
//
//   ready      := 'R' queue:escaped place group:raw      -> MessageRecord; empty for a group
//   member     := 'G' queue:escaped group:escaped place  -> MessageRecord
//   group      := 'H' queue:escaped group:raw            -> GroupRecord
//   key        := 'K' queue:escaped key:raw              -> KeyRecord
//   delivered  := 'D' queue:escaped id:u64be             -> DeliveredRecord, once delivered
//   floor      := 'F' queue:escaped                      -> FloorRecord
//
// The ready index holds each message without a group, and one entry for each group that has
// messages, at the place of its first. It does not know of leases: they live in memory and end when
// the store is opened again.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "messagequeue/message_queue.h"

namespace tandem::internal {

// The order of delivery: oldest visible first, then as enqueued.
struct Place {
  Timestamp visible_at;
  MessageId id = 0;

  auto operator<=>(const Place&) const = default;
};

struct ReadyEntry {
  Place place;
  std::string group;  // empty: a message by itself
};

std::string ReadyKey(std::string_view queue, const Place& place, std::string_view group);
std::string ReadyKeyFloor(std::string_view queue,
                          const Place& place);  // <= every entry from there
std::string ReadyPrefix(std::string_view queue);
std::optional<ReadyEntry> ParseReadyKey(std::string_view key, std::string_view queue);

std::string MemberKey(std::string_view queue, std::string_view group, const Place& place);
std::string MemberPrefix(std::string_view queue, std::string_view group);
std::optional<Place> ParseMemberKey(std::string_view key, std::string_view prefix);

std::string GroupKey(std::string_view queue, std::string_view group);
std::string HeldKey(std::string_view queue, std::string_view key);
std::string DeliveredKey(std::string_view queue, MessageId id);
std::string FloorKey(std::string_view queue);

}  // namespace tandem::internal
