#pragma once

// The batches that were applied under an id, for as long as they are known:
//
//   batch id := 'B' id:raw  -> BatchIdRecord, sealed   (column family "default")
//
// A record that is too old counts as absent. It is dropped when RocksDB compacts its file
// (BatchIdExpiry), which costs no batch anything. If the clock was set back since the record was
// written, by an earlier incarnation, its time counts from this opening: it is known for the
// retention time again, and not for as long as the clock was ahead.

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/batch/batch.h"

namespace tandem::internal {

class BatchIds {
 public:
  // `opened`: when `incarnation`, this one, began.
  BatchIds(rocksdb::ColumnFamilyHandle* family, std::chrono::milliseconds retention,
           std::uint64_t incarnation, Timestamp opened)
      : family_(family), retention_(retention), incarnation_(incarnation), opened_(opened) {}

  // The first result of the batch that was applied under the id; nullopt if the id is not known.
  // IdempotencyMismatch if that batch had another digest. REQUIRES: the commit latch is held.
  Result<std::optional<BatchResult>> Find(const View& view, std::string_view id,
                                          std::string_view digest, Timestamp now) const;

  // REQUIRES: the commit latch is held; the batch with that result is staged.
  void Remember(Staging& staging, std::string_view id, std::string_view digest,
                const BatchResult& result, Timestamp now) const;

 private:
  rocksdb::ColumnFamilyHandle* const family_;
  const std::chrono::milliseconds retention_;
  const std::uint64_t incarnation_;
  const Timestamp opened_;
};

// Corruption if this is no record of a batch id, or it cannot be read.
Status VerifyBatchId(std::string_view key, std::string_view record);

// Set as rocksdb::ColumnFamilyOptions::compaction_filter of the family. Thread-safe.
class BatchIdExpiry final : public rocksdb::CompactionFilter {
 public:
  // REQUIRES: `clock` outlives the database.
  BatchIdExpiry(const Clock* clock, std::chrono::milliseconds retention)
      : clock_(clock), retention_(retention) {}

  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* new_value, bool* value_changed) const override;
  const char* Name() const override { return "tandem.BatchIdExpiry"; }

 private:
  const Clock* const clock_;
  const std::chrono::milliseconds retention_;
};

}  // namespace tandem::internal
