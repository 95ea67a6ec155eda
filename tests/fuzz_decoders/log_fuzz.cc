// What recovery reads before RocksDB does: logs, whole and torn, the stamps in them, the manifest.

#include <string>
#include <vector>

#include "tandem/batch/internal/log/group_stamp.h"
#include "tandem/batch/internal/log/log_audit.h"
#include "tandem/batch/internal/log/log_scan.h"
#include "tandem/batch/internal/log/manifest_audit.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace tandem::internal {
namespace {

using testing::FuzzInput;
using testing::Must;

// What is kept of the logs is a prefix of what they say.
void Judge(const std::vector<std::string_view>& logs) {
  std::vector<AuditedLog> audited;
  for (const std::string_view log : logs) {
    const std::uint64_t number = 4 + audited.size();
    audited.push_back({std::to_string(number) + ".log", number, ScanLog(log)});
    Must(audited.back().scan.end <= log.size(), "a log ends within its file");
  }
  const Result<std::vector<std::size_t>> kept = JudgeLogs(audited);
  if (!kept.ok()) return;
  Must(kept->size() == logs.size(), "each log is judged");
  bool cut = false;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const std::size_t size = (*kept)[i];
    Must(size <= logs[i].size(), "nothing is kept that is not there");
    Must(!cut || size == 0, "nothing is kept behind a log that was cut short");
    const std::size_t whole = audited[i].scan.end;
    cut = cut || size < whole || audited[i].scan.broken;
    if (size == 0) continue;
    const LogScan again = ScanLog(logs[i].substr(0, size));
    Must(!again.broken, "what is kept of a log is whole");
    Must(again.end == whole, "what is kept of a log are its whole records");
  }
}

// The rest of the input, cut into as many logs at places that the input chooses.
std::vector<std::string_view> Split(FuzzInput& input, unsigned count) {
  std::vector<unsigned> parts;
  for (unsigned i = 1; i < count; ++i) parts.push_back(input.Choose(256));
  std::vector<std::string_view> logs;
  std::string_view rest = input.rest();
  for (const unsigned part : parts) {
    const std::size_t size = rest.size() * part / 256;
    logs.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  logs.push_back(rest);
  return logs;
}

}  // namespace
}  // namespace tandem::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::internal;  // NOLINT
  tandem::testing::FuzzInput input(data, size);
  switch (input.Choose(4)) {
    case 0:
      if (const auto stamp = DecodeGroupStamp(input.rest())) {
        tandem::testing::Must(EncodeGroupStamp(*stamp) == input.rest(), "a stamp is itself");
      }
      return 0;
    case 1:
      (void)AuditManifestBytes(input.rest(), "MANIFEST-000005");
      return 0;
    case 2:
      Judge({input.rest()});
      return 0;
    default:
      Judge(Split(input, 2 + input.Choose(2)));
      return 0;
  }
}
