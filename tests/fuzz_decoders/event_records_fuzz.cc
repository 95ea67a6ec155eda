// The keys and records of the event store (docs/formats.md, "events").

#include "eventstore/internal/event_keys.h"
#include "eventstore/internal/event_values.h"
#include "tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::FuzzInput;
using testing::RoundTrip;

const StreamId kStream{"entity", 3};

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
      for (const char prefix : {kHeadPrefix, kMetadataPrefix}) {
        const std::optional<StreamId> stream = StreamOf(bytes, prefix);
        if (stream.has_value()) testing::Must(!bytes.empty(), "a key has a prefix");
      }
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
