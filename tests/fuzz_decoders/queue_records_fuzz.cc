// The keys and records of the message queue (docs/formats.md, "messages").

#include "messagequeue/internal/group_index.h"
#include "messagequeue/internal/queue_keys.h"
#include "messagequeue/internal/stored_messages.h"
#include "tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::Must;
using testing::RoundTrip;

constexpr std::string_view kQueue = "work";

void ParseKeys(std::string_view key) {
  if (const auto ready = ParseReadyKey(key, kQueue)) {
    Must(ReadyKey(kQueue, ready->place, ready->group) == key, "a key of the ready index is itself");
  }
  if (const auto delayed = ParseDelayedKey(key, kQueue)) {
    Must(DelayedKey(kQueue, delayed->place, delayed->group) == key,
         "a key of the delayed index is itself");
  }
  if (const auto member = ParseMember(key, kQueue)) {
    Must(MemberKey(kQueue, member->group, member->place) == key, "a member's key is itself");
  }
  const std::string prefix = MemberPrefix(kQueue, "group");
  if (const auto place = ParseMemberKey(key, prefix)) {
    Must(MemberKey(kQueue, "group", *place) == key, "a group's member's key is itself");
  }
}

void DecodeOne(unsigned kind, std::string_view bytes) {
  switch (kind) {
    case 0:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeMessage(record, kQueue, 5); },
          [](const StoredMessage& message) { return EncodeMessage(message, message.payload); });
    case 1:
      return RoundTrip(
          bytes, [](std::string_view value) { return DecodeVisible(value, kQueue, Place()); },
          VisiblePart);
    case 2:
      return RoundTrip(bytes, DecodeKeyHolder, EncodeKeyHolder);
    case 3:
      return RoundTrip(bytes, DecodeDelivered, EncodeDelivered);
    case 4:
      return RoundTrip(bytes, DecodeQueue, EncodeQueue);
    case 5:
      (void)DecodeGroup(bytes, kQueue, "group");
      return;
    default:
      return ParseKeys(bytes);
  }
}

}  // namespace
}  // namespace tandem::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(7);
  tandem::internal::DecodeOne(kind, input.rest());
  return 0;
}
