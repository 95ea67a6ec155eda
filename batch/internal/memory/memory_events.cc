#include "tandem/batch/internal/memory/memory_events.h"

#include <algorithm>

#include "tandem/base/limits.h"
#include "tandem/eventstore/event_conflict.h"
#include "tandem/eventstore/event_limits.h"

namespace tandem::internal {

namespace {

// Whether a page that has `items` takes a further one: the first always, even if too large.
bool Fits(std::size_t items, std::size_t items_max, std::size_t bytes, std::size_t bytes_max) {
  return items == 0 || (items < items_max && bytes <= bytes_max);
}

}  // namespace

const MemoryStream& MemoryEvents::Find(const StreamId& stream) const {
  static const MemoryStream kEmpty;
  const auto found = streams_.find(stream);
  return found == streams_.end() ? kEmpty : found->second;
}

bool MemoryEvents::IsBuried(const StreamId& stream) const {
  const auto tombstone = tombstones_.find(stream.entity);
  return tombstone != tombstones_.end() && stream.partition <= tombstone->second;
}

Status MemoryEvents::CheckWritable(const StreamId& stream) const {
  if (deleted_.contains(stream)) {
    return VersionConflict(stream, "a partition that was not deleted", 0);
  }
  if (!IsBuried(stream)) return Status::Ok();
  return VersionConflict(stream,
                         "a partition of a new life, above " +
                             std::to_string(tombstones_.at(stream.entity)) + " which was deleted",
                         0);
}

std::optional<PartitionHead> MemoryEvents::LatestLive(std::string_view entity) const {
  std::optional<PartitionHead> latest;
  for (auto it = streams_.lower_bound({std::string(entity), 0});
       it != streams_.end() && it->first.entity == entity; ++it) {
    if (it->second.head() > 0) latest = PartitionHead{it->first.partition, it->second.head()};
  }
  return latest;
}

// --- Checks ----------------------------------------------------------------------------------

Status MemoryEvents::Check(const AppendEvents& append) const {
  TANDEM_RETURN_IF_ERROR(CheckWritable(append.stream));
  return Check(CheckVersion{append.stream, append.expected});
}

Status MemoryEvents::Check(const UpdateMetadata& update) const {
  return CheckWritable(update.stream);
}

Status MemoryEvents::Check(const DeletePartition& remove) const {
  const auto latest = LatestLive(remove.stream.entity);
  if (latest.has_value() && remove.stream.partition < latest->partition) return Status::Ok();
  if (IsBuried(remove.stream)) return Status::Ok();  // deleted already, with its entity
  return VersionConflict(remove.stream, "a partition below the latest", Find(remove.stream).head());
}

Status MemoryEvents::Check(const DeleteEntity& /*remove*/) const { return Status::Ok(); }

Status MemoryEvents::Check(const CheckVersion& check) const {
  const Version actual = Find(check.stream).head();
  if (check.expected.Holds(actual)) return Status::Ok();
  return VersionConflict(check.stream, check.expected.ToString(), actual);
}

Status MemoryEvents::Check(const CheckMetadata& check) const {
  const MemoryStream& stream = Find(check.stream);
  std::optional<std::string> actual;
  if (const auto entry = stream.metadata.find(check.key); entry != stream.metadata.end()) {
    actual = entry->second;
  }
  if (actual == check.expected) return Status::Ok();
  return MetadataConflict(check, actual, stream.head());
}

// --- Effects ---------------------------------------------------------------------------------

OperationResult MemoryEvents::Apply(const AppendEvents& append, Timestamp now) {
  const Version head = Find(append.stream).head();
  AppendResult result;
  result.first = head + 1;
  result.version = head + append.events.size();
  if (append.events.empty()) return result;
  MemoryStream& stream = streams_[append.stream];
  for (const std::string& payload : append.events) {
    const Version version = stream.head() + 1;
    feed_[++last_position_] = {append.stream, version};
    stream.events.push_back(Event{version, last_position_, now, payload});
  }
  result.position = last_position_;
  return result;
}

OperationResult MemoryEvents::Apply(const UpdateMetadata& update, Timestamp /*now*/) {
  MemoryStream& stream = streams_[update.stream];
  for (const std::string& key : update.erase) stream.metadata.erase(key);
  for (const auto& [key, value] : update.set) stream.metadata[key] = value;
  if (stream.head() == 0 && stream.metadata.empty()) streams_.erase(update.stream);
  return std::monostate();
}

OperationResult MemoryEvents::Apply(const DeletePartition& remove, Timestamp /*now*/) {
  if (!streams_.contains(remove.stream)) return DeleteEventsResult{};
  deleted_.insert(remove.stream);
  return DeleteEventsResult{Remove(remove.stream)};
}

OperationResult MemoryEvents::Apply(const DeleteEntity& remove, Timestamp /*now*/) {
  const StreamId first{remove.entity, 0};
  const auto in_entity = [&](const StreamId& stream) { return stream.entity == remove.entity; };
  std::vector<std::uint64_t> partitions;  // that had events, deleted or not
  for (auto it = streams_.lower_bound(first); it != streams_.end() && in_entity(it->first); ++it) {
    if (it->second.head() > 0) partitions.push_back(it->first.partition);
  }
  auto deleted = deleted_.lower_bound(first);
  while (deleted != deleted_.end() && in_entity(*deleted)) {
    partitions.push_back(deleted->partition);
    deleted = deleted_.erase(deleted);
  }
  std::ranges::sort(partitions);

  DeleteEventsResult result;
  result.more = partitions.size() > kCountedPartitionsMax;
  auto stream = streams_.lower_bound(first);
  while (stream != streams_.end() && in_entity(stream->first)) {
    const StreamId lowest = (stream++)->first;
    tombstones_[remove.entity] = lowest.partition;  // the last is the highest
    const std::uint64_t events = Remove(lowest);
    const bool counted = !result.more || lowest.partition < partitions[kCountedPartitionsMax];
    if (counted) result.events += events;
  }
  return result;
}

OperationResult MemoryEvents::Apply(const CheckVersion& /*check*/, Timestamp /*now*/) {
  return std::monostate();
}

OperationResult MemoryEvents::Apply(const CheckMetadata& /*check*/, Timestamp /*now*/) {
  return std::monostate();
}

std::uint64_t MemoryEvents::Remove(const StreamId& stream) {
  const MemoryStream& removed = Find(stream);
  const std::uint64_t events = removed.events.size();
  for (const Event& event : removed.events) feed_.erase(event.position);
  streams_.erase(stream);
  return events;
}

// --- Reads -----------------------------------------------------------------------------------

EventPage MemoryEvents::Read(const StreamId& id, const ReadOptions& options) const {
  const MemoryStream& stream = Find(id);
  const bool forward = options.direction == Direction::kForward;
  EventPage page;
  page.head = stream.head();
  page.first = stream.first;
  page.deleted = !CheckWritable(id).ok();
  page.next = forward ? std::max(options.from.value_or(1), stream.first)
                      : std::min(options.from.value_or(page.head), page.head);

  const std::size_t events_max = std::min(options.max_events, kPageEventsMax);
  const std::size_t bytes_max = std::min(options.max_bytes, kPageBytesMax);
  std::size_t bytes = 0;
  while (page.next >= stream.first && page.next <= page.head) {
    const Event& event = stream.events[page.next - stream.first];
    bytes += event.payload.size();
    if (!Fits(page.events.size(), events_max, bytes, bytes_max)) return page;
    page.events.push_back(event);
    forward ? ++page.next : --page.next;
  }
  if (!forward) page.next = 0;
  return page;
}

FeedPage MemoryEvents::ReadAll(Position after, const FeedOptions& options) const {
  const std::size_t events_max = std::min(options.limit, kPageEventsMax);
  const std::size_t bytes_max = std::min(options.max_bytes, kPageBytesMax);
  FeedPage page;
  std::size_t bytes = 0;
  for (auto it = feed_.upper_bound(after); it != feed_.end(); ++it) {
    const auto& [position, place] = *it;
    const auto& [id, version] = place;
    const MemoryStream& stream = Find(id);
    const Event& event = stream.events[version - stream.first];
    bytes += event.payload.size();
    page.next = position - 1;  // what is between the events is gone
    if (!Fits(page.events.size(), events_max, bytes, bytes_max)) return page;
    page.events.push_back(FeedEvent{id, event});
    page.next = position;
    if (page.events.size() == events_max) return page;
  }
  page.next = std::max(after, last_position_);
  return page;
}

MetadataPage MemoryEvents::ReadMetadata(const StreamId& stream,
                                        const MetadataOptions& options) const {
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  MetadataPage page;
  page.next = options.after;
  std::size_t bytes = 0;
  for (const auto& [key, value] : Find(stream).metadata) {
    if (!key.starts_with(options.prefix) || key <= options.after) continue;
    bytes += key.size() + value.size();
    page.more = !Fits(page.entries.size(), limit, bytes, kPageBytesMax);
    if (page.more) break;
    page.entries.emplace_back(key, value);
    page.next = key;
  }
  return page;
}

std::optional<PartitionHead> MemoryEvents::LatestPartition(std::string_view entity) const {
  if (const auto live = LatestLive(entity)) return live;
  const auto tombstone = tombstones_.find(entity);
  if (tombstone == tombstones_.end()) return std::nullopt;
  return PartitionHead{tombstone->second, 0};
}

// --- Administration --------------------------------------------------------------------------

std::set<std::string> MemoryEvents::Entities() const {
  std::set<std::string> entities;
  for (const auto& [id, stream] : streams_) entities.insert(id.entity);
  return entities;
}

PartitionPage MemoryEvents::ListPartitions(std::string_view entity,
                                           const PartitionOptions& options) const {
  const std::size_t limit = std::min(options.limit, kPageEventsMax);
  PartitionPage page;
  page.next = options.after;
  for (auto it = streams_.lower_bound({std::string(entity), 0});
       it != streams_.end() && it->first.entity == entity; ++it) {
    const auto& [id, stream] = *it;
    if (options.after.has_value() && id.partition <= *options.after) continue;
    page.more = page.partitions.size() == limit;
    if (page.more) break;
    page.partitions.push_back(PartitionInfo{id.partition, stream.first, stream.head()});
    page.next = id.partition;
  }
  return page;
}

Result<std::uint64_t> MemoryEvents::Truncate(const StreamId& id, Version before) {
  const Version head = Find(id).head();
  if (before > head + 1) {
    return VersionConflict(id, "at least version " + std::to_string(before - 1), head);
  }
  std::uint64_t removed = 0;
  if (head == 0) return removed;
  MemoryStream& stream = streams_[id];
  for (; stream.first < before; ++stream.first, ++removed) {
    feed_.erase(stream.events.front().position);
    stream.events.pop_front();
  }
  return removed;
}

Status MemoryEvents::Verify(VerifyReport* report) const {
  report->entities = Entities().size();
  report->streams = streams_.size();
  for (const auto& [id, stream] : streams_) {
    Version version = stream.first;
    for (const Event& event : stream.events) {
      const auto listed = feed_.find(event.position);
      if (event.version != version++ || listed == feed_.end() ||
          listed->second != std::pair(id, event.version)) {
        return Status::Corruption(Describe(id), "an event is not where the feed has it");
      }
    }
    report->events += stream.events.size();
    if (!CheckWritable(id).ok()) return Status::Corruption(Describe(id), "it was deleted");
  }
  if (feed_.size() == report->events) return Status::Ok();
  return Status::Corruption("feed", "it lists events that are not there");
}

}  // namespace tandem::internal
