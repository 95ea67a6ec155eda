#include "tandem/eventstore/internal/event_verifier.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/eventstore/internal/stream_walk.h"

namespace tandem::internal {

namespace {

std::string Where(const StreamId& stream, Version version) {
  return "event " + std::to_string(version) + " of " + Describe(stream);
}

// Of the feed entry on which the iterator stands.
Result<Position> ReadPosition(const rocksdb::Iterator& it) {
  const std::optional<Position> last = PositionOf(ToView(it.key()));
  if (last.has_value()) return *last;
  return Status::Corruption("feed", "an unreadable key: " + it.key().ToString(true));
}

class EventVerifier {
 public:
  EventVerifier(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                const rocksdb::Snapshot* snapshot)
      : db_(db),
        family_(family),
        snapshot_(snapshot),
        events_(NewIterator()),
        feed_(NewIterator()) {}

  Result<EventCounts> Verify() {
    TANDEM_RETURN_IF_ERROR(VerifyKinds());
    TANDEM_RETURN_IF_ERROR(VerifyStreams());
    TANDEM_RETURN_IF_ERROR(VerifyTombstones());
    TANDEM_RETURN_IF_ERROR(VerifyFeed());
    return counts_;
  }

 private:
  std::unique_ptr<rocksdb::Iterator> NewIterator() const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    options.fill_cache = false;  // each record is read once
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, family_));
  }

  static bool StandsIn(const rocksdb::Iterator& it, char kind) {
    return it.Valid() && !it.key().empty() && it.key()[0] == kind;
  }

  Result<std::optional<std::string>> Get(const std::string& key) const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    std::string value;
    const rocksdb::Status status = db_->Get(options, family_, key, &value);
    if (status.IsNotFound()) return std::nullopt;
    TANDEM_RETURN_IF_ERROR(FromRocks(status, "verification of events"));
    return value;
  }

  Result<std::optional<std::uint64_t>> TombstoneOf(const std::string& entity) const {
    TANDEM_ASSIGN_OR_RETURN(const auto record, Get(TombstoneKey(entity)));
    if (!record.has_value()) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t partition, DecodeTombstone(*record, entity));
    return partition;
  }

  Status VerifyKinds();
  Status VerifyStreams();
  Status VerifyStream(const StreamWalk& walk, std::optional<std::uint64_t> tombstone);
  Status VerifyEventsOf(const StreamId& stream, const Head& head);
  Status VerifyListed(const StreamId& stream, const Event& event);
  Status VerifyTombstones();
  Status VerifyFeed();
  Result<std::uint64_t> EventsLeftOf(const FeedEntry& entry, Position last) const;

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const rocksdb::Snapshot* const snapshot_;
  const std::unique_ptr<rocksdb::Iterator> events_;        // on the next event to be checked
  const std::unique_ptr<rocksdb::Iterator> feed_;          // on the entry that lists the last one
  std::optional<std::pair<FeedEntry, Position>> listing_;  // that entry, and its last position
  EventCounts counts_;
};

// No key of a kind that nobody knows.
Status EventVerifier::VerifyKinds() {
  const auto it = NewIterator();
  it->SeekToFirst();
  for (const char kind :
       {kFeedPrefix, kHeadPrefix, kMetadataPrefix, kTombstonePrefix, kEventPrefix}) {
    const std::string prefix(1, kind);
    if (it->Valid() && ToView(it->key()) < prefix) break;
    it->Seek(PrefixEnd(prefix));
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "verification of events"));
  if (!it->Valid()) return Status::Ok();
  return Status::Corruption("events", "a key of an unknown kind: " + it->key().ToString(true));
}

Status EventVerifier::VerifyStreams() {
  events_->Seek(std::string(1, kEventPrefix));
  std::string entity;
  bool entity_counted = false;
  std::optional<std::uint64_t> tombstone;
  std::optional<StreamId> deleted;  // the last head, if it is none of a live stream
  StreamWalk walk(db_, family_, snapshot_, StreamId(), StreamWalk::Unit::kStream,
                  StreamWalk::kEverything);
  for (; walk.stream() != nullptr; walk.Next()) {
    TANDEM_RETURN_IF_ERROR(walk.head_status());
    if (walk.stream()->entity != entity) {
      if (deleted.has_value()) break;
      entity = walk.stream()->entity;
      entity_counted = false;
      TANDEM_ASSIGN_OR_RETURN(tombstone, TombstoneOf(entity));
    }
    TANDEM_RETURN_IF_ERROR(VerifyStream(walk, tombstone));
    if (walk.head().has_value()) {
      deleted = walk.head()->live() ? std::nullopt : std::optional(*walk.stream());
    }
    if (!walk.exists()) continue;
    ++counts_.streams;
    if (!std::exchange(entity_counted, true)) ++counts_.entities;
  }
  TANDEM_RETURN_IF_ERROR(walk.status());
  if (deleted.has_value()) {
    return Status::Corruption("head of " + Describe(*deleted), "the latest partition is deleted");
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(events_->status(), "verification of events"));
  if (!StandsIn(*events_, kEventPrefix)) return Status::Ok();
  return Status::Corruption("events", "an event without a head: " + events_->key().ToString(true));
}

Status EventVerifier::VerifyStream(const StreamWalk& walk, std::optional<std::uint64_t> tombstone) {
  const StreamId& stream = *walk.stream();
  if (tombstone.has_value() && stream.partition <= *tombstone) {
    return Status::Corruption(Describe(stream), "stands below the tombstone of its entity");
  }
  if (!walk.head().has_value()) return Status::Ok();
  if (walk.head()->live()) return VerifyEventsOf(stream, *walk.head());
  if (!walk.has_metadata()) return Status::Ok();
  return Status::Corruption(Describe(stream), "was deleted but has metadata");
}

Status EventVerifier::VerifyEventsOf(const StreamId& stream, const Head& head) {
  Position last_position = 0;
  for (Version version = head.first; version <= head.version; ++version, events_->Next()) {
    const std::string key = EventKey(stream, version);
    if (events_->Valid() && ToView(events_->key()) < key) {
      return Status::Corruption("events",
                                "an event without a head: " + events_->key().ToString(true));
    }
    TANDEM_RETURN_IF_ERROR(FromRocks(events_->status(), Where(stream, version)));
    if (!events_->Valid() || ToView(events_->key()) != key) {
      return Status::Corruption(Where(stream, version), "the event is missing");
    }
    TANDEM_ASSIGN_OR_RETURN(const Event event,
                            DecodeEvent(ToView(events_->value()), stream, version));
    if (event.position <= last_position) {
      return Status::Corruption(Where(stream, version), "its position does not ascend");
    }
    last_position = event.position;
    TANDEM_RETURN_IF_ERROR(VerifyListed(stream, event));
    ++counts_.events;
  }
  return Status::Ok();
}

// The feed has the event at its position.
Status EventVerifier::VerifyListed(const StreamId& stream, const Event& event) {
  const bool same_append = listing_.has_value() && event.position <= listing_->second &&
                           event.position > listing_->second - listing_->first.count;
  if (!same_append) {
    feed_->Seek(FeedKey(event.position));
    TANDEM_RETURN_IF_ERROR(FromRocks(feed_->status(), "verification of the feed"));
    listing_.reset();
    if (StandsIn(*feed_, kFeedPrefix)) {
      TANDEM_ASSIGN_OR_RETURN(const Position last, ReadPosition(*feed_));
      TANDEM_ASSIGN_OR_RETURN(FeedEntry entry, DecodeFeedEntry(ToView(feed_->value()), last));
      listing_.emplace(std::move(entry), last);
    }
  }
  if (listing_.has_value()) {
    const auto& [entry, last] = *listing_;
    const Position first = last - entry.count + 1;
    const bool listed = entry.stream == stream && first <= event.position &&
                        entry.first + (event.position - first) == event.version;
    if (listed) return Status::Ok();
  }
  return Status::Corruption(
      Where(stream, event.version),
      "the feed does not list it at its position " + std::to_string(event.position));
}

Status EventVerifier::VerifyTombstones() {
  const auto it = NewIterator();
  for (it->Seek(std::string(1, kTombstonePrefix)); StandsIn(*it, kTombstonePrefix); it->Next()) {
    KeyReader reader(ToView(it->key()), kTombstonePrefix);
    const std::optional<std::string> entity = reader.Escaped();
    if (!entity.has_value() || !reader.AtEnd()) {
      return Status::Corruption("tombstone key", "unreadable");
    }
    TANDEM_RETURN_IF_ERROR(DecodeTombstone(ToView(it->value()), *entity).status());
  }
  return FromRocks(it->status(), "verification of tombstones");
}

Status EventVerifier::VerifyFeed() {
  const auto it = NewIterator();
  Position before = 0;
  std::uint64_t events = 0;
  for (it->Seek(std::string(1, kFeedPrefix)); StandsIn(*it, kFeedPrefix); it->Next()) {
    TANDEM_ASSIGN_OR_RETURN(const Position last, ReadPosition(*it));
    TANDEM_ASSIGN_OR_RETURN(const FeedEntry entry, DecodeFeedEntry(ToView(it->value()), last));
    if (last - entry.count != before) {
      return Status::Corruption("feed entry " + std::to_string(last),
                                "does not follow position " + std::to_string(before));
    }
    before = last;
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t left, EventsLeftOf(entry, last));
    events += left;
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "verification of the feed"));
  // Each event is listed, at a position of its own. So equal numbers say that nothing else is.
  if (events == counts_.events) return Status::Ok();
  return Status::Corruption("feed", "lists " + std::to_string(events) + " events, but there are " +
                                        std::to_string(counts_.events));
}

// How many of an append there must be, by the head of its stream.
Result<std::uint64_t> EventVerifier::EventsLeftOf(const FeedEntry& entry, Position last) const {
  const std::string where = "feed entry " + std::to_string(last);
  TANDEM_ASSIGN_OR_RETURN(const auto record, Get(HeadKey(entry.stream)));
  if (!record.has_value()) {
    TANDEM_ASSIGN_OR_RETURN(const auto tombstone, TombstoneOf(entry.stream.entity));
    if (tombstone.has_value() && entry.stream.partition <= *tombstone) return std::uint64_t{0};
    return Status::Corruption(where, "its " + Describe(entry.stream) + " is missing");
  }
  TANDEM_ASSIGN_OR_RETURN(const Head head, DecodeHead(*record, entry.stream));
  const Version last_version = entry.first + entry.count - 1;
  if (last_version > head.version) {
    return Status::Corruption(where, "it is beyond the end of its " + Describe(entry.stream));
  }
  if (head.deleted || last_version < head.first) return std::uint64_t{0};
  return last_version + 1 - std::max(entry.first, head.first);
}

}  // namespace

Result<EventCounts> VerifyEvents(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                                 const rocksdb::Snapshot* snapshot) {
  return EventVerifier(db, family, snapshot).Verify();
}

}  // namespace tandem::internal
