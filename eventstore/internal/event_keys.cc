#include "tandem/eventstore/internal/event_keys.h"

#include "tandem/base/key_encoding.h"

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
  if (!partition.has_value() || entity->empty()) return std::nullopt;
  // A head ends there; a metadata key goes on, and so does an event key.
  if (reader.AtEnd() != (kind == kHeadPrefix)) return std::nullopt;
  return StreamId{*std::move(entity), *partition};
}

std::optional<Position> PositionOf(std::string_view key) {
  KeyReader reader(key, kFeedPrefix);
  const std::optional<std::uint64_t> position = reader.U64();
  return reader.AtEnd() ? position : std::nullopt;
}

}  // namespace tandem::internal
