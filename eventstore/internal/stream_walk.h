#pragma once

// Walks over the streams of one snapshot that have a head or metadata, in order of entity and
// partition: a few steps for each, however many events and keys it has.

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "eventstore/event_store.h"
#include "eventstore/internal/event_values.h"

namespace tandem::internal {

class StreamWalk {
 public:
  // Stands on the first stream at or after `from`. REQUIRES: `snapshot` outlives this.
  StreamWalk(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
             const rocksdb::Snapshot* snapshot, const StreamId& from);

  // Null behind the last stream, and after a failure.
  const StreamId* stream() const { return stream_.has_value() ? &*stream_ : nullptr; }
  const Status& status() const { return status_; }

  // REQUIRES: stream() is not null.
  const std::optional<Head>& head() const { return head_; }
  bool has_metadata() const { return has_metadata_; }
  bool exists() const { return has_metadata_ || (head_.has_value() && head_->live()); }

  // REQUIRES: stream() is not null.
  void Next();
  void NextEntity();

 private:
  // The keys of one kind.
  struct Keys {
    char kind = 0;
    std::string end;
    rocksdb::Slice upper;
    std::unique_ptr<rocksdb::Iterator> it;
  };

  void Open(Keys& keys, char kind, rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
            const rocksdb::Snapshot* snapshot);
  void Seek(const StreamId& from);
  void Settle();
  std::optional<StreamId> At(const Keys& keys);

  Keys heads_;
  Keys metadata_;
  Status status_;
  std::optional<StreamId> stream_;
  std::optional<Head> head_;
  bool has_metadata_ = false;
};

}  // namespace tandem::internal
