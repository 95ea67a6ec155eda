// The records of the runtime (docs/formats.md, "The runtime"): events of histories, work items,
// statuses, entries of the key-value map.

#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace duroxide::internal {
namespace {

using tandem::testing::RoundTrip;

constexpr std::string_view kWhere = "record";

void DecodeOne(unsigned kind, std::string_view bytes) {
  switch (kind) {
    case 0:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeHistoryEvent(record, kWhere); },
          EncodeHistoryEvent);
    case 1:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeWorkItem(record, kWhere); },
          EncodeWorkItem);
    case 2:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeStatus(record, kWhere); },
          EncodeStatus);
    default:
      return RoundTrip(
          bytes, [](std::string_view record) { return DecodeKv(record, kWhere); }, EncodeKv);
  }
}

}  // namespace
}  // namespace duroxide::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(4);
  duroxide::internal::DecodeOne(kind, input.rest());
  return 0;
}
