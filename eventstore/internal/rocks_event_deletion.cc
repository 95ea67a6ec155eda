// How streams and entities are deleted, and what stays behind to keep them deleted: of a partition
// its head, marked; of an entity a tombstone.

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/view_cursor.h"
#include "tandem/eventstore/event_conflict.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/rocks_event_store.h"

namespace tandem::internal {

// What there is to delete of an entity.
struct RocksEventStore::EntityContents {
  std::optional<std::uint64_t> highest;            // partition; nullopt: there is nothing
  std::uint64_t events = 0;                        // of the heads that are counted and readable
  bool counted = true;                             // all heads are
  bool more = false;                               // there are more heads than are counted
  std::vector<std::pair<StreamId, Head>> streams;  // as long as the events are few
};

Result<std::optional<std::uint64_t>> RocksEventStore::TombstoneOf(std::string_view entity,
                                                                  const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, TombstoneKey(entity)));
  if (!record.has_value()) return std::nullopt;
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t partition, DecodeTombstone(*record, entity));
  return partition;
}

Status RocksEventStore::CheckWritable(const StreamId& stream, const Head& head,
                                      const View& view) const {
  if (head.live()) return Status::Ok();
  if (head.deleted) return VersionConflict(stream, "a partition that was not deleted", 0);
  TANDEM_ASSIGN_OR_RETURN(const auto tombstone, TombstoneOf(stream.entity, view));
  if (!tombstone.has_value() || *tombstone < stream.partition) return Status::Ok();
  return VersionConflict(
      stream,
      "a partition of a new life, above " + std::to_string(*tombstone) + " which was deleted", 0);
}

Status RocksEventStore::Check(const DeletePartition& remove, const View& view) const {
  const auto& [entity, partition] = remove.stream;
  // Read here, so that one that is damaged refuses the batch: where it is staged, a failure would
  // stop the store.
  TANDEM_ASSIGN_OR_RETURN(const Head head, HeadOf(remove.stream, view));
  TANDEM_ASSIGN_OR_RETURN(const auto tombstone, TombstoneOf(entity, view));
  if (tombstone.has_value() && partition <= *tombstone) return Status::Ok();
  if (partition < std::numeric_limits<std::uint64_t>::max()) {
    // Any head above it will do: the last one of an entity is live. Above the tombstone no head was
    // ever deleted, so nothing is walked over.
    TANDEM_ASSIGN_OR_RETURN(const auto above,
                            view.First(family_, HeadKey({entity, partition + 1}),
                                       PrefixEnd(EntityPrefix(kHeadPrefix, entity))));
    if (above.has_value()) return Status::Ok();
  }
  return VersionConflict(remove.stream, "a partition below the latest", head.visible_version());
}

Status RocksEventStore::Check(const DeleteEntity& /*remove*/, const View& /*view*/) const {
  return Status::Ok();
}

Result<DeleteEventsResult> RocksEventStore::Stage(const DeletePartition& remove, Timestamp /*now*/,
                                                  Staging& staging) {
  const StreamId& stream = remove.stream;
  TANDEM_ASSIGN_OR_RETURN(Head head, HeadOf(stream, staging));
  if (head.deleted) return DeleteEventsResult();
  const std::string metadata = MetadataKey(stream, {});
  const std::string metadata_end = PrefixEnd(metadata);
  if (!head.live()) {
    TANDEM_ASSIGN_OR_RETURN(const auto entry, staging.First(family_, metadata, metadata_end));
    if (!entry.has_value()) return DeleteEventsResult();
  }

  const DeleteEventsResult result{head.events()};
  StageRemoval(stream, head.first, head.version + 1, staging);
  TANDEM_RETURN_IF_ERROR(staging.DeleteAll(family_, metadata, metadata_end));
  head.deleted = true;
  PutHead(stream, head, staging);
  return result;
}

Result<DeleteEventsResult> RocksEventStore::Stage(const DeleteEntity& remove, Timestamp /*now*/,
                                                  Staging& staging) {
  TANDEM_ASSIGN_OR_RETURN(const EntityContents contents, ContentsOf(remove.entity, staging));
  if (!contents.highest.has_value()) return DeleteEventsResult();

  const auto range = [&remove](char kind) {
    std::string prefix = EntityPrefix(kind, remove.entity);
    std::string end = PrefixEnd(prefix);
    return std::pair(std::move(prefix), std::move(end));
  };
  if (contents.events > Staging::kPointDeletesMax || !contents.counted) {
    const auto [from, end] = range(kEventPrefix);
    staging.DeleteRange(family_, from, end);
  } else {
    for (const auto& [stream, head] : contents.streams) {
      StageRemoval(stream, head.first, head.version + 1, staging);
    }
  }
  for (const char kind : {kHeadPrefix, kMetadataPrefix}) {
    const auto [from, end] = range(kind);
    TANDEM_RETURN_IF_ERROR(staging.DeleteAll(family_, from, end));
  }
  heads_.ForgetEntity(remove.entity);
  staging.Put(family_, TombstoneKey(remove.entity), EncodeTombstone(*contents.highest));
  return DeleteEventsResult{contents.events, contents.more};
}

// The highest partition that has a key of that kind, in a range of such keys.
Result<std::optional<std::uint64_t>> RocksEventStore::HighestOf(char kind, std::string_view from,
                                                                std::string_view end,
                                                                const View& view) const {
  std::string above(end);
  while (true) {
    TANDEM_ASSIGN_OR_RETURN(std::optional<std::string> key, view.LastKey(family_, from, above));
    if (!key.has_value()) return std::nullopt;
    const std::optional<StreamId> stream = StreamOf(*key, kind);
    if (stream.has_value()) return std::optional(stream->partition);
    above = *std::move(key);
  }
}

// Records that are damaged go with the entity: this is how to be rid of them. Starts above what was
// deleted with a former life, so that this is not walked over.
Result<RocksEventStore::EntityContents> RocksEventStore::ContentsOf(std::string_view entity,
                                                                    const View& view) const {
  constexpr std::uint64_t kPartitionMax = std::numeric_limits<std::uint64_t>::max();
  EntityContents contents;
  const auto tombstone = TombstoneOf(entity, view);
  if (!tombstone.ok() && tombstone.status().code() != StatusCode::kCorruption) {
    return tombstone.status();
  }
  StreamId first{std::string(entity), 0};
  if (tombstone.ok() && tombstone->has_value()) {
    if (**tombstone == kPartitionMax) return contents;
    first.partition = **tombstone + 1;
  }
  const std::string heads_end = PrefixEnd(EntityPrefix(kHeadPrefix, entity));
  TANDEM_ASSIGN_OR_RETURN(contents.highest,
                          HighestOf(kHeadPrefix, HeadKey(first), heads_end, view));
  if (contents.highest != kPartitionMax) {
    const StreamId above{first.entity, contents.highest ? *contents.highest + 1 : first.partition};
    TANDEM_ASSIGN_OR_RETURN(const auto with_metadata,
                            HighestOf(kMetadataPrefix, MetadataKey(above, {}),
                                      PrefixEnd(EntityPrefix(kMetadataPrefix, entity)), view));
    if (with_metadata.has_value()) contents.highest = with_metadata;
  }

  std::size_t heads = 0;
  ViewCursor head(view, family_, HeadKey(first), heads_end);
  for (; head.Valid() && heads < kCountedPartitionsMax; head.Next(), ++heads) {
    const std::optional<StreamId> stream = StreamOf(head.key(), kHeadPrefix);
    const Result<Head> found = DecodeHead(head.value(), stream.value_or(first));
    if (!stream.has_value() || !found.ok()) {
      contents.counted = false;
      continue;
    }
    contents.events += found->events();
    if (found->live() && contents.events <= Staging::kPointDeletesMax) {
      contents.streams.emplace_back(*stream, *found);
    }
  }
  TANDEM_RETURN_IF_ERROR(head.status());
  contents.more = head.Valid();
  contents.counted = contents.counted && !contents.more;
  return contents;
}

// Versions are dense, so nothing is read to find them.
void RocksEventStore::StageRemoval(const StreamId& stream, Version from, Version end,
                                   Staging& staging) const {
  if (end - from > Staging::kPointDeletesMax) {
    staging.DeleteRange(family_, EventKey(stream, from), EventKey(stream, end));
    return;
  }
  for (Version version = from; version < end; ++version) {
    staging.Delete(family_, EventKey(stream, version));
  }
}

}  // namespace tandem::internal
