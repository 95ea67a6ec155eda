#include "eventstore/internal/event_keys.h"

#include "base/key_encoding.h"

namespace tandem::internal {

namespace {

KeyWriter StreamKey(char kind, const StreamId& stream) {
  KeyWriter key(kind);
  key.Escaped(stream.entity).U64(stream.partition);
  return key;
}

}  // namespace

std::string HeadKey(const StreamId& stream) { return StreamKey(kHeadPrefix, stream).Take(); }

std::string EventKey(const StreamId& stream, Version version) {
  return StreamKey(kEventPrefix, stream).U64(version).Take();
}

std::string MetadataKey(const StreamId& stream, std::string_view key) {
  return StreamKey(kMetadataPrefix, stream).Raw(key).Take();
}

std::string FeedKey(Position last_position) {
  return KeyWriter(kFeedPrefix).U64(last_position).Take();
}

std::string TombstoneKey(std::string_view entity) { return EntityPrefix(kTombstonePrefix, entity); }

std::string EntityPrefix(char kind, std::string_view entity) {
  return KeyWriter(kind).Escaped(entity).Take();
}

std::string EventPrefix(const StreamId& stream) { return StreamKey(kEventPrefix, stream).Take(); }

std::optional<StreamId> StreamOf(std::string_view key, char kind) {
  KeyReader reader(key, kind);
  std::optional<std::string> entity = reader.Escaped();
  const std::optional<std::uint64_t> partition = reader.U64();
  if (!partition.has_value()) return std::nullopt;
  return StreamId{*std::move(entity), *partition};
}

std::optional<std::uint64_t> TrailingNumber(std::string_view key) {
  constexpr std::size_t kPrefixAndNumber = 1 + sizeof(std::uint64_t);
  if (key.size() < kPrefixAndNumber) return std::nullopt;
  // KeyReader skips one leading byte: hand it the byte before the number as the prefix.
  const std::string_view tail = key.substr(key.size() - kPrefixAndNumber);
  return KeyReader(tail, tail.front()).U64();
}

}  // namespace tandem::internal
