#pragma once

// Checks the write-ahead log while RocksDB replays it: the stamps of its records (group_stamp.h)
// must be consecutive. A group that replay does not deliver in order fails the open instead of
// being forgotten.
//
// One hole is no damage: a power cut may take the unflushed end of a log and leave some of the next
// log. Inside a log that shows, and the audit (log_audit.h) cuts it; where a log ends with a whole
// record nothing does but the next number, and only a replay knows which logs follow each other:
// those that the store needs no more are deleted in any order. If no stamp behind the hole says
// that a missing group was flushed, nothing behind it was ever promised, as a flush flushes all
// before it. The replay then ignores what is behind the hole, so that what is left is a prefix.

#include <rocksdb/wal_filter.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>

#include "tandem/base/status.h"
#include "tandem/batch/internal/log/group_stamp.h"

namespace tandem::internal {

// Set as rocksdb::DBOptions::wal_filter while the database is opened.
class WalGuard final : public rocksdb::WalFilter {
 public:
  // NOLINTNEXTLINE(google-runtime-int): as RocksDB declares it
  WalProcessingOption LogRecordFound(unsigned long long log_number,
                                     const std::string& log_file_name,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch, bool* batch_changed) override;
  const char* Name() const override { return "tandem.WalGuard"; }

  // Why the replay was ended; ok if it was not.
  const Status& status() const { return status_; }

  // Of the last record that was replayed; nullopt if there was none.
  const std::optional<GroupStamp>& last() const { return last_; }

 private:
  Status Follow(const GroupStamp& stamp, std::uint64_t log_number,
                const std::string& log_file_name);

  std::optional<GroupStamp> last_;
  std::uint64_t last_log_ = 0;  // the log of last_
  bool ended_ = false;          // at a hole between two logs
  Status status_;
};

}  // namespace tandem::internal
