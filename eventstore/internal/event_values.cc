#include "tandem/eventstore/internal/event_values.h"

#include <chrono>

#include "tandem/base/record.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/event_records.capnp.h"

namespace tandem::internal {

std::string EncodeHead(const Head& head) {
  return EncodeRecord<HeadRecord>([&head](HeadRecord::Builder record) {
    record.setVersion(head.version);
    if (head.first > 1) record.setFirst(head.first);
    record.setDeleted(head.deleted);
  });
}

Result<Head> DecodeHead(std::string_view record, const StreamId& stream) {
  const auto where = [&stream] { return "head of " + Describe(stream); };
  Head head;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<HeadRecord>(record, where, [&head](HeadRecord::Reader read) {
    head.version = read.getVersion();
    if (read.getFirst() != 0) head.first = read.getFirst();
    head.deleted = read.getDeleted();
  }));
  if (head.version == 0 && !head.deleted) {
    return Status::Corruption(where(), "a head without events");
  }
  if (head.version > kStoredNumberMax) {
    return Status::Corruption(where(), "impossible version");
  }
  // A stream whose events were all truncated has first == version + 1. `first` is never 0 here, so
  // the subtraction does not wrap.
  if (head.first - 1 > head.version) {
    return Status::Corruption(where(), "truncated beyond its end");
  }
  return head;
}

std::string EncodeTombstone(std::uint64_t partition) {
  return EncodeRecord<TombstoneRecord>(
      [partition](TombstoneRecord::Builder record) { record.setPartition(partition); });
}

Result<std::uint64_t> DecodeTombstone(std::string_view record, std::string_view entity) {
  const auto where = [entity] { return "tombstone of entity " + std::string(entity); };
  std::uint64_t partition = 0;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<TombstoneRecord>(
      record, where,
      [&partition](TombstoneRecord::Reader read) { partition = read.getPartition(); }));
  return partition;
}

std::string EncodeEvent(Position position, Timestamp appended_at, std::string_view payload) {
  return EncodeRecord<EventRecord>([&](EventRecord::Builder event) {
    event.setPosition(position);
    event.setAppendedAt(appended_at.time_since_epoch().count());
    event.setPayload(ToData(payload));
  });
}

Result<Event> DecodeEvent(std::string_view record, const StreamId& stream, Version version) {
  const auto where = [&] { return "event " + std::to_string(version) + " of " + Describe(stream); };
  Event event;
  event.version = version;
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<EventRecord>(record, where, [&event](EventRecord::Reader read) {
        event.position = read.getPosition();
        event.appended_at = Timestamp(std::chrono::microseconds(read.getAppendedAt()));
        event.payload = ToBytes(read.getPayload());
      }));
  return event;
}

std::string EncodeFeedEntry(const FeedEntry& entry) {
  return EncodeRecord<FeedRecord>([&entry](FeedRecord::Builder feed) {
    feed.setEntity(ToData(entry.stream.entity));
    feed.setPartition(entry.stream.partition);
    feed.setFirst(entry.first);
    feed.setCount(entry.count);
  });
}

Result<FeedEntry> DecodeFeedEntry(std::string_view record, Position last) {
  FeedEntry entry;
  const std::string where = "feed entry " + std::to_string(last);
  TANDEM_RETURN_IF_ERROR(DecodeRecord<FeedRecord>(record, where, [&entry](FeedRecord::Reader feed) {
    entry.stream.entity = ToBytes(feed.getEntity());
    entry.stream.partition = feed.getPartition();
    entry.first = feed.getFirst();
    entry.count = feed.getCount();
  }));
  if (entry.count == 0 || entry.count > last) {
    return Status::Corruption(where, "impossible number of events");
  }
  if (entry.first == 0 || entry.first > kStoredNumberMax || entry.count > kStoredNumberMax) {
    return Status::Corruption(where, "impossible versions");
  }
  return entry;
}

}  // namespace tandem::internal
