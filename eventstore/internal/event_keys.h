#pragma once

// The key layout of the events, in the column family "events" (docs/formats.md):
//
//   head      := 'H' entity:escaped partition:u64be                -> HeadRecord
//   event     := 'V' entity:escaped partition:u64be version:u64be  -> EventRecord
//   metadata  := 'M' entity:escaped partition:u64be key:raw        -> the value itself
//   feed      := 'F' last_position:u64be                           -> FeedRecord, one per append
//   tombstone := 'T' entity:escaped                                -> TombstoneRecord
//
// A head exists for the streams that have had events, and stays when they are truncated or their
// partition is deleted. A partition is deleted only below a live head, and DeleteEntity removes all
// heads of an entity: so the last head of an entity is always live, and its latest partition.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/eventstore/event_store.h"

namespace tandem::internal {

// The first byte of each kind of key.
constexpr char kFeedPrefix = 'F';
constexpr char kHeadPrefix = 'H';
constexpr char kMetadataPrefix = 'M';
constexpr char kTombstonePrefix = 'T';
constexpr char kEventPrefix = 'V';

std::string HeadKey(const StreamId& stream);
std::string EventKey(const StreamId& stream, Version version);
std::string MetadataKey(const StreamId& stream, std::string_view key);
std::string FeedKey(Position last_position);
std::string TombstoneKey(std::string_view entity);

// What all keys of that kind that concern the entity start with. Not for feed entries.
std::string EntityPrefix(char kind, std::string_view entity);

// What every event of the stream starts with.
std::string EventPrefix(const StreamId& stream);

// The stream of a head, event or metadata key; nullopt if it is not such a key of `kind`.
std::optional<StreamId> StreamOf(std::string_view key, char kind);

// The last position of an append, of its feed key; nullopt if `key` is none.
std::optional<Position> PositionOf(std::string_view key);

}  // namespace tandem::internal
