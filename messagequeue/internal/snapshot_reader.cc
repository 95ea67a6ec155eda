#include "messagequeue/internal/snapshot_reader.h"

#include <memory>
#include <utility>

#include "base/rocks/rocks_status.h"

namespace tandem::internal {

Result<std::optional<std::string>> SnapshotReader::Get(std::string_view key) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  std::string value;
  const rocksdb::Status read = db_->Get(options, family_, ToSlice(key), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  if (!read.ok()) return FromRocks(read, "read of a queue");
  return std::optional<std::string>(std::move(value));
}

Status SnapshotReader::Walk(std::string_view from, std::string_view end, const Visit& visit) const {
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    TANDEM_ASSIGN_OR_RETURN(const bool goes_on, visit(ToView(it->key()), ToView(it->value())));
    if (!goes_on) return Status::Ok();
  }
  return FromRocks(it->status(), "scan of a queue");
}

Result<StoredQueue> SnapshotReader::Queue(std::string_view queue) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, Get(QueueKey(queue)));
  if (!record.has_value()) return StoredQueue();
  return DecodeQueue(*record);
}

Result<GroupState> SnapshotReader::Group(std::string_view queue, std::string_view group) const {
  TANDEM_ASSIGN_OR_RETURN(const auto record, Get(GroupKey(queue, group)));
  if (!record.has_value()) {
    return Status::Corruption("group '" + std::string(group) + "'", "it has no record");
  }
  return DecodeGroup(*record, queue, group);
}

}  // namespace tandem::internal
