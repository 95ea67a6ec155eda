#pragma once

// The values that the message queue stores, between records (queue_records.capnp) and structs.
// Every record that can't be read is Corruption, with `where` as its name.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "messagequeue/internal/queue_keys.h"
#include "messagequeue/message_queue.h"

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

std::string EncodeMessage(const Envelope& envelope, std::string_view payload);
Result<StoredMessage> DecodeMessage(std::string_view record, std::string_view queue, MessageId id);

// What a View sees of a message that is staged (Staging::PutPayload): enough to remove it. Nothing,
// where there is nothing to say.
std::string VisiblePart(const MessageRef& message);
Result<MessageRef> DecodeVisible(std::string_view value, std::string_view queue,
                                 const Place& place);

// What a key's record says of the message that holds it.
struct KeyHolder {
  Place place;
  std::string group;
  bool delayed = false;
};

std::string EncodeKeyHolder(const KeyHolder& holder);
Result<KeyHolder> DecodeKeyHolder(std::string_view record);

std::string EncodeDelivered(std::uint32_t count);
Result<std::uint32_t> DecodeDelivered(std::string_view record);

struct StoredQueue {
  Place floor;
  std::uint64_t messages = 0;
  Timestamp latest = Timestamp::min();  // of the queue's own time (QueueTime)
};

std::string EncodeQueue(const StoredQueue& queue);
Result<StoredQueue> DecodeQueue(std::string_view record);

}  // namespace tandem::internal
