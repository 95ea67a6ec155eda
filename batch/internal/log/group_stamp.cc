#include "tandem/batch/internal/log/group_stamp.h"

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"

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

}  // namespace

std::string EncodeGroupStamp(const GroupStamp& stamp) {
  return KeyWriter(kStampPrefix)
      .U64(stamp.incarnation)
      .U64(stamp.number)
      .U64(stamp.flushed)
      .U64(stamp.first_log)
      .Take();
}

std::optional<GroupStamp> DecodeGroupStamp(std::string_view bytes) {
  KeyReader reader(bytes, kStampPrefix);
  const std::optional<std::uint64_t> incarnation = reader.U64();
  const std::optional<std::uint64_t> number = reader.U64();
  const std::optional<std::uint64_t> flushed = reader.U64();
  const std::optional<std::uint64_t> first_log = reader.U64();
  if (!incarnation || !number || !flushed || !first_log || !reader.AtEnd()) return std::nullopt;
  return GroupStamp{*incarnation, *number, *flushed, *first_log};
}

bool Promises(const GroupStamp& stamp, const GroupStamp& missing) {
  return stamp.incarnation != missing.incarnation || stamp.flushed >= missing.number;
}

std::string Describe(const GroupStamp& stamp) {
  return "group " + std::to_string(stamp.number) + " of incarnation " +
         std::to_string(stamp.incarnation);
}

Result<GroupStamp> ReadStamp(const rocksdb::WriteBatch& batch, std::string_view log_name) {
  StampFinder finder;
  TANDEM_RETURN_IF_ERROR(FromRocks(batch.Iterate(&finder), log_name));
  if (finder.stamp.has_value()) return *finder.stamp;
  return Status::Corruption(std::string(log_name), "a record without a stamp");
}

}  // namespace tandem::internal
