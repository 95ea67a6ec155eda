#include "tandem/batch/internal/rocks/rocks_admin.h"

#include <rocksdb/snapshot.h>

#include "tandem/base/rocks/rocks_status.h"
#include "tandem/batch/internal/rocks/store_copy.h"
#include "tandem/batch/internal/rocks/store_verifier.h"

namespace tandem::internal {

Result<NamePage> RocksAdmin::ListEntities(const ListOptions& options) {
  return guard_->Call([&] { return events_->ListEntities(options); });
}

Result<PartitionPage> RocksAdmin::ListPartitions(std::string_view entity,
                                                 const PartitionOptions& options) {
  return guard_->Call([&] { return events_->ListPartitions(entity, options); });
}

Result<std::uint64_t> RocksAdmin::Truncate(const StreamId& stream, Version before) {
  return guard_->Call([&] { return events_->Truncate(*door_, stream, before); });
}

Result<NamePage> RocksAdmin::ListQueues(const ListOptions& options) {
  return guard_->Call([&] { return messages_->ListQueues(options); });
}

Result<QueueStatistics> RocksAdmin::Statistics(std::string_view queue) {
  return guard_->Call([&] { return messages_->Statistics(queue); });
}

Result<BrowsePage> RocksAdmin::Browse(std::string_view queue, const BrowseOptions& options) {
  return guard_->Call([&] { return messages_->Browse(queue, options); });
}

Result<std::uint64_t> RocksAdmin::Purge(std::string_view queue) {
  return guard_->Call([&] { return messages_->Purge(queue); });
}

Result<RedriveResult> RocksAdmin::Redrive(std::string_view queue) {
  return guard_->Call([&] { return messages_->Redrive(queue); });
}

Status RocksAdmin::Checkpoint(const std::filesystem::path& directory) {
  return guard_->Call([&]() -> Status {
    TANDEM_RETURN_IF_ERROR(door_->Health());
    return CopyStore(*database_, directory, options_);
  });
}

Result<VerifyReport> RocksAdmin::Verify() {
  return guard_->Call([&]() -> Result<VerifyReport> {
    rocksdb::DB& db = *database_->db;
    TANDEM_RETURN_IF_ERROR(FromRocks(db.VerifyChecksum(), "checksums of the tables"));
    // One write is one group of batches, so a snapshot has all of a batch or nothing.
    rocksdb::ManagedSnapshot snapshot(&db);
    TANDEM_ASSIGN_OR_RETURN(const EventCounts events, events_->Verify(snapshot.snapshot()));
    TANDEM_ASSIGN_OR_RETURN(const QueueCounts queues, messages_->Verify(snapshot.snapshot()));
    TANDEM_ASSIGN_OR_RETURN(const std::uint64_t batch_ids,
                            VerifyStore(*database_, snapshot.snapshot()));
    VerifyReport report;
    report.entities = events.entities;
    report.streams = events.streams;
    report.events = events.events;
    report.queues = queues.queues;
    report.messages = queues.messages;
    report.batch_ids = batch_ids;
    return report;
  });
}

}  // namespace tandem::internal
