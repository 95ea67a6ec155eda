#pragma once

// What operators do with a store: look at it, count it, repair it, copy it. Nothing here is needed
// to use it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eventstore/event_store.h"
#include "messagequeue/message_queue.h"

namespace tandem {

struct ListOptions {
  std::string prefix;  // only names that start with it
  std::string after;   // only names greater than it; empty = from the first
  std::size_t limit = 1000;
};

struct NamePage {
  std::vector<std::string> names;  // in order of their bytes
  bool more = false;               // there are further names
};

struct PartitionInfo {
  std::uint64_t partition = 0;
  Version first = 1;  // as EventPage::first
  Version head = 0;   // 0: it has metadata only
};

struct PartitionOptions {
  std::optional<std::uint64_t> after;  // only partitions greater than it
  std::size_t limit = 1000;
};

struct PartitionPage {
  std::vector<PartitionInfo> partitions;  // in order
  bool more = false;
};

// Every message of a queue is ready, delayed or leased.
struct QueueStatistics {
  std::uint64_t ready = 0;    // visible, not leased; also behind the leased part of their group
  std::uint64_t delayed = 0;  // not visible yet, alone or with their whole group
  std::uint64_t leased = 0;   // under a lease that has not run out
  std::uint64_t dead = 0;     // messages in DeadLetterQueue(queue), whatever their state

  // For how long the longest waiting of the ready ones has been visible; nullopt if none is ready.
  std::optional<std::chrono::microseconds> oldest_age;

  std::uint64_t messages() const { return ready + delayed + leased; }
};

enum class MessageState { kReady, kDelayed, kLeased };

struct BrowsedMessage {
  MessageId id = 0;
  std::string key;
  std::string group;
  MessageState state = MessageState::kReady;
  std::uint32_t delivery_count = 0;
  Timestamp enqueued_at;
  Timestamp visible_at;
  std::string payload;
  std::optional<DeadLetter> dead_letter;
};

struct BrowseOptions {
  std::string after;  // BrowsePage::next of the page before; empty = from the first
  std::size_t limit = 100;
  std::size_t max_bytes = std::size_t{4} << 20;  // of payloads; one message at least is returned
};

struct BrowsePage {
  // First the messages without a group in order of delivery, then group by group, in order of the
  // groups' names, each in order of delivery.
  std::vector<BrowsedMessage> messages;
  std::string next;  // opaque; empty: this was the last page
};

struct RedriveResult {
  std::uint64_t moved = 0;
  std::uint64_t kept = 0;  // leased, or another message holds their key in the queue
};

struct VerifyReport {
  std::uint64_t entities = 0;
  std::uint64_t streams = 0;
  std::uint64_t events = 0;
  std::uint64_t queues = 0;  // that have messages
  std::uint64_t messages = 0;
};

// Thread-safe. Errors common to all calls: InvalidArgument or TooLarge (bad names, limits),
// IoError, Corruption; of those that change something also those of Provider::AtomicBatch.
class ProviderAdmin {
 public:
  virtual ~ProviderAdmin() = default;

  // Entities that have events or metadata.
  virtual Result<NamePage> ListEntities(const ListOptions& options) = 0;
  // Partitions of an entity that have events or metadata.
  virtual Result<PartitionPage> ListPartitions(std::string_view entity,
                                               const PartitionOptions& options) = 0;
  // Queues that have messages.
  virtual Result<NamePage> ListQueues(const ListOptions& options) = 0;

  // Exact when nothing changes meanwhile; else each number is of a moment during the call. Costs as
  // much as the delayed messages are many, not the others.
  virtual Result<QueueStatistics> Statistics(std::string_view queue) = 0;

  // Messages without taking them. Each page is one snapshot. InvalidArgument for an `after` that no
  // page returned.
  virtual Result<BrowsePage> Browse(std::string_view queue, const BrowseOptions& options) = 0;

  // Removes all messages of a queue, also delayed and leased ones (their tokens are gone), and
  // returns how many. In portions: what is enqueued meanwhile may stay, and may go.
  virtual Result<std::uint64_t> Purge(std::string_view queue) = 0;

  // Moves what waits in DeadLetterQueue(queue) back to `queue`, ready at once and as if never
  // delivered; it takes its key again. In portions of one atomic batch each.
  virtual Result<RedriveResult> Redrive(std::string_view queue) = 0;

  // Removes the events of a stream before a version, for good; the version of the stream and of all
  // other events stay. Returns how many. Conflict if `before` > head + 1.
  virtual Result<std::uint64_t> Truncate(const StreamId& stream, Version before) = 0;

  // A copy of the whole store as it is at one moment, made while it is in use, as a store of its
  // own in a new directory: tokens of one mean nothing to the other. Optional: Unsupported.
  virtual Status Checkpoint(const std::filesystem::path& directory) = 0;

  // Reads all there is and checks that it fits together: checksums, records, versions without a
  // hole, feed and streams, groups, keys, counts. Corruption names the first thing that does not.
  virtual Result<VerifyReport> Verify() = 0;
};

}  // namespace tandem
