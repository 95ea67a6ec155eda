#include "tandem/messagequeue/internal/rows/snapshot_reader.h"

#include <memory>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

Result<std::optional<std::string>> SnapshotReader::Get(std::string_view key) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  std::string value;
  const rocksdb::Status read = db_->Get(options, family_, ToSlice(key), &value);
  if (read.IsNotFound()) return std::nullopt;
  if (!read.ok()) return FromRocks(read, "read of a queue");
  return value;
}

Status SnapshotReader::Walk(std::string_view from, std::string_view end, const Visit& visit) const {
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.iterate_upper_bound = &upper;
  // A walk reads each block once, and must not push out what Dequeue needs in the cache.
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    TANDEM_ASSIGN_OR_RETURN(const bool goes_on, visit(ToView(it->key()), ToView(it->value())));
    if (!goes_on) return Status::Ok();
  }
  return FromRocks(it->status(), "scan of a queue");
}

Result<StoredQueue> SnapshotReader::Queue(std::string_view queue) const {
  const std::string key = QueueKey(queue);
  TANDEM_ASSIGN_OR_RETURN(const auto record, Get(key));
  if (!record.has_value()) return StoredQueue();
  const Result<StoredQueue> stored = DecodeQueue(key, *record);
  return stored.ok() ? stored : Recount(queue);
}

Result<StoredQueue> SnapshotReader::Recount(std::string_view queue) const {
  StoredQueue counted;
  std::optional<Place> floor;
  const std::string ready = ReadyPrefix(queue);
  TANDEM_RETURN_IF_ERROR(
      Walk(ready, PrefixEnd(ready),
           [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
             const std::optional<ReadyEntry> entry = ParseReadyKey(key, queue);
             if (!entry.has_value()) return true;
             if (!floor.has_value()) floor = entry->place;
             // A group's one entry stands for all its members, which are counted below.
             if (entry->group.empty()) ++counted.messages;
             return true;
           }));
  const std::string members = MembersPrefix(queue);
  TANDEM_RETURN_IF_ERROR(
      Walk(members, PrefixEnd(members),
           [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
             if (ParseMember(key, queue).has_value()) ++counted.messages;
             return true;
           }));
  counted.floor = floor.value_or(Place());
  return counted;
}

Result<GroupState> SnapshotReader::Group(std::string_view queue, std::string_view group) const {
  const std::string key = GroupKey(queue, group);
  TANDEM_ASSIGN_OR_RETURN(const auto record, Get(key));
  if (!record.has_value()) {
    return Status::Corruption("group '" + std::string(group) + "'", "it has no record");
  }
  return DecodeGroup(key, *record, queue, group);
}

}  // namespace tandem::internal
