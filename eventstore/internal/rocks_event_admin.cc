// The event store's part of ProviderAdmin: lists from a snapshot, truncation as a proposal.

#include <rocksdb/snapshot.h>

#include <algorithm>
#include <limits>
#include <string>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/eventstore/event_conflict.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/rocks_event_store.h"
#include "tandem/eventstore/internal/stream_walk.h"

namespace tandem::internal {

class RocksEventStore::TruncateProposal final : public Proposal {
 public:
  TruncateProposal(RocksEventStore& owner, const StreamId& stream, Version before)
      : Proposal(Durability::kSync), owner_(owner), stream_(stream), before_(before) {}

  Status Stage(Staging& staging, Timestamp /*now*/) override {
    const Result<Head> found = owner_.HeadOf(stream_, staging);
    refusal_ = found.status();  // one that is damaged refuses the call; as a failure it would stop
    if (!found.ok()) return Status::Ok();  // the store
    Head head = *found;
    if (before_ > 0 && before_ - 1 > head.visible_version()) {
      refusal_ = VersionConflict(stream_, "at least version " + std::to_string(before_ - 1),
                                 head.visible_version());
      return Status::Ok();
    }
    if (before_ <= head.visible_first()) return Status::Ok();
    removed_ = before_ - head.first;
    owner_.StageRemoval(stream_, head.first, before_, staging);
    head.first = before_;
    owner_.PutHead(stream_, head, staging);
    return Status::Ok();
  }

  // REQUIRES: it was committed.
  Result<std::uint64_t> Removed() const {
    if (!refusal_.ok()) return refusal_;
    return removed_;
  }

 private:
  RocksEventStore& owner_;
  const StreamId& stream_;
  const Version before_;
  Status refusal_;
  std::uint64_t removed_ = 0;
};

Result<std::uint64_t> RocksEventStore::Truncate(CommitDoor& door, const StreamId& stream,
                                                Version before) {
  TANDEM_REQUIRE(!Staging::IsOnThisThread(), "the caller is not in a proposal");
  TANDEM_RETURN_IF_ERROR(ValidateEntity(stream.entity));
  TruncateProposal proposal(*this, stream, before);
  TANDEM_RETURN_IF_ERROR(door.Commit(proposal));
  return proposal.Removed();
}

Result<NamePage> RocksEventStore::ListEntities(const ListOptions& options) const {
  TANDEM_RETURN_IF_ERROR(ValidateListEntities(options));
  rocksdb::ManagedSnapshot snapshot(db_);
  std::string from = options.prefix;
  if (!options.after.empty()) from = std::max(from, options.after + '\0');
  const std::size_t limit = std::min(options.limit, kPageEventsMax);

  NamePage page;
  page.next = options.after;
  // No stream needs a look: an entity with a head has a live one.
  StreamWalk walk(db_, family_, snapshot.snapshot(), StreamId{from, 0}, StreamWalk::Unit::kEntity);
  for (; walk.stream() != nullptr; walk.Next()) {
    if (!walk.stream()->entity.starts_with(options.prefix)) return page;
    page.more = page.names.size() == limit;
    if (page.more) return page;
    page.names.push_back(walk.stream()->entity);
    page.next = page.names.back();
  }
  TANDEM_RETURN_IF_ERROR(walk.status());
  page.more = walk.stopped() && walk.passed().entity.starts_with(options.prefix);
  if (page.more) page.next = walk.passed().entity;
  return page;
}

Result<PartitionPage> RocksEventStore::ListPartitions(std::string_view entity,
                                                      const PartitionOptions& options) const {
  TANDEM_RETURN_IF_ERROR(ValidateListPartitions(entity, options));
  PartitionPage page;
  if (options.after == std::numeric_limits<std::uint64_t>::max()) return page;
  rocksdb::ManagedSnapshot snapshot(db_);
  const std::uint64_t from = options.after.has_value() ? *options.after + 1 : 0;
  const std::size_t limit = std::min(options.limit, kPageEventsMax);

  const StreamId start{std::string(entity), from};
  page.next = options.after;
  StreamWalk walk(db_, family_, snapshot.snapshot(), start, StreamWalk::Unit::kStream);
  for (; walk.stream() != nullptr && walk.stream()->entity == entity; walk.Next()) {
    TANDEM_RETURN_IF_ERROR(walk.head_status());
    if (!walk.exists()) continue;
    page.more = page.partitions.size() == limit;
    if (page.more) return page;
    const Head head = walk.head().value_or(Head());
    page.partitions.push_back(
        {walk.stream()->partition, head.visible_first(), head.visible_version()});
    page.next = walk.stream()->partition;
  }
  TANDEM_RETURN_IF_ERROR(walk.status());
  page.more = walk.stopped() && walk.passed().entity == entity;
  if (page.more) page.next = walk.passed().partition;
  return page;
}

Result<EventCounts> RocksEventStore::Verify(const rocksdb::Snapshot* snapshot) const {
  return VerifyEvents(db_, family_, snapshot);
}

}  // namespace tandem::internal
