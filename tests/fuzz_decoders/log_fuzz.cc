// What recovery reads before RocksDB does: logs, whole and cut, and the stamps in them.

#include "batch/internal/log_audit.h"
#include "batch/internal/wal_guard.h"
#include "tests/fuzz_decoders/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tandem::internal::DecodeGroupStamp;
  tandem::testing::FuzzInput input(data, size);
  if (input.Choose(4) == 0) {
    if (const auto stamp = DecodeGroupStamp(input.rest())) {
      tandem::testing::Must(tandem::internal::EncodeGroupStamp(*stamp) == input.rest(),
                            "a stamp is itself");
    }
    return 0;
  }
  (void)tandem::internal::AuditLog(input.rest(), "log", input.Choose(2) == 1);
  return 0;
}
