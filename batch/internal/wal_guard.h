#pragma once

// Notices a missing group of batches when the write-ahead log is replayed: each group carries its
// incarnation and number as log data, and the numbers are consecutive. What replay does not deliver
// in order fails the open instead of being forgotten.
//
// One hole is no damage: a power cut may take the unflushed end of a log and leave some of the next
// log. So each stamp also says which group was known to be flushed when it was written. If the
// missing ones were not, as far as every stamp behind the hole tells, nothing behind it was ever
// promised: a flush flushes all before it. The replay then ignores what is behind the hole, so that
// what is left is a prefix. If one of them was flushed, it is Corruption.
//
//   stamp := 'S' incarnation:u64be number:u64be flushed:u64be
//
// An incarnation's first write, group 0, is the record that names it.

#include <rocksdb/wal_filter.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tandem::internal {

struct GroupStamp {
  std::uint64_t incarnation = 0;
  std::uint64_t number = 0;
  std::uint64_t flushed = 0;  // the last group of the incarnation that was known to be flushed
};

std::string EncodeGroupStamp(const GroupStamp& stamp);
std::optional<GroupStamp> DecodeGroupStamp(std::string_view bytes);

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
  Status Follow(const std::optional<GroupStamp>& stamp, std::uint64_t log_number,
                const std::string& log_file_name);

  std::optional<GroupStamp> last_;
  std::uint64_t last_log_ = 0;  // the log of last_
  bool ended_ = false;          // at a hole between two logs
  Status status_;
};

}  // namespace tandem::internal
