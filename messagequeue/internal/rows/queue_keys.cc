#include "tandem/messagequeue/internal/rows/queue_keys.h"

#include "tandem/base/key_encoding.h"

namespace tandem::internal {

namespace {

// Flipped, so that times before the epoch come first.
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

KeyWriter& AddPlace(KeyWriter& writer, const Place& place) {
  const auto micros = static_cast<std::uint64_t>(place.visible_at.time_since_epoch().count());
  return writer.U64(micros ^ kSignBit).U64(place.id);
}

std::optional<Place> ReadPlace(KeyReader& reader) {
  const std::optional<std::uint64_t> visible_at = reader.U64();
  const std::optional<std::uint64_t> id = reader.U64();
  if (!visible_at.has_value() || !id.has_value()) return std::nullopt;
  const auto micros = static_cast<std::int64_t>(*visible_at ^ kSignBit);
  return Place{Timestamp(std::chrono::microseconds(micros)), *id};
}

std::string PlacedKey(char prefix, std::string_view queue, const Place& place,
                      std::string_view group) {
  KeyWriter writer(prefix);
  writer.Escaped(queue);
  return AddPlace(writer, place).Raw(group).Take();
}

std::optional<ReadyEntry> ParsePlacedKey(std::string_view key, char prefix,
                                         std::string_view queue) {
  KeyReader reader(key, prefix);
  if (reader.Escaped() != queue) return std::nullopt;
  const std::optional<Place> place = ReadPlace(reader);
  const std::optional<std::string_view> group = reader.Raw();
  if (!place.has_value() || !group.has_value()) return std::nullopt;
  return ReadyEntry{*place, std::string(*group)};
}

}  // namespace

std::string ReadyKey(std::string_view queue, const Place& place, std::string_view group) {
  return PlacedKey('R', queue, place, group);
}

std::string ReadyKeyFloor(std::string_view queue, const Place& place) {
  return ReadyKey(queue, place, {});
}

std::string ReadyPrefix(std::string_view queue) { return KeyWriter('R').Escaped(queue).Take(); }

std::optional<ReadyEntry> ParseReadyKey(std::string_view key, std::string_view queue) {
  return ParsePlacedKey(key, 'R', queue);
}

std::string MemberKey(std::string_view queue, std::string_view group, const Place& place) {
  KeyWriter writer('G');
  writer.Escaped(queue).Escaped(group);
  return AddPlace(writer, place).Take();
}

std::string MemberPrefix(std::string_view queue, std::string_view group) {
  return KeyWriter('G').Escaped(queue).Escaped(group).Take();
}

std::optional<Place> ParseMemberKey(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix)) return std::nullopt;
  // KeyReader skips one leading byte: hand it the prefix's last.
  KeyReader reader(key.substr(prefix.size() - 1), prefix.back());
  const std::optional<Place> place = ReadPlace(reader);
  if (!reader.AtEnd()) return std::nullopt;
  return place;
}

std::string RecordKey(std::string_view queue, std::string_view group, const Place& place) {
  return group.empty() ? ReadyKey(queue, place, {}) : MemberKey(queue, group, place);
}

std::string GroupKey(std::string_view queue, std::string_view group) {
  return KeyWriter('H').Escaped(queue).Raw(group).Take();
}
std::string HeldKey(std::string_view queue, std::string_view key) {
  return KeyWriter('K').Escaped(queue).Raw(key).Take();
}
std::string DeliveredKey(std::string_view queue, MessageId id) {
  return KeyWriter('D').Escaped(queue).U64(id).Take();
}
std::string DeliveredPrefix(std::string_view queue) { return KeyWriter('D').Escaped(queue).Take(); }

std::optional<MessageId> ParseDeliveredKey(std::string_view key, std::string_view queue) {
  KeyReader reader(key, 'D');
  if (reader.Escaped() != queue) return std::nullopt;
  const std::optional<MessageId> id = reader.U64();
  return reader.AtEnd() ? id : std::nullopt;
}

std::string QueueKey(std::string_view queue) { return KeyWriter('Q').Escaped(queue).Take(); }
std::string QueueKeyPrefix(std::string_view name_begins) {
  std::string key = QueueKey(name_begins);
  key.resize(key.size() - 2);  // without what closes the name
  return key;
}

std::string DelayedKey(std::string_view queue, const Place& place, std::string_view group) {
  return PlacedKey('W', queue, place, group);
}

std::string DelayedPrefix(std::string_view queue) { return KeyWriter('W').Escaped(queue).Take(); }

std::optional<ReadyEntry> ParseDelayedKey(std::string_view key, std::string_view queue) {
  return ParsePlacedKey(key, 'W', queue);
}

std::string MembersPrefix(std::string_view queue) { return KeyWriter('G').Escaped(queue).Take(); }

std::optional<ReadyEntry> ParseMember(std::string_view key, std::string_view queue) {
  KeyReader reader(key, 'G');
  if (reader.Escaped() != queue) return std::nullopt;
  std::optional<std::string> group = reader.Escaped();
  const std::optional<Place> place = ReadPlace(reader);
  if (!group.has_value() || !place.has_value() || !reader.AtEnd()) return std::nullopt;
  return ReadyEntry{*place, *std::move(group)};
}

}  // namespace tandem::internal
