#pragma once

// What operators do with a message queue: look at what waits, count it, and move or remove it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/base/name_page.h"
#include "tandem/base/result.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

// Every message of a queue is ready, delayed or leased, or it was found to be damaged.
struct QueueStatistics {
  std::uint64_t ready = 0;    // visible, not leased; also behind the leased part of their group
  std::uint64_t delayed = 0;  // not visible yet, alone or with their whole group
  std::uint64_t leased = 0;   // under a lease that has not run out
  // Not delivered, because they can't be read, or stand in a group behind one that can't. Found by
  // taking, since the store was opened; before that they count as what they seem to be.
  std::uint64_t damaged = 0;
  std::uint64_t dead = 0;  // messages in DeadLetterQueue(queue), whatever their state

  // For how long the longest waiting of the ready ones has been visible; nullopt if none is ready.
  std::optional<std::chrono::microseconds> oldest_age = {};

  std::uint64_t messages() const { return ready + delayed + leased + damaged; }
};

// kDamaged: can't be read. Of such a message only the id, the group and the times are known. Purge,
// DeleteGroup, and CancelMessage by its key remove it.
enum class MessageState { kReady, kDelayed, kLeased, kDamaged };

struct BrowsedMessage {
  MessageId id = 0;
  std::string key = {};
  std::string group = {};
  MessageState state = MessageState::kReady;
  std::uint32_t delivery_count = 0;
  Timestamp enqueued_at = {};
  Timestamp visible_at = {};
  std::string payload = {};
  std::optional<DeadLetter> dead_letter = {};
};

struct BrowseOptions {
  std::string after = {};  // BrowsePage::next of the page before; empty = from the first
  std::size_t limit = 100;
  std::size_t max_bytes = std::size_t{4} << 20;  // of payloads; one message at least is returned
};

struct BrowsePage {
  // First the messages without a group in order of delivery, then group by group, in order of the
  // groups' names, each in order of delivery.
  std::vector<BrowsedMessage> messages = {};
  // Opaque; empty: this was the last page. A page passes over a bounded number of messages that
  // are gone (kPagePassedMax): it may have fewer than its limit, or none, though there are more.
  std::string next = {};
};

struct RedriveResult {
  std::uint64_t moved = 0;
  std::uint64_t kept = 0;  // leased, damaged, or another message holds their key in the queue
};

// Thread-safe. Errors as those of MessageQueue.
class QueueAdmin {
 public:
  virtual ~QueueAdmin() = default;

  // Queues that have messages.
  virtual Result<NamePage> ListQueues(const ListOptions& options) = 0;

  // Exact when nothing changes during the call; else each number is of a moment within it. Costs as
  // much as the delayed messages are many, those among them that were cancelled lately, too; not
  // the others.
  virtual Result<QueueStatistics> Statistics(std::string_view queue) = 0;

  // Messages without taking them. Each page is one snapshot. InvalidArgument for an `after` that no
  // page returned.
  virtual Result<BrowsePage> Browse(std::string_view queue, const BrowseOptions& options) = 0;

  // Removes all messages of a queue, also delayed, leased (their tokens are gone) and damaged ones,
  // and returns how many. In portions: a message enqueued during the call may stay or go. Passes
  // over what was removed from the queue lately, as does Redrive, while no other batch is judged.
  virtual Result<std::uint64_t> Purge(std::string_view queue) = 0;

  // Moves what waits in DeadLetterQueue(queue) back to `queue`, ready at once and as if never
  // delivered; it takes its key again. In portions of one atomic batch each.
  virtual Result<RedriveResult> Redrive(std::string_view queue) = 0;
};

}  // namespace tandem
