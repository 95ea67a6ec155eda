#pragma once

// Stored records of events, as values. A record that does not decode, or makes no sense, is
// Corruption.

#include <cstdint>
#include <string>
#include <string_view>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"

namespace tandem::internal {

// No stream and no store comes to such a version or position: what is stored beyond it is damaged.
// Far below the end of the numbers, so that whoever counts on from a stored one never gets there.
constexpr std::uint64_t kStoredNumberMax = std::uint64_t{1} << 62;

// As default constructed: of a stream without events.
struct Head {
  Version version = 0;
  Version first = 1;     // the oldest version still there
  bool deleted = false;  // and nothing can be written to the stream any more

  bool live() const { return version > 0 && !deleted; }

  // What callers see: to them a deleted stream is a missing one.
  Version visible_version() const { return live() ? version : 0; }
  Version visible_first() const { return live() ? first : 1; }
  std::uint64_t events() const { return live() ? version + 1 - first : 0; }
};

std::string EncodeHead(const Head& head);
Result<Head> DecodeHead(std::string_view record, const StreamId& stream);

// The highest partition of a deleted entity.
std::string EncodeTombstone(std::uint64_t partition);
Result<std::uint64_t> DecodeTombstone(std::string_view record, std::string_view entity);

std::string EncodeEvent(Position position, Timestamp appended_at, std::string_view payload);
Result<Event> DecodeEvent(std::string_view record, const StreamId& stream, Version version);

// One append.
struct FeedEntry {
  StreamId stream;
  Version first = 0;  // its events: first to first + count - 1
  std::uint64_t count = 0;
};

// `last` is the position in the entry's key, that of the last event.
std::string EncodeFeedEntry(const FeedEntry& entry);
Result<FeedEntry> DecodeFeedEntry(std::string_view record, Position last);

}  // namespace tandem::internal
