#pragma once

// ProviderAdmin of the provider in memory.

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "tandem/base/process_mark.h"
#include "tandem/batch/internal/memory/memory_store.h"
#include "tandem/batch/provider_admin.h"

namespace tandem::internal {

// Thread-safe.
class MemoryAdmin final : public ProviderAdmin {
 public:
  // Both outlive this.
  MemoryAdmin(const ProcessMark* mark, MemoryStore* store) : mark_(mark), store_(store) {}

  Result<NamePage> ListEntities(const ListOptions& options) override;
  Result<PartitionPage> ListPartitions(std::string_view entity,
                                       const PartitionOptions& options) override;
  Result<NamePage> ListQueues(const ListOptions& options) override;
  Result<QueueStatistics> Statistics(std::string_view queue) override;
  Result<BrowsePage> Browse(std::string_view queue, const BrowseOptions& options) override;
  Result<std::uint64_t> Purge(std::string_view queue) override;
  Result<RedriveResult> Redrive(std::string_view queue) override;
  Result<std::uint64_t> Truncate(const StreamId& stream, Version before) override;
  Status Checkpoint(const std::filesystem::path& directory) override;  // Unsupported
  Result<VerifyReport> Verify() override;

 private:
  const ProcessMark* const mark_;
  MemoryStore* const store_;
};

}  // namespace tandem::internal
