#pragma once

// Keeps short what a range deletion costs the readers. In a table file RocksDB jumps over what it
// deleted. In a memtable that holds the deletion and the entries, each iterator that comes there
// walks over every entry, backwards with a search for each, and stops neither at its bound nor at
// its limit of skipped keys (seen with RocksDB 7.8). So such a memtable is written to a table at
// once, where few of its entries need to be written any more. RocksDB 8.9 has an option of this
// kind, memtable_max_range_deletions, which counts deletions and not what they deleted.

#include <rocksdb/db.h>

#include <cstdint>
#include <vector>

#include "tandem/base/rocks/overlay.h"

namespace tandem::internal {

// Not thread-safe: belongs to whose turn to write it is.
class RangeDeletions {
 public:
  // So many deleted entries may stay in the memtables of all families.
  static constexpr std::uint64_t kEntriesMax = 4096;

  explicit RangeDeletions(std::vector<rocksdb::ColumnFamilyHandle*> families)
      : families_(std::move(families)) {}

  // Has the memtables written, in the background, when more than kEntriesMax entries are deleted.
  // All of them, since a log goes with the last memtable that needs it. A failure is met by the
  // next write. REQUIRES: `overlay` is of the group that was just written, with range deletions.
  void Written(rocksdb::DB& db, const Overlay& overlay);

 private:
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::uint64_t entries_ = 0;  // deleted since the memtables were written for it
};

}  // namespace tandem::internal
