#include "batch/internal/rocks_admin.h"

namespace tandem::internal {

Result<NamePage> RocksAdmin::ListEntities(const ListOptions& /*options*/) {
  return Status::Unsupported("interim");
}

Result<PartitionPage> RocksAdmin::ListPartitions(std::string_view /*entity*/,
                                                 const PartitionOptions& /*options*/) {
  return Status::Unsupported("interim");
}

Result<std::uint64_t> RocksAdmin::Truncate(const StreamId& /*stream*/, Version /*before*/) {
  return Status::Unsupported("interim");
}

Result<NamePage> RocksAdmin::ListQueues(const ListOptions& options) {
  return messages_->ListQueues(options);
}

Result<QueueStatistics> RocksAdmin::Statistics(std::string_view queue) {
  return messages_->Statistics(queue);
}

Result<BrowsePage> RocksAdmin::Browse(std::string_view queue, const BrowseOptions& options) {
  return messages_->Browse(queue, options);
}

Result<std::uint64_t> RocksAdmin::Purge(std::string_view queue) { return messages_->Purge(queue); }

Result<RedriveResult> RocksAdmin::Redrive(std::string_view queue) {
  return messages_->Redrive(queue);
}

Status RocksAdmin::Checkpoint(const std::filesystem::path& /*directory*/) {
  return Status::Unsupported("interim");
}

Result<VerifyReport> RocksAdmin::Verify() { return Status::Unsupported("interim"); }

}  // namespace tandem::internal
