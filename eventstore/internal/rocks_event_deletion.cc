// How streams and entities are deleted, and what stays behind to keep them deleted: of a partition
// its head, marked; of an entity a tombstone.

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/key_encoding.h"
#include "base/limits.h"
#include "base/rocks/view_cursor.h"
#include "eventstore/internal/event_keys.h"
#include "eventstore/internal/rocks_event_store.h"

namespace tandem::internal {

// What there is to delete of an entity.
struct RocksEventStore::EntityContents {
  std::optional<std::uint64_t> highest;            // partition of these; nullopt: there is none
  std::uint64_t events = 0;                        // as far as its heads can be read
  bool unreadable = false;                         // some cannot
  bool more = false;                               // partitions that are left for another deletion
  std::vector<std::pair<StreamId, Head>> streams;  // as long as the events are few
};

Result<std::optional<std::uint64_t>> RocksEventStore::TombstoneOf(std::string_view entity,
                                                                  const View& view) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, view.Get(family_, TombstoneKey(entity)));
  if (!record.has_value()) return std::optional<std::uint64_t>();
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t partition, DecodeTombstone(*record, entity));
  return std::optional<std::uint64_t>(partition);
}

Status RocksEventStore::CheckWritable(const StreamId& stream, const Head& head,
                                      const View& view) const {
  if (head.live()) return Status::Ok();
  if (head.deleted) return Status::Conflict("a partition that was not deleted", 0);
  TANDEM_ASSIGN_OR_RETURN(const auto tombstone, TombstoneOf(stream.entity, view));
  if (!tombstone.has_value() || *tombstone < stream.partition) return Status::Ok();
  return Status::Conflict(
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
  return Status::Conflict("a partition below the latest", head.visible_version());
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

  // Up to the first partition that is left.
  const auto end = [&](char kind, std::string (*key)(const StreamId&)) {
    if (!contents.more) return PrefixEnd(EntityPrefix(kind, remove.entity));
    return key({remove.entity, *contents.highest + 1});
  };
  if (contents.events > Staging::kPointDeletesMax || contents.unreadable) {
    staging.DeleteRange(family_, EntityPrefix(kEventPrefix, remove.entity),
                        end(kEventPrefix, [](const StreamId& id) { return EventKey(id, 0); }));
  } else {
    for (const auto& [stream, head] : contents.streams) {
      StageRemoval(stream, head.first, head.version + 1, staging);
    }
  }
  TANDEM_RETURN_IF_ERROR(
      staging.DeleteAll(family_, EntityPrefix(kHeadPrefix, remove.entity),
                        end(kHeadPrefix, [](const StreamId& id) { return HeadKey(id); })));
  TANDEM_RETURN_IF_ERROR(staging.DeleteAll(
      family_, EntityPrefix(kMetadataPrefix, remove.entity),
      end(kMetadataPrefix, [](const StreamId& id) { return MetadataKey(id, {}); })));
  heads_.ForgetEntity(remove.entity);
  staging.Put(family_, TombstoneKey(remove.entity), EncodeTombstone(*contents.highest));
  return DeleteEventsResult{contents.events, contents.more};
}

// Records that are damaged go with the entity: this is how to be rid of them. Starts above what was
// deleted with a former life, so that this is not walked over.
Result<RocksEventStore::EntityContents> RocksEventStore::ContentsOf(std::string_view entity,
                                                                    const View& view) const {
  EntityContents contents;
  const auto tombstone = TombstoneOf(entity, view);
  if (!tombstone.ok() && tombstone.status().code() != StatusCode::kCorruption) {
    return tombstone.status();
  }
  StreamId first{std::string(entity), 0};
  if (tombstone.ok() && tombstone->has_value()) {
    if (**tombstone == std::numeric_limits<std::uint64_t>::max()) return contents;
    first.partition = **tombstone + 1;
  }

  ViewCursor heads(view, family_, HeadKey(first), PrefixEnd(EntityPrefix(kHeadPrefix, entity)));
  ViewCursor keys(view, family_, MetadataKey(first, {}),
                  PrefixEnd(EntityPrefix(kMetadataPrefix, entity)));
  std::size_t partitions = 0;
  while (heads.Valid() || keys.Valid()) {
    const auto head = heads.Valid() ? StreamOf(heads.key(), kHeadPrefix) : std::nullopt;
    const auto key = keys.Valid() ? StreamOf(keys.key(), kMetadataPrefix) : std::nullopt;
    if (heads.Valid() && !head.has_value()) {
      contents.unreadable = true;
      heads.Next();
      continue;
    }
    if (keys.Valid() && !key.has_value()) {
      keys.Next();
      continue;
    }
    if (partitions++ == kDeletedAtOnceMax) {
      contents.more = true;
      break;
    }
    const bool at_head =
        head.has_value() && (!key.has_value() || head->partition <= key->partition);
    const bool at_key = key.has_value() && (!head.has_value() || key->partition <= head->partition);
    contents.highest = at_head ? head->partition : key->partition;
    if (at_head) {
      NoteHead(DecodeHead(heads.value(), *head), *head, contents);
      heads.Next();
    }
    // One look at each stream, however many keys it has.
    if (at_key) keys.Seek(PrefixEnd(MetadataKey(*key, {})));
  }
  TANDEM_RETURN_IF_ERROR(heads.status());
  TANDEM_RETURN_IF_ERROR(keys.status());
  return contents;
}

void RocksEventStore::NoteHead(const Result<Head>& head, const StreamId& stream,
                               EntityContents& contents) {
  if (!head.ok()) {
    contents.unreadable = true;
    return;
  }
  contents.events += head->events();
  if (head->live() && contents.events <= Staging::kPointDeletesMax) {
    contents.streams.emplace_back(stream, *head);
  }
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
