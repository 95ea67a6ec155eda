#include "tandem/messagequeue/internal/rows/stored_messages.h"

#include "tandem/base/key_encoding.h"
#include "tandem/base/record.h"
#include "tandem/base/sealed_record.h"
#include "tandem/messagequeue/queue_records.capnp.h"

namespace tandem::internal {

namespace {

Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }
std::int64_t ToMicros(Timestamp time) { return time.time_since_epoch().count(); }

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

std::string EncodeMessage(std::string_view key, const Envelope& envelope,
                          std::string_view payload) {
  return EncodeSealed<MessageRecord>(key, [&](MessageRecord::Builder record) {
    record.setEnqueuedAt(ToMicros(envelope.enqueued_at));
    record.setKey(ToData(envelope.key));
    record.setPayload(ToData(payload));
    record.setDelayed(envelope.delayed);
    if (!envelope.dead_letter.has_value()) return;
    record.setDeadFrom(ToData(envelope.dead_letter->queue));
    record.setDeadDeliveries(envelope.dead_letter->deliveries);
  });
}

Result<StoredMessage> DecodeMessage(std::string_view key, std::string_view value,
                                    std::string_view queue, MessageId id) {
  StoredMessage message;
  const auto where = [&] { return "message " + std::to_string(id) + " of queue " + Quoted(queue); };
  TANDEM_RETURN_IF_ERROR(
      DecodeSealed<MessageRecord>(key, value, where, [&message](MessageRecord::Reader stored) {
        message.enqueued_at = FromMicros(stored.getEnqueuedAt());
        message.key = ToBytes(stored.getKey());
        message.payload = ToBytes(stored.getPayload());
        message.delayed = stored.getDelayed();
        if (stored.getDeadFrom().size() == 0) return;
        message.dead_letter =
            DeadLetter{std::string(ToBytes(stored.getDeadFrom())), stored.getDeadDeliveries()};
      }));
  return message;
}

std::string VisiblePart(std::string_view key, const MessageRef& message) {
  if (message.held_key.empty() && !message.delayed) return {};
  Envelope part;
  part.key = message.held_key;
  part.delayed = message.delayed;
  return EncodeMessage(key, part, {});
}

Result<MessageRef> DecodeVisible(std::string_view key, std::string_view value,
                                 std::string_view queue, const Place& place) {
  if (value.empty()) return MessageRef{place, {}, false};
  TANDEM_ASSIGN_OR_RETURN(const StoredMessage message, DecodeMessage(key, value, queue, place.id));
  return message.RefAt(place);
}

MessageRef RefOf(std::string_view key, std::string_view value, std::string_view queue,
                 const Place& place) {
  Result<MessageRef> message = DecodeVisible(key, value, queue, place);
  // `delayed` is assumed, so that a removal also deletes the entry in the delayed index. If there
  // is none, that deletes nothing.
  return message.ok() ? *std::move(message) : MessageRef{place, {}, /*delayed=*/true};
}

std::string EncodeKeyHolder(std::string_view key, const KeyHolder& holder) {
  return EncodeSealed<KeyRecord>(key, [&holder](KeyRecord::Builder record) {
    record.setId(holder.place.id);
    record.setVisibleAt(ToMicros(holder.place.visible_at));
    record.setGroup(ToData(holder.group));
    record.setDelayed(holder.delayed);
  });
}

Result<KeyHolder> DecodeKeyHolder(std::string_view key, std::string_view value) {
  KeyHolder holder;
  const auto where = [key] {
    KeyReader reader(key, 'K');
    const std::string queue = reader.Escaped().value_or("");
    return "key " + Quoted(reader.Raw().value_or("")) + " in queue " + Quoted(queue);
  };
  TANDEM_RETURN_IF_ERROR(
      DecodeSealed<KeyRecord>(key, value, where, [&holder](KeyRecord::Reader stored) {
        holder.place = Place{FromMicros(stored.getVisibleAt()), stored.getId()};
        holder.group = ToBytes(stored.getGroup());
        holder.delayed = stored.getDelayed();
      }));
  return holder;
}

std::string EncodeDelivered(std::string_view key, std::uint32_t count) {
  return EncodeSealed<DeliveredRecord>(
      key, [count](DeliveredRecord::Builder record) { record.setCount(count); });
}

Result<std::uint32_t> DecodeDelivered(std::string_view key, std::string_view value) {
  std::uint32_t count = 0;
  TANDEM_RETURN_IF_ERROR(DecodeSealed<DeliveredRecord>(
      key, value, [] { return std::string("delivery count"); },
      [&count](DeliveredRecord::Reader stored) { count = stored.getCount(); }));
  return count;
}

std::string EncodeQueue(std::string_view key, const StoredQueue& queue) {
  return EncodeSealed<QueueRecord>(key, [&queue](QueueRecord::Builder record) {
    record.setFloorVisibleAt(ToMicros(queue.floor.visible_at));
    record.setFloorId(queue.floor.id);
    record.setMessages(queue.messages);
    record.setLatest(ToMicros(queue.latest));
  });
}

Result<StoredQueue> DecodeQueue(std::string_view key, std::string_view value) {
  StoredQueue queue;
  const auto where = [] { return std::string("record of a queue"); };
  TANDEM_RETURN_IF_ERROR(
      DecodeSealed<QueueRecord>(key, value, where, [&queue](QueueRecord::Reader stored) {
        queue.floor = Place{FromMicros(stored.getFloorVisibleAt()), stored.getFloorId()};
        queue.messages = stored.getMessages();
        queue.latest = FromMicros(stored.getLatest());
      }));
  return queue;
}

}  // namespace tandem::internal
