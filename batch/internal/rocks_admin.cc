#include "batch/internal/rocks_admin.h"

namespace tandem::internal {

Result<NamePage> RocksAdmin::ListEntities(const ListOptions& options) {
  return events_->ListEntities(options);
}

Result<PartitionPage> RocksAdmin::ListPartitions(std::string_view entity,
                                                 const PartitionOptions& options) {
  return events_->ListPartitions(entity, options);
}

Result<std::uint64_t> RocksAdmin::Truncate(const StreamId& stream, Version before) {
  return events_->Truncate(*door_, stream, before);
}

Result<NamePage> RocksAdmin::ListQueues(const ListOptions& /*options*/) {
  return Status::Unsupported("interim");
}

Result<QueueStatistics> RocksAdmin::Statistics(std::string_view /*queue*/) {
  return Status::Unsupported("interim");
}

Result<BrowsePage> RocksAdmin::Browse(std::string_view /*queue*/,
                                      const BrowseOptions& /*options*/) {
  return Status::Unsupported("interim");
}

Result<std::uint64_t> RocksAdmin::Purge(std::string_view /*queue*/) {
  return Status::Unsupported("interim");
}

Result<RedriveResult> RocksAdmin::Redrive(std::string_view /*queue*/) {
  return Status::Unsupported("interim");
}

Status RocksAdmin::Checkpoint(const std::filesystem::path& /*directory*/) {
  return Status::Unsupported("interim");
}

Result<VerifyReport> RocksAdmin::Verify() { return Status::Unsupported("interim"); }

}  // namespace tandem::internal
