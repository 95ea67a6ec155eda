#include "batch/internal/wal_guard.h"

#include <utility>

#include "base/key_encoding.h"
#include "base/rocks/rocks_status.h"

namespace tandem::internal {

namespace {

constexpr char kStampPrefix = 'S';

// Passes over the writes of a batch and keeps its log data.
class StampFinder final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&,
                                const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice& blob) override { stamp = DecodeGroupStamp(ToView(blob)); }

  std::optional<GroupStamp> stamp;
};

bool IsNext(const GroupStamp& last, const GroupStamp& stamp) {
  const bool next_group = stamp.incarnation == last.incarnation && stamp.number == last.number + 1;
  const bool next_incarnation = stamp.incarnation == last.incarnation + 1 && stamp.number == 0;
  return next_group || next_incarnation;
}

std::string Describe(const GroupStamp& stamp) {
  return "group " + std::to_string(stamp.number) + " of incarnation " +
         std::to_string(stamp.incarnation);
}

}  // namespace

std::string EncodeGroupStamp(const GroupStamp& stamp) {
  return KeyWriter(kStampPrefix).U64(stamp.incarnation).U64(stamp.number).U64(stamp.flushed).Take();
}

std::optional<GroupStamp> DecodeGroupStamp(std::string_view bytes) {
  KeyReader reader(bytes, kStampPrefix);
  const std::optional<std::uint64_t> incarnation = reader.U64();
  const std::optional<std::uint64_t> number = reader.U64();
  const std::optional<std::uint64_t> flushed = reader.U64();
  if (!incarnation || !number || !flushed || !reader.AtEnd()) return std::nullopt;
  return GroupStamp{*incarnation, *number, *flushed};
}

// NOLINTNEXTLINE(google-runtime-int): as RocksDB declares it
rocksdb::WalFilter::WalProcessingOption WalGuard::LogRecordFound(unsigned long long log_number,
                                                                 const std::string& log_file_name,
                                                                 const rocksdb::WriteBatch& batch,
                                                                 rocksdb::WriteBatch* /*new_batch*/,
                                                                 bool* /*batch_changed*/) {
  StampFinder finder;
  const rocksdb::Status read = batch.Iterate(&finder);
  if (status_.ok()) {
    status_ = read.ok() ? Follow(finder.stamp, log_number, log_file_name)
                        : FromRocks(read, log_file_name);
  }
  if (!status_.ok()) return WalProcessingOption::kCorruptedRecord;
  return ended_ ? WalProcessingOption::kIgnoreCurrentRecord
                : WalProcessingOption::kContinueProcessing;
}

Status WalGuard::Follow(const std::optional<GroupStamp>& stamp, std::uint64_t log_number,
                        const std::string& log_file_name) {
  if (!stamp.has_value()) return Status::Corruption(log_file_name, "a record without a stamp");
  const bool next_log = std::exchange(last_log_, log_number) != log_number;
  if (!ended_ && (!last_.has_value() || IsNext(*last_, *stamp))) {
    last_ = stamp;
    return Status::Ok();
  }
  // A hole, or behind one.
  const bool was_promised =
      stamp->incarnation != last_->incarnation || stamp->flushed > last_->number;
  ended_ = ended_ || (next_log && stamp->number > last_->number);
  if (ended_ && !was_promised) return Status::Ok();
  return Status::Corruption(log_file_name,
                            Describe(*last_) + " is followed by " + Describe(*stamp));
}

}  // namespace tandem::internal
