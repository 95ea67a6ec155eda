#include "tandem/eventstore/internal/event_reader.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/event_keys.h"

namespace tandem::internal {

namespace {

// The page that `head` promises. If an event of it is gone, `missing` is set and the page
// worthless.
Result<EventPage> ReadUnder(const Head& head, EventReader& reader, const ReadOptions& options,
                            std::optional<Version>& missing) {
  const bool forward = options.direction == Direction::kForward;
  EventPage page;
  page.head = head.visible_version();
  page.first = head.visible_first();
  page.next = forward ? std::max(options.from.value_or(1), page.first)
                      : std::min(options.from.value_or(page.head), page.head);

  const std::size_t max_events = std::min(options.max_events, kPageEventsMax);
  const std::size_t max_bytes = std::min(options.max_bytes, kPageBytesMax);
  std::size_t bytes = 0;
  while (page.next >= page.first && page.next <= page.head && page.events.size() < max_events) {
    TANDEM_ASSIGN_OR_RETURN(std::optional<Event> event, reader.Next(page.next, options.direction));
    if (!event.has_value()) {
      missing = page.next;
      return page;
    }
    bytes += event->payload.size();
    if (bytes > max_bytes && !page.events.empty()) break;
    page.events.push_back(*std::move(event));
    forward ? ++page.next : --page.next;
  }
  if (!forward && page.next < page.first) page.next = 0;
  return page;
}

}  // namespace

EventReader::EventReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                         const StreamId& stream)
    : db_(db),
      family_(family),
      stream_(stream),
      end_(PrefixEnd(EventPrefix(stream))),
      end_slice_(ToSlice(end_)) {}

// By key, not with the iterator: where there is no head, that would walk over all that was deleted
// up to the next one.
Result<Head> EventReader::ReadHead() const {
  rocksdb::PinnableSlice record;
  const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), family_, HeadKey(stream_), &record);
  if (read.IsNotFound()) return Head();
  TANDEM_RETURN_IF_ERROR(FromRocks(read, "read of a head"));
  return DecodeHead(ToView(record), stream_);
}

Result<bool> EventReader::IsBuried() const {
  rocksdb::PinnableSlice record;
  const rocksdb::Status read =
      db_->Get(rocksdb::ReadOptions(), family_, TombstoneKey(stream_.entity), &record);
  if (read.IsNotFound()) return false;
  TANDEM_RETURN_IF_ERROR(FromRocks(read, "read of a tombstone"));
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t partition,
                          DecodeTombstone(ToView(record), stream_.entity));
  return stream_.partition <= partition;
}

Result<std::optional<Event>> EventReader::Next(Version version, Direction direction) {
  const std::string key = EventKey(stream_, version);
  if (iterator_ == nullptr) {
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &end_slice_;
    iterator_.reset(db_->NewIterator(options, family_));
    iterator_->Seek(key);
  } else if (iterator_->Valid()) {
    direction == Direction::kForward ? iterator_->Next() : iterator_->Prev();
  }
  if (!iterator_->status().ok()) return FromRocks(iterator_->status(), Where(version));
  if (!iterator_->Valid() || ToView(iterator_->key()) != key) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(Event event, DecodeEvent(ToView(iterator_->value()), stream_, version));
  return event;
}

Status EventReader::Missing(Version version) const {
  return Status::Corruption(Where(version), "the event is missing");
}

std::string EventReader::Where(Version version) const {
  return "event " + std::to_string(version) + " of " + Describe(stream_);
}

Result<EventPage> ReadPage(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                           const StreamId& stream, const ReadOptions& options) {
  TANDEM_REQUIRE(ValidateRead(stream, options).ok(), "the stream and the options were checked");
  while (true) {
    EventReader reader(db, family, stream);
    TANDEM_ASSIGN_OR_RETURN(const Head head, reader.ReadHead());
    // The events are read a moment later than the head. They never change, so the page is of the
    // head's moment, unless one was deleted between the two: then a newer head says so.
    std::optional<Version> missing;
    TANDEM_ASSIGN_OR_RETURN(EventPage page, ReadUnder(head, reader, options, missing));
    if (!missing.has_value()) {
      page.deleted = head.deleted;
      if (!head.live() && !head.deleted) {
        TANDEM_ASSIGN_OR_RETURN(page.deleted, reader.IsBuried());
      }
      return page;
    }
    TANDEM_ASSIGN_OR_RETURN(const Head newer, reader.ReadHead());
    if (newer.live() && newer.first <= *missing) return reader.Missing(*missing);
  }
}

}  // namespace tandem::internal
