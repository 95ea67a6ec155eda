#pragma once

// The values that the message queue stores, between sealed records (queue_records.capnp,
// sealed_record.h) and structs. A record that can't be read, or was not sealed for its key, is
// Corruption that names it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem::internal {

// What there is to know of a message besides its place and group, which its key tells.
struct Envelope {
  Timestamp enqueued_at;
  std::string key;
  std::optional<DeadLetter> dead_letter;
  bool delayed = false;  // a member of a group with an entry in the delayed index

  // A dead letter tells its key, and holds it nowhere.
  std::string HeldKey() const { return dead_letter.has_value() ? std::string() : key; }
  MessageRef RefAt(const Place& place) const { return {place, HeldKey(), delayed}; }
};

struct StoredMessage : Envelope {
  std::string payload;
};

std::string EncodeMessage(std::string_view key, const Envelope& envelope, std::string_view payload);
Result<StoredMessage> DecodeMessage(std::string_view key, std::string_view value,
                                    std::string_view queue, MessageId id);

// What a View sees of a message that is staged (Staging::PutPayload): enough to remove it. Nothing,
// where there is nothing to say.
std::string VisiblePart(std::string_view key, const MessageRef& message);
Result<MessageRef> DecodeVisible(std::string_view key, std::string_view value,
                                 std::string_view queue, const Place& place);
// The same; of a message that can't be read, what its key alone tells.
MessageRef RefOf(std::string_view key, std::string_view value, std::string_view queue,
                 const Place& place);

// What a key's record says of the message that holds it.
struct KeyHolder {
  Place place;
  std::string group;
  bool delayed = false;
};

std::string EncodeKeyHolder(std::string_view key, const KeyHolder& holder);
Result<KeyHolder> DecodeKeyHolder(std::string_view key, std::string_view value);

std::string EncodeDelivered(std::string_view key, std::uint32_t count);
Result<std::uint32_t> DecodeDelivered(std::string_view key, std::string_view value);

struct StoredQueue {
  Place floor;
  std::uint64_t messages = 0;
  Timestamp latest = Timestamp::min();  // of the queue's own time (QueueTime)
};

std::string EncodeQueue(std::string_view key, const StoredQueue& queue);
Result<StoredQueue> DecodeQueue(std::string_view key, std::string_view value);

}  // namespace tandem::internal
