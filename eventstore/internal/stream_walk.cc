#include "eventstore/internal/stream_walk.h"

#include "base/key_encoding.h"
#include "base/result.h"
#include "base/rocks/rocks_status.h"
#include "eventstore/internal/event_keys.h"

namespace tandem::internal {

StreamWalk::StreamWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                       const rocksdb::Snapshot* snapshot, const StreamId& from) {
  Open(heads_, kHeadPrefix, db, family, snapshot);
  Open(metadata_, kMetadataPrefix, db, family, snapshot);
  Seek(from);
}

void StreamWalk::Open(Keys& keys, char kind, rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                      const rocksdb::Snapshot* snapshot) {
  keys.kind = kind;
  keys.end = PrefixEnd(std::string(1, kind));
  keys.upper = ToSlice(keys.end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_upper_bound = &keys.upper;
  keys.it.reset(db->NewIterator(options, family));
}

void StreamWalk::Next() {
  if (head_.has_value()) heads_.it->Next();
  if (has_metadata_) metadata_.it->Seek(PrefixEnd(MetadataKey(*stream_, {})));
  Settle();
}

void StreamWalk::NextEntity() { Seek(StreamId{stream_->entity + '\0', 0}); }

void StreamWalk::Seek(const StreamId& from) {
  heads_.it->Seek(HeadKey(from));
  metadata_.it->Seek(MetadataKey(from, {}));
  Settle();
}

void StreamWalk::Settle() {
  const std::optional<StreamId> head = At(heads_);
  const std::optional<StreamId> metadata = At(metadata_);
  stream_.reset();
  head_.reset();
  if (!status_.ok()) return;
  if (head.has_value() && (!metadata.has_value() || *head <= *metadata)) {
    const Result<Head> decoded = DecodeHead(ToView(heads_.it->value()), *head);
    status_ = decoded.status();
    if (!decoded.ok()) return;
    head_ = *decoded;
    stream_ = head;
  } else {
    stream_ = metadata;
  }
  has_metadata_ = metadata.has_value() && metadata == stream_;
}

std::optional<StreamId> StreamWalk::At(const Keys& keys) {
  if (!status_.ok()) return std::nullopt;
  if (!keys.it->Valid()) {
    status_ = FromRocks(keys.it->status(), "scan of streams");
    return std::nullopt;
  }
  const std::optional<StreamId> stream = StreamOf(ToView(keys.it->key()), keys.kind);
  if (!stream.has_value()) {
    status_ = Status::Corruption(std::string("key of kind ") + keys.kind, "unreadable");
  }
  return stream;
}

}  // namespace tandem::internal
