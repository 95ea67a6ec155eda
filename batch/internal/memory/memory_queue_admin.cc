// What operators see and do of the queues of the in-memory provider.

#include <algorithm>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/limits.h"
#include "tandem/batch/internal/memory/memory_queues.h"

namespace tandem::internal {

namespace {

// Where a page of Browse ended: the last message that it has. First those without a group.
struct BrowseEnd {
  std::string group;
  Place place;

  auto operator<=>(const BrowseEnd&) const = default;
};

std::string Encode(const std::string& queue, const BrowseEnd& end) {
  const auto visible_at = end.place.visible_at.time_since_epoch().count();
  return KeyWriter('B')
      .Escaped(queue)
      .Escaped(end.group)
      .U64(static_cast<std::uint64_t>(visible_at))
      .U64(end.place.id)
      .Take();
}

std::optional<BrowseEnd> Decode(const std::string& queue, const std::string& bytes) {
  KeyReader reader(bytes, 'B');
  const auto of_queue = reader.Escaped();
  auto group = reader.Escaped();
  const auto visible_at = reader.U64();
  const auto id = reader.U64();
  if (!id.has_value() || !reader.AtEnd() || of_queue != queue) return std::nullopt;
  const std::chrono::microseconds since_epoch(static_cast<std::int64_t>(*visible_at));
  return BrowseEnd{*std::move(group), Place{Timestamp(since_epoch), *id}};
}

// The places of a queue in the order in which Browse shows them.
std::vector<BrowseEnd> InOrder(const MemoryQueue& queue) {
  std::vector<BrowseEnd> order;
  for (const auto& [place, message] : queue.messages) order.push_back({message.group, place});
  std::ranges::sort(order);
  return order;
}

}  // namespace

std::set<std::string> MemoryQueues::Names() const {
  std::set<std::string> names;
  for (const auto& [name, queue] : queues_) names.insert(name);
  return names;
}

MessageState MemoryQueues::StateOf(const MemoryQueue& queue, const Place& place,
                                   const MemoryMessage& message, Timestamp now) const {
  if (message.lease != 0 && leases_.at(message.lease).deadline > now) return MessageState::kLeased;
  const bool is_delayed = queue.VisibleAt(place, message) > queue.time.Of(now);
  return is_delayed ? MessageState::kDelayed : MessageState::kReady;
}

QueueStatistics MemoryQueues::Statistics(const std::string& name, Timestamp now) const {
  QueueStatistics statistics;
  if (const auto dead = queues_.find(DeadLetterQueue(name)); dead != queues_.end()) {
    statistics.dead = dead->second.messages.size();
  }
  const auto found = queues_.find(name);
  if (found == queues_.end()) return statistics;
  for (const auto& [place, message] : found->second.messages) {
    switch (StateOf(found->second, place, message, now)) {
      case MessageState::kReady: {
        ++statistics.ready;
        const auto age = found->second.time.Of(now) - found->second.VisibleAt(place, message);
        statistics.oldest_age = std::max(statistics.oldest_age.value_or(age), age);
        break;
      }
      case MessageState::kDelayed:
        ++statistics.delayed;
        break;
      case MessageState::kDamaged:
        break;  // never: nothing in memory is damaged
      case MessageState::kLeased:
        ++statistics.leased;
        break;
    }
  }
  return statistics;
}

Result<BrowsePage> MemoryQueues::Browse(const std::string& name, const BrowseOptions& options,
                                        Timestamp now) const {
  std::optional<BrowseEnd> after;
  if (!options.after.empty()) {
    after = Decode(name, options.after);
    if (!after.has_value()) return Status::InvalidArgument("no page of this queue ended there");
  }
  BrowsePage page;
  const auto found = queues_.find(name);
  if (found == queues_.end()) return page;
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  const std::size_t bytes_max = std::min(options.max_bytes, kPageBytesMax);
  std::size_t bytes = 0;
  std::optional<BrowseEnd> last;
  for (const BrowseEnd& next : InOrder(found->second)) {
    if (after.has_value() && next <= *after) continue;
    const MemoryMessage& message = found->second.messages.at(next.place);
    bytes += message.payload.size();
    const bool full = page.messages.size() == limit || bytes > bytes_max;
    if (full && last.has_value()) {
      page.next = Encode(name, *last);
      break;
    }
    BrowsedMessage shown;
    shown.id = next.place.id;
    shown.key = message.key;
    shown.group = message.group;
    shown.state = StateOf(found->second, next.place, message, now);
    shown.delivery_count = message.delivery_count;
    shown.enqueued_at = message.enqueued_at;
    shown.visible_at = found->second.time.ClockAt(found->second.VisibleAt(next.place, message));
    shown.payload = message.payload;
    shown.dead_letter = message.dead_letter;
    page.messages.push_back(std::move(shown));
    last = next;
  }
  return page;
}

std::uint64_t MemoryQueues::Purge(const std::string& name) {
  const auto found = queues_.find(name);
  if (found == queues_.end()) return 0;
  const std::uint64_t messages = found->second.messages.size();
  for (const auto& [place, message] : found->second.messages) {
    const auto lease = leases_.find(message.lease);
    if (lease == leases_.end()) continue;
    holders_.erase(lease->second.item);
    leases_.erase(lease);
  }
  queues_.erase(found);
  ++changes_;
  return messages;
}

RedriveResult MemoryQueues::Redrive(const std::string& name, Timestamp now) {
  const std::string dead = DeadLetterQueue(name);
  RedriveResult result;
  const auto found = queues_.find(dead);
  if (found == queues_.end()) return result;
  for (const auto& [group, place] : InOrder(found->second)) {
    const MemoryMessage& letter = queues_.at(dead).messages.at(place);
    const auto target = queues_.find(name);
    const bool key_held =
        !letter.key.empty() && target != queues_.end() && target->second.keys.contains(letter.key);
    if (key_held || (letter.lease != 0 && leases_.at(letter.lease).deadline > now)) {
      ++result.kept;
      continue;
    }
    EndLease(letter.lease, /*count=*/true);  // it has run out
    MemoryMessage message = Remove(dead, place, now);
    message.dead_letter.reset();
    message.delivery_count = 0;
    Insert(name, now, place.id, std::move(message), now);
    ++result.moved;
  }
  DropEmpty();
  return result;
}

Status MemoryQueues::Verify(VerifyReport* report) const {
  report->queues = queues_.size();
  for (const auto& [name, queue] : queues_) {
    const std::string where = "queue '" + name + "'";
    report->messages += queue.messages.size();
    std::size_t members = 0;
    std::size_t keys = 0;
    for (const auto& [place, message] : queue.messages) {
      members += message.group.empty() ? 0 : 1;
      keys += message.HoldsKey() ? 1 : 0;
      const auto group = queue.groups.find(message.group);
      if (group != queue.groups.end() && !group->second.members.contains(place)) {
        return Status::Corruption(where, "a message is missing in its group");
      }
      const auto key = queue.keys.find(message.key);
      if (message.HoldsKey() && (key == queue.keys.end() || key->second != place)) {
        return Status::Corruption(where, "a message does not hold its key");
      }
      if (message.lease != 0 && !leases_.contains(message.lease)) {
        return Status::Corruption(where, "a message is under a lease that has ended");
      }
    }
    for (const auto& [group, state] : queue.groups) members -= state.members.size();
    if (members != 0) return Status::Corruption(where, "a group has members that are not there");
    if (keys != queue.keys.size()) return Status::Corruption(where, "a key is held by nothing");
  }
  return Status::Ok();
}

}  // namespace tandem::internal
