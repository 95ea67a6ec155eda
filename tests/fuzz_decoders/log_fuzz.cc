// What recovery reads before RocksDB does: logs, whole and torn, and the stamps in them.

#include "batch/internal/log/group_stamp.h"
#include "batch/internal/log/log_audit.h"
#include "batch/internal/log/log_scan.h"
#include "tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::Must;

void Judge(std::string_view bytes) {
  const LogScan scan = ScanLog(bytes);
  Must(scan.end <= bytes.size(), "a log ends within its file");
  const Result<std::vector<std::size_t>> kept = JudgeLogs({{"000004.log", 4, scan}});
  if (!kept.ok()) return;
  Must(kept->size() == 1 && kept->front() <= bytes.size(), "nothing is kept that is not there");
  const LogScan again = ScanLog(bytes.substr(0, kept->front()));
  Must(!again.broken, "what is kept of a log is whole");
  Must(again.end == scan.end, "what is kept of a log are its whole records");
}

}  // namespace
}  // namespace tandem::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::testing::FuzzInput input(data, size);
  if (input.Choose(4) > 0) {
    tandem::internal::Judge(input.rest());
  } else if (const auto stamp = tandem::internal::DecodeGroupStamp(input.rest())) {
    tandem::testing::Must(tandem::internal::EncodeGroupStamp(*stamp) == input.rest(),
                          "a stamp is itself");
  }
  return 0;
}
