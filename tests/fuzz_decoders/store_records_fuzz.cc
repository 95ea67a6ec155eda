// The records of the store itself (docs/formats.md, "default").

#include <chrono>

#include "base/manual_clock.h"
#include "batch/internal/rocks/batch_ids.h"
#include "batch/internal/rocks/store_directory.h"
#include "tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

// What compaction drops is a batch id that can be read, at an end of time.
void Expire(std::string_view key, std::string_view record) {
  ManualClock clock(Timestamp::max());
  const BatchIdExpiry expiry(&clock, std::chrono::milliseconds(1));
  std::string changed;
  bool is_changed = false;
  const bool dropped =
      expiry.Filter(0, rocksdb::Slice(key.data(), key.size()),
                    rocksdb::Slice(record.data(), record.size()), &changed, &is_changed);
  testing::Must(!is_changed, "compaction changes no record");
  if (dropped) testing::Must(VerifyBatchId("Bid", record).ok(), "what is damaged is kept");
}

}  // namespace
}  // namespace tandem::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::internal;  // NOLINT
  tandem::testing::FuzzInput input(data, size);
  switch (input.Choose(3)) {
    case 0:
      (void)DecodeStoreRecord(input.rest(), "here");
      return 0;
    case 1:
      (void)VerifyBatchId(input.rest(), "");
      return 0;
    default:
      (void)VerifyBatchId("Bid", input.rest());
      Expire("Bid", input.rest());
      return 0;
  }
}
