// Recorded histories, as text.

#include <sstream>
#include <string>

#include "tandem/duroxide_runtime/testing/recorded_history.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace duroxide::testing {
namespace {

using tandem::testing::Must;

void ReadOne(std::string_view text) {
  std::istringstream in{std::string(text)};
  const Result<RecordedHistory> recorded = ReadHistory(in, "text");
  if (!recorded.ok()) return;
  std::stringstream written;
  Must(WriteHistory(written, *recorded).ok(), "what was read can be written");
  const Result<RecordedHistory> again = ReadHistory(written, "written");
  Must(again.ok(), "what was written can be read");
  Must(*again == *recorded, "a round trip changes nothing");
}

}  // namespace
}  // namespace duroxide::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  duroxide::testing::ReadOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
