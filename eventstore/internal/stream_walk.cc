#include "tandem/eventstore/internal/stream_walk.h"

#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/key_encoding.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/eventstore/internal/event_keys.h"

namespace tandem::internal {

namespace {

// A walk over keys stops at the first deleted ones that it counts, so that StreamWalk can go around
// them.
std::size_t StopAfter(std::size_t passed_max) {
  return passed_max == StreamWalk::kEverything ? passed_max : 2 * BoundedWalk::kStride;
}

std::string FirstKey(char kind, const StreamId& stream) {
  return kind == kHeadPrefix ? HeadKey(stream) : MetadataKey(stream, {});
}

std::string StartKey(char kind, const StreamId& from, std::size_t passed_max) {
  return passed_max == StreamWalk::kEverything ? std::string(1, kind) : FirstKey(kind, from);
}

StreamId EntityBehind(const StreamId& stream) { return StreamId{stream.entity + '\0', 0}; }

StreamId Behind(const StreamId& stream) {
  if (stream.partition == std::numeric_limits<std::uint64_t>::max()) return EntityBehind(stream);
  return StreamId{stream.entity, stream.partition + 1};
}

}  // namespace

StreamWalk::StreamWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                       const rocksdb::Snapshot* snapshot, const StreamId& from, Unit unit,
                       std::size_t passed_max)
    : db_(db),
      family_(family),
      snapshot_(snapshot),
      unit_(unit),
      everything_(passed_max == kEverything),
      left_(passed_max),
      heads_{kHeadPrefix,
             BoundedWalk(db, family, StartKey(kHeadPrefix, from, passed_max),
                         PrefixEnd(std::string(1, kHeadPrefix)), snapshot, StopAfter(passed_max))},
      metadata_{kMetadataPrefix,
                BoundedWalk(db, family, StartKey(kMetadataPrefix, from, passed_max),
                            PrefixEnd(std::string(1, kMetadataPrefix)), snapshot,
                            StopAfter(passed_max))} {
  Settle();
}

void StreamWalk::Next() {
  TANDEM_REQUIRE(stream() != nullptr, "the walk stands on a stream");
  if (!exists() && head_status_.ok()) Charge(1);
  if (unit_ == Unit::kEntity) {
    const StreamId next = EntityBehind(*stream_);
    heads_.walk.Seek(HeadKey(next));
    metadata_.walk.Seek(MetadataKey(next, {}));
  } else {
    if (head_.has_value() || !head_status_.ok()) heads_.walk.Next();
    if (has_metadata_) metadata_.walk.Seek(PrefixEnd(MetadataKey(*stream_, {})));
  }
  Settle();
}

void StreamWalk::Settle() {
  stream_.reset();
  head_.reset();
  head_status_ = Status::Ok();
  has_metadata_ = false;
  while (true) {
    const std::optional<StreamId> head = At(heads_);
    const std::optional<StreamId> metadata = At(metadata_);
    if (!status_.ok() || (!head.has_value() && !metadata.has_value())) return;
    const bool at_head = head.has_value() && (!metadata.has_value() || *head <= *metadata);
    const bool at_metadata = metadata.has_value() && (!at_head || *metadata == *head);
    const StreamId& first = at_head ? *head : *metadata;
    Reach(first);
    if (left_ == 0 && passed_.has_value()) {
      stopped_ = true;
      return;
    }
    if (at_head && heads_.walk.stopped()) {
      PassDeleted(heads_, first, false);
    } else if (at_metadata && metadata_.walk.stopped()) {
      PassDeleted(metadata_, first, at_head);
    } else {
      has_metadata_ = at_metadata;
      return Take(first, at_head);
    }
  }
}

void StreamWalk::Take(const StreamId& stream, bool has_head) {
  stream_ = stream;
  if (!has_head) return;
  const Result<Head> decoded = DecodeHead(heads_.walk.value(), stream);
  head_status_ = decoded.status();
  if (decoded.ok()) head_ = *decoded;
}

void StreamWalk::Reach(const StreamId& stream) {
  const bool same =
      reached_.has_value() &&
      (unit_ == Unit::kEntity ? reached_->entity == stream.entity : *reached_ == stream);
  if (!same) passed_ = std::exchange(reached_, stream);
}

// Deleted keys of the stream are in the way. Heads go with their entity only, and then nothing is
// left of it up to its tombstone. Metadata matters only where there is no head.
void StreamWalk::PassDeleted(Keys& keys, const StreamId& stream, bool has_head) {
  Charge(3 * BoundedWalk::kStride);
  if (has_head) return keys.walk.Seek(FirstKey(keys.kind, Behind(stream)));
  const std::optional<std::uint64_t> tombstone = TombstoneOf(stream.entity);
  if (tombstone.has_value() && *tombstone >= stream.partition) {
    return keys.walk.Seek(FirstKey(keys.kind, Behind(StreamId{stream.entity, *tombstone})));
  }
  keys.walk.Seek(keys.walk.passed() + '\0');
}

// One that cannot be read is none: what is not deleted then costs more steps.
std::optional<std::uint64_t> StreamWalk::TombstoneOf(const std::string& entity) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  rocksdb::PinnableSlice record;
  if (!db_->Get(options, family_, TombstoneKey(entity), &record).ok()) return std::nullopt;
  const Result<std::uint64_t> partition = DecodeTombstone(ToView(record), entity);
  return partition.ok() ? std::optional<std::uint64_t>(*partition) : std::nullopt;
}

// The stream of the key at which the walk stands, or has stopped.
std::optional<StreamId> StreamWalk::At(Keys& keys) {
  while (status_.ok()) {
    const bool stopped = keys.walk.stopped();
    if (!stopped && !keys.walk.Valid()) {
      status_ = keys.walk.status();
      return std::nullopt;
    }
    const std::string_view key = stopped ? keys.walk.passed() : keys.walk.key();
    std::optional<StreamId> stream = StreamOf(key, keys.kind);
    if (stream.has_value()) return stream;
    if (everything_) {
      status_ = Status::Corruption("events", "an unreadable key: " + ToSlice(key).ToString(true));
    } else {
      Charge(1);
      keys.walk.Seek(std::string(key) + '\0');
    }
  }
  return std::nullopt;
}

}  // namespace tandem::internal
