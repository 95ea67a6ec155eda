// The keys and records of the message queue (docs/formats.md, "messages").

#include "tandem/base/sealed_record.h"
#include "tandem/messagequeue/internal/rows/group_index.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"
#include "tandem/messagequeue/internal/rows/stored_messages.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::Must;
using testing::RoundTrip;

constexpr std::string_view kQueue = "work";
constexpr std::string_view kKey = "key";  // that records are sealed for
constexpr unsigned kKinds = 7;

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
          bytes, [](std::string_view value) { return DecodeMessage(kKey, value, kQueue, 5); },
          [](const StoredMessage& message) {
            return EncodeMessage(kKey, message, message.payload);
          });
    case 1:
      return RoundTrip(
          bytes, [](std::string_view value) { return DecodeVisible(kKey, value, kQueue, Place()); },
          [](const MessageRef& message) { return VisiblePart(kKey, message); });
    case 2:
      return RoundTrip(
          bytes, [](std::string_view value) { return DecodeKeyHolder(kKey, value); },
          [](const KeyHolder& holder) { return EncodeKeyHolder(kKey, holder); });
    case 3:
      return RoundTrip(
          bytes, [](std::string_view value) { return DecodeDelivered(kKey, value); },
          [](std::uint32_t count) { return EncodeDelivered(kKey, count); });
    case 4:
      return RoundTrip(
          bytes, [](std::string_view value) { return DecodeQueue(kKey, value); },
          [](const StoredQueue& queue) { return EncodeQueue(kKey, queue); });
    case 5:
      (void)DecodeGroup(kKey, bytes, kQueue, "group");
      return;
    default:
      return ParseKeys(bytes);
  }
}

}  // namespace
}  // namespace tandem::internal

// A seal is not found by chance: what is to be decoded is sealed first, but now and then.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::internal;  // NOLINT
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(kKinds);
  const bool sealed = kind < kKinds - 1 && input.Choose(8) > 0;
  DecodeOne(kind, sealed ? Seal(kKey, input.rest()) : std::string(input.rest()));
  return 0;
}
