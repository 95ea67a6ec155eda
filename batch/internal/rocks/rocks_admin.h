#pragma once

// ProviderAdmin of the RocksDB provider: each store's part is its own, what concerns both is here.

#include <rocksdb/db.h>

#include "tandem/batch/internal/rocks/call_guard.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/eventstore/internal/rocks_event_store.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

// Thread-safe.
class RocksAdmin final : public ProviderAdmin {
 public:
  RocksAdmin(CallGuard* guard, StoreDatabase* database, CommitDoor* door,
             const RocksDbOptions& options, RocksEventStore* events, RocksMessageQueue* messages)
      : guard_(guard),
        database_(database),
        door_(door),
        options_(options),
        events_(events),
        messages_(messages) {}

  Result<NamePage> ListEntities(const ListOptions& options) override;
  Result<PartitionPage> ListPartitions(std::string_view entity,
                                       const PartitionOptions& options) override;
  Result<std::uint64_t> Truncate(const StreamId& stream, Version before) override;

  Result<NamePage> ListQueues(const ListOptions& options) override;
  Result<QueueStatistics> Statistics(std::string_view queue) override;
  Result<BrowsePage> Browse(std::string_view queue, const BrowseOptions& options) override;
  Result<std::uint64_t> Purge(std::string_view queue) override;
  Result<RedriveResult> Redrive(std::string_view queue) override;

  Status Checkpoint(const std::filesystem::path& directory) override;
  Result<VerifyReport> Verify() override;

 private:
  CallGuard* const guard_;
  StoreDatabase* const database_;
  CommitDoor* const door_;
  const RocksDbOptions options_;
  RocksEventStore* const events_;
  RocksMessageQueue* const messages_;
};

}  // namespace tandem::internal
