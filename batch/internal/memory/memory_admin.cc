#include "tandem/batch/internal/memory/memory_admin.h"

#include <algorithm>
#include <set>

#include "tandem/base/limits.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

Status ValidateLimit(std::size_t limit) {
  if (limit > 0) return Status::Ok();
  return Status::InvalidArgument("limit must not be 0");
}

NamePage PageOf(const std::set<std::string>& names, const ListOptions& options) {
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  NamePage page;
  page.next = options.after;  // of an empty page: the reader goes on from where it was
  for (const std::string& name : names) {
    if (!name.starts_with(options.prefix) || name <= options.after) continue;
    page.more = page.names.size() == limit;
    if (page.more) break;
    page.names.push_back(name);
    page.next = name;
  }
  return page;
}

}  // namespace

Result<NamePage> MemoryAdmin::ListEntities(const ListOptions& options) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateLimit(options.limit));
  return store_->Look([&](const MemoryState& state, Timestamp /*now*/) {
    return PageOf(state.events.Entities(), options);
  });
}

Result<PartitionPage> MemoryAdmin::ListPartitions(std::string_view entity,
                                                  const PartitionOptions& options) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateEntity(entity));
  TANDEM_RETURN_IF_ERROR(ValidateLimit(options.limit));
  return store_->Look([&](const MemoryState& state, Timestamp /*now*/) {
    return state.events.ListPartitions(entity, options);
  });
}

Result<NamePage> MemoryAdmin::ListQueues(const ListOptions& options) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateLimit(options.limit));
  return store_->Look([&](const MemoryState& state, Timestamp /*now*/) {
    return PageOf(state.queues.Names(), options);
  });
}

Result<QueueStatistics> MemoryAdmin::Statistics(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  return store_->Look([&](const MemoryState& state, Timestamp now) {
    return state.queues.Statistics(std::string(queue), now);
  });
}

Result<BrowsePage> MemoryAdmin::Browse(std::string_view queue, const BrowseOptions& options) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  TANDEM_RETURN_IF_ERROR(ValidateLimit(options.limit));
  return store_->Look([&](const MemoryState& state, Timestamp now) {
    return state.queues.Browse(std::string(queue), options, now);
  });
}

Result<std::uint64_t> MemoryAdmin::Purge(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  return store_->Change([&](MemoryState& state, Timestamp /*now*/) {
    return state.queues.Purge(std::string(queue));
  });
}

Result<RedriveResult> MemoryAdmin::Redrive(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  TANDEM_RETURN_IF_ERROR(CheckName("queue of the dead letters", DeadLetterQueue(queue)));
  return store_->Change([&](MemoryState& state, Timestamp now) {
    return state.queues.Redrive(std::string(queue), now);
  });
}

Result<std::uint64_t> MemoryAdmin::Truncate(const StreamId& stream, Version before) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  TANDEM_RETURN_IF_ERROR(ValidateEntity(stream.entity));
  return store_->Change(
      [&](MemoryState& state, Timestamp /*now*/) { return state.events.Truncate(stream, before); });
}

Status MemoryAdmin::Checkpoint(const std::filesystem::path& /*directory*/) {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  return Status::Unsupported("a store in memory has no files to copy; see MemoryProvider::Image");
}

Result<VerifyReport> MemoryAdmin::Verify() {
  TANDEM_RETURN_IF_ERROR(mark_->Check());
  // In one look, so that all of it is of one moment.
  return store_->Look([](const MemoryState& state, Timestamp /*now*/) -> Result<VerifyReport> {
    VerifyReport report;
    TANDEM_RETURN_IF_ERROR(state.events.Verify(&report));
    TANDEM_RETURN_IF_ERROR(state.queues.Verify(&report));
    report.batch_ids = state.applied.size();
    return report;
  });
}

}  // namespace tandem::internal
