#include "tandem/batch/internal/log/wal_guard.h"

#include <utility>

#include "tandem/base/result.h"

namespace tandem::internal {

namespace {

bool IsNext(const GroupStamp& last, const GroupStamp& stamp) {
  const bool next_group = stamp.incarnation == last.incarnation && stamp.number == last.number + 1;
  const bool next_incarnation = stamp.incarnation == last.incarnation + 1 && stamp.number == 0;
  return next_group || next_incarnation;
}

}  // namespace

// NOLINTNEXTLINE(google-runtime-int): as RocksDB declares it
rocksdb::WalFilter::WalProcessingOption WalGuard::LogRecordFound(unsigned long long log_number,
                                                                 const std::string& log_file_name,
                                                                 const rocksdb::WriteBatch& batch,
                                                                 rocksdb::WriteBatch* /*new_batch*/,
                                                                 bool* /*batch_changed*/) {
  const Result<GroupStamp> stamp = ReadStamp(batch, log_file_name);
  if (status_.ok()) {
    status_ = stamp.ok() ? Follow(*stamp, log_number, log_file_name) : stamp.status();
  }
  if (!status_.ok()) return WalProcessingOption::kCorruptedRecord;
  return ended_ ? WalProcessingOption::kIgnoreCurrentRecord
                : WalProcessingOption::kContinueProcessing;
}

Status WalGuard::Follow(const GroupStamp& stamp, std::uint64_t log_number,
                        const std::string& log_file_name) {
  const bool next_log = std::exchange(last_log_, log_number) != log_number;
  if (!ended_ && (!last_.has_value() || IsNext(*last_, stamp))) {
    last_ = stamp;
    return Status::Ok();
  }
  // A hole, or behind one.
  const bool was_promised = Promises(stamp, {last_->incarnation, last_->number + 1});
  ended_ = ended_ || (next_log && stamp.number > last_->number);
  if (ended_ && !was_promised) return Status::Ok();
  return Status::Corruption(log_file_name, Describe(*last_) + " is followed by " + Describe(stamp));
}

}  // namespace tandem::internal
