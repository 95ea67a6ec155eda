#include "eventstore/internal/event_keys.h"

#include "base/key_encoding.h"

namespace tandem::internal {

std::string HeadKey(const StreamId& stream) {
  return KeyWriter('H').Escaped(stream.entity).U64(stream.partition).Take();
}

std::string EventKey(const StreamId& stream, Version version) {
  return KeyWriter('V').Escaped(stream.entity).U64(stream.partition).U64(version).Take();
}

std::string MetadataKey(const StreamId& stream, std::string_view key) {
  return KeyWriter('M').Escaped(stream.entity).U64(stream.partition).Raw(key).Take();
}

std::string FeedKey(Position last_position) { return KeyWriter('F').U64(last_position).Take(); }

std::string HeadPrefix(std::string_view entity) { return KeyWriter('H').Escaped(entity).Take(); }

std::string EventPrefix(const StreamId& stream) {
  return KeyWriter('V').Escaped(stream.entity).U64(stream.partition).Take();
}

std::optional<std::uint64_t> TrailingNumber(std::string_view key) {
  constexpr std::size_t kPrefixAndNumber = 1 + sizeof(std::uint64_t);
  if (key.size() < kPrefixAndNumber) return std::nullopt;
  // KeyReader skips one leading byte: hand it the byte before the number as the prefix.
  const std::string_view tail = key.substr(key.size() - kPrefixAndNumber);
  return KeyReader(tail, tail.front()).U64();
}

}  // namespace tandem::internal
