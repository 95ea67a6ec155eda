#pragma once

// The key layout of the events, in the column family "events" (docs/formats.md):
//
//   head      := 'H' entity:escaped partition:u64be                -> HeadRecord
//   event     := 'V' entity:escaped partition:u64be version:u64be  -> EventRecord
//   metadata  := 'M' entity:escaped partition:u64be key:raw        -> the value itself
//   feed      := 'F' last_position:u64be                           -> FeedRecord, one per append
//
// A head exists exactly for the streams that have events, so the last head of an entity is its
// latest partition. 'H' sorts before 'V': one iterator reads both of a stream from one snapshot.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventstore/event_store.h"

namespace tandem::internal {

std::string HeadKey(const StreamId& stream);
std::string EventKey(const StreamId& stream, Version version);
std::string MetadataKey(const StreamId& stream, std::string_view key);
std::string FeedKey(Position last_position);

// What every head of the entity, every event of the stream, every metadata key of it starts with.
std::string HeadPrefix(std::string_view entity);
std::string EventPrefix(const StreamId& stream);

// The number that a key ends with: partition of a head, version of an event, position of a feed
// entry. REQUIRES: `key` is one of those.
std::optional<std::uint64_t> TrailingNumber(std::string_view key);

}  // namespace tandem::internal
