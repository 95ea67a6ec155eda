#pragma once

// Reads of what is stored of the queues, all from one snapshot: for what looks and changes nothing.

#include <rocksdb/db.h>

#include <functional>
#include <string>
#include <string_view>

#include "tandem/base/result.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/messagequeue/internal/rows/group_index.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"

namespace tandem::internal {

class SnapshotReader {
 public:
  // Without a snapshot, of what is written at each moment.
  static SnapshotReader OfNow(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
    return SnapshotReader(db, family, nullptr);
  }
  // A snapshot of its own, for as long as it lives.
  SnapshotReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family)
      : db_(db), family_(family), own_(db), snapshot_(own_.snapshot()) {}
  // REQUIRES: `snapshot` outlives this.
  SnapshotReader(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
                 const rocksdb::Snapshot* snapshot)
      : db_(db), family_(family), own_(nullptr), snapshot_(snapshot) {}

  Result<std::optional<std::string>> Get(std::string_view key) const;

  // For a page: passes over a bounded number of entries that it does not return.
  BoundedWalk WalkOfPage(std::string_view from, std::string_view end) const {
    return {db_, family_, from, end, snapshot_};
  }

  // Calls `visit` for each entry with from <= key < end, in order, until it returns false or fails.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  Status Walk(std::string_view from, std::string_view end, const Visit& visit) const;

  // Without messages, if there is no record; counted anew, if it can't be read.
  Result<StoredQueue> Queue(std::string_view queue) const;
  // What the record has to say, by a walk over all that the queue has.
  Result<StoredQueue> Recount(std::string_view queue) const;
  // Corruption if there is none.
  Result<GroupState> Group(std::string_view queue, std::string_view group) const;

 private:
  class OwnSnapshot {
   public:
    explicit OwnSnapshot(rocksdb::DB* db)
        : db_(db), snapshot_(db == nullptr ? nullptr : db->GetSnapshot()) {}
    ~OwnSnapshot() {
      if (db_ != nullptr) db_->ReleaseSnapshot(snapshot_);
    }
    OwnSnapshot(const OwnSnapshot&) = delete;
    OwnSnapshot& operator=(const OwnSnapshot&) = delete;
    const rocksdb::Snapshot* snapshot() const { return snapshot_; }

   private:
    rocksdb::DB* const db_;
    const rocksdb::Snapshot* const snapshot_;
  };

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  const OwnSnapshot own_;
  const rocksdb::Snapshot* const snapshot_;
};

}  // namespace tandem::internal
