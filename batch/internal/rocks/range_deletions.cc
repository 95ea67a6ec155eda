#include "tandem/batch/internal/rocks/range_deletions.h"

#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

void RangeDeletions::Written(rocksdb::DB& db, const Overlay& overlay) {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    for (const auto& [from, end] : overlay.ranges(family)) {
      std::uint64_t entries = 0;  // an estimate, of a few looks
      std::uint64_t bytes = 0;
      db.GetApproximateMemTableStats(family, rocksdb::Range(from, end), &entries, &bytes);
      entries_ += entries;
    }
  }
  if (entries_ <= kEntriesMax) return;
  entries_ = 0;
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;  // else this would wait for the memtables before
  db.Flush(options, families_).PermitUncheckedError();
}

}  // namespace tandem::internal
