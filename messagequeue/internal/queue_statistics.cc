// What there is: the queues that have messages, and how many are ready, delayed, leased and dead.

#include <algorithm>
#include <map>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/base/rocks/bounded_walk.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"
#include "tandem/messagequeue/internal/rows/snapshot_reader.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

constexpr std::chrono::microseconds kTick{1};

// The first entry of an index that is not visible at `now`, a time of the queue.
Place FirstAfter(Timestamp now) { return Place{SaturatingAdd(now, kTick), 0}; }

// Each entry of the ready index that is not visible yet stands for a message or a whole group; of
// the other groups, the delayed index has those members that are not visible yet.
Result<std::uint64_t> CountDelayed(const SnapshotReader& reader, std::string_view queue,
                                   Timestamp now) {
  std::uint64_t delayed = 0;
  TANDEM_RETURN_IF_ERROR(
      reader.Walk(ReadyKeyFloor(queue, FirstAfter(now)), PrefixEnd(ReadyPrefix(queue)),
                  [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                    const auto entry = ParseReadyKey(key, queue);
                    if (!entry.has_value()) return true;
                    if (entry->group.empty()) {
                      ++delayed;
                      return true;
                    }
                    const Result<GroupState> state = reader.Group(queue, entry->group);
                    if (state.ok()) delayed += state->size;
                    return true;
                  }));
  TANDEM_RETURN_IF_ERROR(
      reader.Walk(DelayedKey(queue, FirstAfter(now), {}), PrefixEnd(DelayedPrefix(queue)),
                  [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                    const auto entry = ParseDelayedKey(key, queue);
                    if (!entry.has_value()) return true;
                    const Result<GroupState> state = reader.Group(queue, entry->group);
                    if (state.ok() && state->ready().visible_at <= now) ++delayed;
                    return true;
                  }));
  return delayed;
}

// Visible ones that are not delivered because of what is damaged.
Result<std::uint64_t> CountDamaged(const SnapshotReader& reader, std::string_view queue,
                                   const std::map<Place, Damage>& damaged, Timestamp now) {
  std::uint64_t messages = 0;
  for (const auto& [place, damage] : damaged) {
    if (damage.group.empty()) {
      ++messages;
      continue;
    }
    TANDEM_RETURN_IF_ERROR(
        reader.Walk(MemberKey(queue, damage.group, damage.message),
                    MemberKey(queue, damage.group, FirstAfter(now)),
                    [&messages](std::string_view /*key*/, std::string_view) -> Result<bool> {
                      ++messages;
                      return true;
                    }));
  }
  return messages;
}

bool Covers(const Lease& lease, const Place& place) {
  return std::ranges::any_of(
      lease.messages, [&place](const MessageRef& message) { return message.place == place; });
}

// Since when, by the queue's time, the first member that the lease does not cover is visible;
// nullopt if there is none. A redriven one may stand before those that are leased.
Result<std::optional<Timestamp>> ReadySinceBeside(const SnapshotReader& reader, const Lease& lease,
                                                  Timestamp now) {
  const auto& [queue, group, id] = lease.item;
  const std::string prefix = MemberPrefix(queue, group);
  const Result<GroupState> state = reader.Group(queue, group);
  std::optional<Timestamp> since;
  if (!state.ok()) return since;  // it is damaged
  TANDEM_RETURN_IF_ERROR(
      reader.Walk(MemberKey(queue, group, state->head), PrefixEnd(prefix),
                  [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                    const auto place = ParseMemberKey(key, prefix);
                    if (!place.has_value()) return true;
                    if (place->visible_at > now) return false;
                    if (Covers(lease, *place)) return true;
                    since = std::max(place->visible_at, state->not_before);
                    return false;
                  }));
  return since;
}

}  // namespace

Result<NamePage> RocksMessageQueue::ListQueues(const ListOptions& options) const {
  if (options.limit == 0) return Status::InvalidArgument("limit must not be 0");
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  NamePage page;
  page.next = options.after;
  BoundedWalk walk(parts_.rows.db(), parts_.rows.family(),
                   QueueKey(std::max(options.prefix, options.after)),
                   PrefixEnd(QueueKeyPrefix(options.prefix)));
  while (walk.Valid()) {
    std::optional<std::string> name = KeyReader(walk.key(), 'Q').Escaped();
    if (!name.has_value() || *name <= options.after) {
      walk.Pass();
      continue;
    }
    page.more = page.names.size() == limit;
    if (page.more) return page;
    page.next = *name;
    page.names.push_back(*std::move(name));
    walk.Next();
  }
  if (walk.stopped()) {
    page.more = true;
    page.next = KeyReader(walk.passed(), 'Q').Escaped().value_or(page.next);
  }
  TANDEM_RETURN_IF_ERROR(walk.status());
  return page;
}

Result<QueueStatistics> RocksMessageQueue::Statistics(std::string_view queue) const {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  const SnapshotReader reader(parts_.rows.db(), parts_.rows.family());
  const Timestamp now = clock_->Now();
  QueueStatistics statistics;
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue stored, reader.Queue(queue));
  const Timestamp queue_now = parts_.states.TimeOf(queue, stored).Of(now);
  TANDEM_ASSIGN_OR_RETURN(const StoredQueue dead, reader.Queue(DeadLetterQueue(queue)));
  statistics.dead = dead.messages;
  if (stored.messages == 0) return statistics;
  std::map<Place, Damage> damaged;
  {
    const auto memory = parts_.states.Lock();
    statistics.leased = memory->leases.MessagesHeld(queue, now);
    const auto state = memory->queues.find(queue);
    if (state != memory->queues.end()) damaged = state->second.damaged;
  }
  TANDEM_ASSIGN_OR_RETURN(statistics.delayed, CountDelayed(reader, queue, queue_now));
  TANDEM_ASSIGN_OR_RETURN(statistics.damaged, CountDamaged(reader, queue, damaged, queue_now));
  // The leases are not part of the snapshot.
  const std::uint64_t others = statistics.leased + statistics.delayed + statistics.damaged;
  statistics.ready = stored.messages - std::min(stored.messages, others);

  std::optional<Timestamp> oldest;
  const auto consider = [&oldest](Timestamp since) {
    oldest = std::min(oldest.value_or(since), since);
  };
  const ReadyHint hint = parts_.ready.Hint(queue, stored, now);
  for (const Place& place : hint.expired) consider(place.visible_at);
  for (const Lease& lease : hint.groups) {
    TANDEM_ASSIGN_OR_RETURN(const auto since, ReadySinceBeside(reader, lease, queue_now));
    if (since.has_value()) consider(*since);
  }
  if (hint.from.has_value()) {
    TANDEM_RETURN_IF_ERROR(
        reader.Walk(ReadyKeyFloor(queue, *hint.from), ReadyKeyFloor(queue, FirstAfter(queue_now)),
                    [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
                      const auto entry = ParseReadyKey(key, queue);
                      if (!entry.has_value() || damaged.contains(entry->place)) return true;
                      if (parts_.leases.Held(queue, *entry, now).has_value()) return true;
                      consider(entry->place.visible_at);
                      return false;  // what follows is younger
                    }));
  }
  if (oldest.has_value()) statistics.oldest_age = queue_now - *oldest;
  return statistics;
}

}  // namespace tandem::internal
