// The records of the store itself (docs/formats.md, "default").

#include <chrono>

#include "tandem/base/manual_clock.h"
#include "tandem/base/sealed_record.h"
#include "tandem/batch/internal/rocks/batch_ids.h"
#include "tandem/batch/internal/rocks/store_directory.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

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

// A seal is not found by chance: what is to be decoded is sealed first, but now and then.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::internal;  // NOLINT
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(3);
  const bool sealed = input.Choose(8) > 0;
  const std::string_view key = kind == 0 ? kStoreKey : "Bid";
  const std::string record = sealed ? Seal(key, input.rest()) : std::string(input.rest());
  switch (kind) {
    case 0:
      (void)DecodeStoreRecord(record, "here");
      return 0;
    case 1:
      (void)VerifyBatchId(input.rest(), "");
      return 0;
    default:
      (void)VerifyBatchId("Bid", record);
      Expire("Bid", record);
      return 0;
  }
}
