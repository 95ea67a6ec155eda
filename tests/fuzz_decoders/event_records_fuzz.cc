// The keys and records of the event store (docs/formats.md, "events").

#include "tandem/eventstore/internal/event_keys.h"
#include "tandem/eventstore/internal/event_values.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::Must;
using testing::RoundTrip;

const StreamId kStream{"entity", 3};

void ParseKeys(std::string_view key) {
  if (const auto stream = StreamOf(key, kHeadPrefix)) {
    Must(HeadKey(*stream) == key, "a head's key is itself");
  }
  for (const char prefix : {kMetadataPrefix, kEventPrefix}) {
    if (const auto stream = StreamOf(key, prefix)) {
      Must(key.size() > HeadKey(*stream).size(), "it names more than the stream");
      Must(key.substr(1).starts_with(HeadKey(*stream).substr(1)), "its stream's name is itself");
    }
  }
  if (const auto position = PositionOf(key)) {
    Must(FeedKey(*position) == key, "a key of the feed is itself");
  }
}

void DecodeOne(unsigned kind, std::string_view bytes) {
  switch (kind) {
    case 0:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeHead(record, kStream); }, EncodeHead);
    case 1:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeTombstone(record, kStream.entity); },
          EncodeTombstone);
    case 2:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeEvent(record, kStream, 7); },
          [](const Event& event) {
            return EncodeEvent(event.position, event.appended_at, event.payload);
          });
    case 3:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeFeedEntry(record, 1'000); },
          EncodeFeedEntry);
    default:
      return ParseKeys(bytes);
  }
}

}  // namespace
}  // namespace tandem::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(5);
  tandem::internal::DecodeOne(kind, input.rest());
  return 0;
}
