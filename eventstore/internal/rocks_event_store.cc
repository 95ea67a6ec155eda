#include "tandem/eventstore/internal/rocks_event_store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/eventstore/event_conflict.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/async_read.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_reader.h"
#include "tandem/eventstore/internal/feed_page.h"
#include "tandem/eventstore/internal/read_wait.h"

namespace tandem::internal {

Status RocksEventStore::Recover() {
  TANDEM_REQUIRE(last_position_ == 0, "a store is recovered once, before anything else");
  TANDEM_ASSIGN_OR_RETURN(last_position_, LastPosition(db_, family_));
  return Status::Ok();
}

Result<Head> RocksEventStore::HeadOf(const StreamId& stream, const View& view) const {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  if (const Head* known = heads_.Find(stream)) return *known;
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, HeadKey(stream)));
  Head head;
  if (record.has_value()) {
    TANDEM_ASSIGN_OR_RETURN(head, DecodeHead(*record, stream));
  }
  heads_.Set(stream, head);
  return head;
}

void RocksEventStore::PutHead(const StreamId& stream, const Head& head, Staging& staging) {
  staging.Put(family_, HeadKey(stream), EncodeHead(head));
  heads_.Set(stream, head);
}

Status RocksEventStore::Check(const AppendEvents& append, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const Head head, HeadOf(append.stream, view));
  TANDEM_RETURN_IF_ERROR(CheckWritable(append.stream, head, view));
  const Version actual = head.visible_version();
  if (append.expected.Holds(actual)) return Status::Ok();
  return VersionConflict(append.stream, append.expected.ToString(), actual);
}

Status RocksEventStore::Check(const UpdateMetadata& update, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const Head head, HeadOf(update.stream, view));
  return CheckWritable(update.stream, head, view);
}

Status RocksEventStore::Check(const CheckVersion& check, const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const Head head, HeadOf(check.stream, view));
  const Version actual = head.visible_version();
  if (check.expected.Holds(actual)) return Status::Ok();
  return VersionConflict(check.stream, check.expected.ToString(), actual);
}

Status RocksEventStore::Check(const CheckMetadata& check, const View& view) const {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  TANDEM_ASSIGN_OR_RETURN(const auto actual,
                          view.Get(family_, MetadataKey(check.stream, check.key)));
  if (actual == check.expected) return Status::Ok();
  TANDEM_ASSIGN_OR_RETURN(const Head head, HeadOf(check.stream, view));
  return MetadataConflict(check, actual, head.visible_version());
}

Result<AppendResult> RocksEventStore::Stage(const AppendEvents& append, Timestamp now,
                                            Staging& staging) {
  TANDEM_ASSIGN_OR_RETURN(Head head, HeadOf(append.stream, staging));
  AppendResult result;
  result.first = head.version + 1;
  result.version = head.version + append.events.size();
  if (append.events.empty()) return result;

  for (const std::string& payload : append.events) {
    staging.PutPayload(family_, EventKey(append.stream, ++head.version),
                       EncodeEvent(++last_position_, now, payload));
  }
  PutHead(append.stream, head, staging);
  staging.PutPayload(family_, FeedKey(last_position_),
                     EncodeFeedEntry(FeedEntry{append.stream, result.first, append.events.size()}));
  result.position = last_position_;
  return result;
}

Status RocksEventStore::Stage(const UpdateMetadata& update, Timestamp /*now*/, Staging& staging) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
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
  if (options.direction == Direction::kBackward) return ReadPage(db_, family_, stream, options);
  return ReadOrWait<EventPage>(*clock_, waiters_, &stream, options.wait.value(), options.stop,
                               [&] { return ReadPage(db_, family_, stream, options); });
}

void RocksEventStore::ReadAsync(const StreamId& stream, const ReadOptions& options,
                                ReadCallback callback) {
  const AsyncRead::Source source{db_, family_, clock_, &waiters_};
  async_waits_->Start(std::make_shared<AsyncRead>(source, stream, options, std::move(callback)));
}

Result<FeedPage> RocksEventStore::ReadAll(Position after, const FeedOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateReadAll(options));
  const Timestamp deadline = SaturatingAdd(clock_->Now(), options.wait.value());
  // Page after page over what was deleted, for as long as the call may wait.
  const auto read = [&]() -> Result<FeedPage> {
    while (true) {
      TANDEM_ASSIGN_OR_RETURN(FeedPage page, ReadFeedPage(db_, family_, after, options));
      const bool moved = page.events.empty() && page.next != after;
      after = page.next;
      const bool over = options.stop.stop_requested() || clock_->Now() >= deadline;
      if (!moved || over) return page;
    }
  };
  return ReadOrWait<FeedPage>(*clock_, waiters_, nullptr, options.wait.value(), options.stop, read);
}

// The last head of the entity from partition `from` on. `deleted_max`: as of ViewCursor.
struct RocksEventStore::LastHead {
  bool gave_up = false;
  std::optional<std::pair<StreamId, Head>> head;
};

Result<RocksEventStore::LastHead> RocksEventStore::FindLastHead(std::string_view entity,
                                                                std::uint64_t from,
                                                                std::size_t deleted_max) const {
  const std::string first = HeadKey(StreamId{std::string(entity), from});
  const std::string end = PrefixEnd(EntityPrefix(kHeadPrefix, entity));
  const rocksdb::Slice lower = ToSlice(first);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  options.max_skippable_internal_keys = deleted_max;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  it->SeekToLast();
  LastHead last;
  last.gave_up = it->status().IsIncomplete();
  if (last.gave_up) return last;
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "read of heads"));
  if (!it->Valid()) return last;
  std::optional<StreamId> stream = StreamOf(ToView(it->key()), kHeadPrefix);
  if (!stream.has_value()) return Status::Corruption("head key", "unreadable");
  TANDEM_ASSIGN_OR_RETURN(const Head head, DecodeHead(ToView(it->value()), *stream));
  last.head.emplace(*std::move(stream), head);
  return last;
}

Result<std::optional<PartitionHead>> RocksEventStore::LatestPartition(
    std::string_view entity) const {
  TANDEM_RETURN_IF_ERROR(ValidateEntity(entity));
  const auto tombstone_of = [&] { return TombstoneOf(entity, View(db_, nullptr, nullptr)); };
  TANDEM_ASSIGN_OR_RETURN(LastHead last, FindLastHead(entity, 0, BoundedWalk::kStride));
  if (last.gave_up) {
    // Heads go with their entity only, so all that were deleted are at or below its tombstone.
    TANDEM_ASSIGN_OR_RETURN(const auto tombstone, tombstone_of());
    const std::uint64_t from = tombstone.value_or(0);
    TANDEM_ASSIGN_OR_RETURN(last, FindLastHead(entity, from, 0));
  }
  if (!last.head.has_value()) {
    TANDEM_ASSIGN_OR_RETURN(const auto tombstone, tombstone_of());
    if (!tombstone.has_value()) return std::nullopt;
    return PartitionHead{*tombstone, 0};
  }
  const auto& [stream, head] = *last.head;
  if (!head.live()) {
    return Status::Corruption("head of " + Describe(stream), "the latest partition is deleted");
  }
  return PartitionHead{stream.partition, head.version};
}

Result<MetadataPage> RocksEventStore::ReadMetadata(const StreamId& stream,
                                                   const MetadataOptions& options) const {
  TANDEM_RETURN_IF_ERROR(ValidateReadMetadata(stream, options));
  const std::string prefix = MetadataKey(stream, options.prefix);
  const std::size_t key_offset = MetadataKey(stream, {}).size();
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  MetadataPage page;
  page.next = options.after;
  std::string from = prefix;
  if (!options.after.empty()) from = std::max(from, MetadataKey(stream, options.after) + '\0');
  std::size_t bytes = 0;
  BoundedWalk walk(db_, family_, from, PrefixEnd(prefix));
  for (; walk.Valid(); walk.Next()) {
    bytes += walk.key().size() + walk.value().size();
    if (page.entries.size() == limit || (bytes > kPageBytesMax && !page.entries.empty())) break;
    page.entries.emplace_back(walk.key().substr(key_offset), walk.value());
    page.next = page.entries.back().first;
  }
  TANDEM_RETURN_IF_ERROR(walk.status());
  page.more = walk.Valid() || walk.stopped();
  if (walk.stopped()) page.next = walk.passed().substr(key_offset);
  return page;
}

}  // namespace tandem::internal
