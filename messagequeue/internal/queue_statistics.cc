// What there is: the queues that have messages, and how many are ready, delayed, leased and dead.

#include <algorithm>
#include <utility>

#include "base/key_encoding.h"
#include "base/limits.h"
#include "messagequeue/internal/queue_limits.h"
#include "messagequeue/internal/rocks_message_queue.h"
#include "messagequeue/internal/snapshot_reader.h"

namespace tandem::internal {

namespace {

constexpr std::chrono::microseconds kTick{1};

// The first entry of an index that is not visible at `now`.
Place FirstAfter(Timestamp now) { return Place{now + kTick, 0}; }

// Each entry of the ready index that is not visible yet stands for a message or a whole group; of
// the other groups, the delayed index has those members that are not visible yet.
Result<std::uint64_t> CountDelayed(const SnapshotReader& reader, std::string_view queue,
                                   Timestamp now) {
  std::uint64_t delayed = 0;
  TANDEM_RETURN_IF_ERROR(reader.Walk(
      ReadyKeyFloor(queue, FirstAfter(now)), PrefixEnd(ReadyPrefix(queue)),
      [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
        const auto entry = ParseReadyKey(key, queue);
        if (!entry.has_value()) return Status::Corruption("ready index", "bad key");
        if (entry->group.empty()) {
          ++delayed;
          return true;
        }
        TANDEM_ASSIGN_OR_RETURN(const GroupState state, reader.Group(queue, entry->group));
        delayed += state.size;
        return true;
      }));
  TANDEM_RETURN_IF_ERROR(reader.Walk(
      DelayedKey(queue, FirstAfter(now), {}), PrefixEnd(DelayedPrefix(queue)),
      [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
        const auto entry = ParseDelayedKey(key, queue);
        if (!entry.has_value()) return Status::Corruption("delayed index", "bad key");
        TANDEM_ASSIGN_OR_RETURN(const GroupState state, reader.Group(queue, entry->group));
        if (state.ready().visible_at <= now) ++delayed;
        return true;
      }));
  return delayed;
}

bool Covers(const Lease& lease, const Place& place) {
  return std::ranges::any_of(
      lease.messages, [&place](const MessageRef& message) { return message.place == place; });
}

// Since when the first member that the lease does not cover is visible; nullopt if there is none.
// A redriven one may stand before those that are leased.
Result<std::optional<Timestamp>> ReadySinceBeside(const SnapshotReader& reader, const Lease& lease,
                                                  Timestamp now) {
  const auto& [queue, group, id] = lease.item;
  const std::string prefix = MemberPrefix(queue, group);
  TANDEM_ASSIGN_OR_RETURN(const GroupState state, reader.Group(queue, group));
  std::optional<Timestamp> since;
  TANDEM_RETURN_IF_ERROR(
      reader.Walk(MemberKey(queue, group, state.head), PrefixEnd(prefix),
                  [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                    const auto place = ParseMemberKey(key, prefix);
                    if (!place.has_value()) {
                      return Status::Corruption("group '" + group + "'", "bad key");
                    }
                    if (place->visible_at > now) return false;
                    if (Covers(lease, *place)) return true;
                    since = std::max(place->visible_at, state.not_before);
                    return false;
                  }));
  return since;
}

}  // namespace

Result<NamePage> RocksMessageQueue::ListQueues(const ListOptions& options) const {
  if (options.limit == 0) return Status::InvalidArgument("limit must not be 0");
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  const SnapshotReader reader(db_, family_);
  NamePage page;
  page.next = options.after;
  TANDEM_RETURN_IF_ERROR(
      reader.Walk(QueueKey(std::max(options.prefix, options.after)), PrefixEnd("Q"),
                  [&](std::string_view key, std::string_view value) -> Result<bool> {
                    std::optional<std::string> name = KeyReader(key, 'Q').Escaped();
                    if (!name.has_value()) {
                      return Status::Corruption("record of a queue", "bad key");
                    }
                    if (!name->starts_with(options.prefix)) return false;
                    TANDEM_ASSIGN_OR_RETURN(const StoredQueue queue, DecodeQueue(value));
                    if (queue.messages == 0 || *name <= options.after) return true;
                    page.more = page.names.size() == limit;
                    if (page.more) return false;
                    page.next = *name;
                    page.names.push_back(*std::move(name));
                    return true;
                  }));
  return page;
}

Result<QueueStatistics> RocksMessageQueue::Statistics(std::string_view queue) const {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  const SnapshotReader reader(db_, family_);
  const Timestamp now = clock_->Now();
  QueueStatistics statistics;
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, reader.Queue(queue));
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue dead, reader.Queue(DeadLetterQueue(queue)));
  statistics.dead = dead.messages;
  statistics.leased = memory_.Lock()->leases.MessagesHeld(queue, now);
  TANDEM_ASSIGN_OR_RETURN(statistics.delayed, CountDelayed(reader, queue, now));
  // The leases are not part of the snapshot.
  const std::uint64_t others = statistics.leased + statistics.delayed;
  statistics.ready = stored.messages - std::min(stored.messages, others);

  std::optional<Timestamp> oldest;
  const auto consider = [&oldest](Timestamp since) {
    oldest = std::min(oldest.value_or(since), since);
  };
  TANDEM_RETURN_IF_ERROR(reader.Walk(
      ReadyKeyFloor(queue, stored.floor), ReadyKeyFloor(queue, FirstAfter(now)),
      [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
        const auto entry = ParseReadyKey(key, queue);
        if (!entry.has_value()) return Status::Corruption("ready index", "bad key");
        const auto lease = HeldLeaseOf(queue, *entry, now);
        if (!lease.has_value()) {
          consider(entry->place.visible_at);
          return false;  // what follows is younger
        }
        if (entry->group.empty()) return true;
        TANDEM_ASSIGN_OR_RETURN(const auto since, ReadySinceBeside(reader, *lease, now));
        if (since.has_value()) consider(*since);
        return true;
      }));
  if (oldest.has_value()) statistics.oldest_age = now - *oldest;
  return statistics;
}

// A copy: others may end it at any time.
std::optional<Lease> RocksMessageQueue::HeldLeaseOf(std::string_view queue, const ReadyEntry& entry,
                                                    Timestamp now) const {
  const MessageId id = entry.group.empty() ? entry.place.id : 0;
  const auto memory = memory_.Lock();
  const auto lease = memory->leases.FindItem(LeaseItem{std::string(queue), entry.group, id});
  if (lease == nullptr || lease->deadline <= now) return std::nullopt;
  return *lease;
}

}  // namespace tandem::internal
