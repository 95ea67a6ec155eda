#include "eventstore/internal/event_reader.h"

#include "base/key_encoding.h"
#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "eventstore/event_records.capnp.h"
#include "eventstore/internal/event_keys.h"

namespace tandem::internal {

EventReader::EventReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                         const StreamId& stream)
    : stream_(stream), end_(PrefixEnd(EventPrefix(stream))), end_slice_(ToSlice(end_)) {
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice_;
  iterator_.reset(db->NewIterator(options, family));
}

Result<Version> EventReader::Head() {
  const std::string key = HeadKey(stream_);
  iterator_->Seek(key);
  positioned_ = false;
  TANDEM_RETURN_IF_ERROR(FromRocks(iterator_->status(), "read of a head"));
  if (!iterator_->Valid() || ToView(iterator_->key()) != key) return Version{0};
  return DecodeHead(ToView(iterator_->value()), stream_);
}

Result<Event> EventReader::Next(Version version, Direction direction) {
  const std::string key = EventKey(stream_, version);
  if (!positioned_) {
    iterator_->Seek(key);
    positioned_ = true;
  } else if (direction == Direction::kForward) {
    iterator_->Next();
  } else {
    iterator_->Prev();
  }
  if (!iterator_->status().ok()) return FromRocks(iterator_->status(), Where(version));
  if (!iterator_->Valid() || ToView(iterator_->key()) != key) {
    return Status::Corruption(Where(version), "the event is missing");
  }
  Event event;
  event.version = version;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<EventRecord>(
      ToView(iterator_->value()), [&] { return Where(version); },
      [&event](EventRecord::Reader record) {
        event.position = record.getPosition();
        event.appended_at = Timestamp(std::chrono::microseconds(record.getAppendedAt()));
        event.payload = ToBytes(record.getPayload());
      }));
  return event;
}

std::string EventReader::Where(Version version) const {
  return "event " + std::to_string(version) + " of " + Describe(stream_);
}

std::string Describe(const StreamId& stream) {
  return "stream (" + stream.entity + ", " + std::to_string(stream.partition) + ")";
}

Result<Version> DecodeHead(std::string_view record, const StreamId& stream) {
  const auto where = [&stream] { return "head of " + Describe(stream); };
  Version version = 0;
  TANDEM_RETURN_IF_ERROR(DecodeRecord<HeadRecord>(
      record, where, [&version](HeadRecord::Reader head) { version = head.getVersion(); }));
  if (version == 0) return Status::Corruption(where(), "a head without events");
  return version;
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
  return entry;
}

}  // namespace tandem::internal
