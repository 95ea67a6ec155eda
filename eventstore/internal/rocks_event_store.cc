#include "eventstore/internal/rocks_event_store.h"

#include <algorithm>
#include <memory>

#include "base/key_encoding.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "eventstore/event_records.capnp.h"
#include "eventstore/internal/event_keys.h"
#include "eventstore/internal/event_limits.h"
#include "eventstore/internal/event_reader.h"

namespace tandem::internal {

namespace {

// Calls `read` until it finds something, the wait is over, or a stop is requested. `found` tells
// whether a page has what was waited for.
template <typename Page, typename Read, typename Found>
Result<Page> ReadOrWait(Clock& clock, StreamWaiters& waiters, const StreamId* stream,
                        std::chrono::milliseconds wait, const std::stop_token& stop, Read read,
                        Found found) {
  Result<Page> page = read();
  if (!page.ok() || found(*page) || wait <= std::chrono::milliseconds::zero()) return page;
  const Timestamp deadline = SaturatingAdd(clock.Now(), wait);
  Signal signal;
  const NotifyOnStop notify(stop, signal);
  const StreamWaiters::Registration registration(waiters, stream, signal);
  while (true) {
    page = read();  // after the registration, so that no append between the two is missed
    if (!page.ok() || found(*page) || stop.stop_requested()) return page;
    if (!clock.WaitUntil(signal, deadline)) return read();
  }
}

}  // namespace

Status RocksEventStore::Recover() {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), family_));
  const std::string prefix = FeedKey(0).substr(0, 1);
  it->SeekForPrev(FeedKey(kVersionMax));
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed's end"));
  if (it->Valid() && it->key().starts_with(prefix)) {
    const std::optional<Position> last = TrailingNumber(ToView(it->key()));
    if (!last.has_value()) return Status::Corruption("feed key", "too short");
    last_position_ = *last;
  }
  return Status::Ok();
}

Result<Version> RocksEventStore::HeadOf(const StreamId& stream, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, HeadKey(stream)));
  if (!record.has_value()) return Version{0};
  return DecodeHead(*record, stream);
}

Status RocksEventStore::Check(const AppendEvents& append, const View& view) const {
  return Check(CheckVersion{append.stream, append.expected}, view);
}

Status RocksEventStore::Check(const UpdateMetadata& /*update*/, const View& /*view*/) const {
  return Status::Ok();
}

Status RocksEventStore::Check(const CheckVersion& check, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const Version actual, HeadOf(check.stream, view));
  if (check.expected.Holds(actual)) return Status::Ok();
  return Status::Conflict(check.expected.ToString(), actual);
}

Status RocksEventStore::Check(const CheckMetadata& check, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const auto actual,
                          view.Get(family_, MetadataKey(check.stream, check.key)));
  if (actual == check.expected) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(const Version version, HeadOf(check.stream, view));
  const char* const expected = check.expected.has_value() ? "' as given" : "' absent";
  return Status::Conflict("metadata '" + check.key + expected, version);
}

Result<AppendResult> RocksEventStore::Stage(const AppendEvents& append, Timestamp now,
                                            Staging& staging) {
  TANDEM_ASSIGN_OR_RETURN(const Version head, HeadOf(append.stream, staging));
  AppendResult result;
  result.first = head + 1;
  result.last = head + append.events.size();
  if (append.events.empty()) return result;

  Version version = head;
  for (const std::string& payload : append.events) {
    ++version;
    ++last_position_;
    staging.PutPayload(family_, EventKey(append.stream, version),
                       EncodeRecord<EventRecord>([&](EventRecord::Builder event) {
                         event.setPosition(last_position_);
                         event.setAppendedAt(now.time_since_epoch().count());
                         event.setPayload(ToData(payload));
                       }));
  }
  staging.Put(family_, HeadKey(append.stream),
              EncodeRecord<HeadRecord>(
                  [&](HeadRecord::Builder record) { record.setVersion(result.last); }));
  staging.PutPayload(family_, FeedKey(last_position_),
                     EncodeRecord<FeedRecord>([&](FeedRecord::Builder feed) {
                       feed.setEntity(ToData(append.stream.entity));
                       feed.setPartition(append.stream.partition);
                       feed.setFirst(result.first);
                       feed.setCount(append.events.size());
                     }));
  result.position = last_position_;
  return result;
}

Status RocksEventStore::Stage(const UpdateMetadata& update, Timestamp /*now*/, Staging& staging) {
  for (const std::string& key : update.erase) {
    staging.Delete(family_, MetadataKey(update.stream, key));
  }
  for (const auto& [key, value] : update.set) {
    staging.Put(family_, MetadataKey(update.stream, key), value);
  }
  return Status::Ok();
}

Result<EventPage> RocksEventStore::Read(const StreamId& stream, const ReadOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateRead(stream, options));
  if (options.direction == Direction::kBackward) return ReadPage(stream, options);
  return ReadOrWait<EventPage>(
      *clock_, waiters_, &stream, options.wait, options.stop,
      [&] { return ReadPage(stream, options); },
      [](const EventPage& page) { return !page.events.empty(); });
}

Result<EventPage> RocksEventStore::ReadPage(const StreamId& stream,
                                            const ReadOptions& options) const {
  EventReader reader(db_, family_, stream);
  TANDEM_ASSIGN_OR_RETURN(const Version head, reader.Head());
  const bool forward = options.direction == Direction::kForward;
  EventPage page;
  page.head = head;
  page.next = forward ? options.from.value_or(1) : std::min(options.from.value_or(head), head);

  const std::size_t max_events = std::min(options.max_events, kPageEventsMax);
  const std::size_t max_bytes = std::min(options.max_bytes, kPageBytesMax);
  std::size_t bytes = 0;
  while (page.next >= 1 && page.next <= head && page.events.size() < max_events) {
    TANDEM_ASSIGN_OR_RETURN(Event event, reader.Next(page.next, options.direction));
    bytes += event.payload.size();
    if (bytes > max_bytes && !page.events.empty()) break;
    page.events.push_back(std::move(event));
    forward ? ++page.next : --page.next;
  }
  return page;
}

Result<std::optional<PartitionHead>> RocksEventStore::LatestPartition(
    std::string_view entity) const {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(entity));
  const std::string prefix = HeadPrefix(entity);
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice lower = ToSlice(prefix);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  it->SeekToLast();
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of heads"));
  if (!it->Valid()) return std::optional<PartitionHead>();
  const std::optional<std::uint64_t> partition = TrailingNumber(ToView(it->key()));
  if (!partition.has_value()) return Status::Corruption("head key", "too short");
  TANDEM_ASSIGN_OR_RETURN(
      const Version head,
      DecodeHead(ToView(it->value()), StreamId{std::string(entity), *partition}));
  return std::optional<PartitionHead>(PartitionHead{*partition, head});
}

Result<MetadataPage> RocksEventStore::ReadMetadata(const StreamId& stream,
                                                   const MetadataOptions& options) const {
  TANDEM_RETURN_IF_ERROR(ValidateReadMetadata(stream, options));
  const std::string prefix = MetadataKey(stream, options.prefix);
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read, family_));

  const std::size_t key_offset = MetadataKey(stream, {}).size();
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  MetadataPage page;
  std::string from = prefix;
  if (!options.after.empty()) from = std::max(from, MetadataKey(stream, options.after) + '\0');
  std::size_t bytes = 0;
  for (it->Seek(from); it->Valid(); it->Next()) {
    bytes += it->key().size() + it->value().size();
    if (page.entries.size() == limit || (bytes > kPageBytesMax && !page.entries.empty())) {
      page.more = true;
      break;
    }
    page.entries.emplace_back(ToView(it->key()).substr(key_offset), it->value().ToString());
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of metadata"));
  return page;
}

Result<FeedPage> RocksEventStore::ReadAll(Position after, const FeedOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateReadAll(options));
  return ReadOrWait<FeedPage>(
      *clock_, waiters_, nullptr, options.wait, options.stop,
      [&] { return ReadFeedPage(after, options); },
      [](const FeedPage& page) { return !page.events.empty(); });
}

Result<FeedPage> RocksEventStore::ReadFeedPage(Position after, const FeedOptions& options) const {
  FeedPage page;
  page.next = after;
  if (after == kVersionMax) return page;
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  const std::size_t max_bytes = std::min(options.max_bytes, kPageBytesMax);
  std::size_t bytes = 0;

  const std::string end = PrefixEnd(FeedKey(0).substr(0, 1));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read, family_));
  for (it->Seek(FeedKey(after + 1)); it->Valid(); it->Next()) {
    const Position last = TrailingNumber(ToView(it->key())).value_or(0);
    TANDEM_ASSIGN_OR_RETURN(const FeedEntry entry, DecodeFeedEntry(ToView(it->value()), last));
    // A page may have ended inside this append.
    const Position first_position = last - entry.count + 1;
    Position position = std::max(first_position, page.next + 1);
    // The feed's iterator is older than this one: whatever it lists, this one finds.
    EventReader reader(db_, family_, entry.stream);
    for (; position <= last; ++position) {
      const Version version = entry.first + (position - first_position);
      TANDEM_ASSIGN_OR_RETURN(Event event, reader.Next(version, Direction::kForward));
      bytes += event.payload.size();
      const bool full = page.events.size() == limit || bytes > max_bytes;
      if (full && !page.events.empty()) return page;
      page.events.push_back(FeedEvent{entry.stream, std::move(event)});
      page.next = position;
    }
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of the feed"));
  return page;
}

}  // namespace tandem::internal
