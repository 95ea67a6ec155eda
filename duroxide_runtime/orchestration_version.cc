#include "tandem/duroxide_runtime/orchestration_version.h"

#include <array>
#include <charconv>

namespace duroxide {

std::string OrchestrationVersion::ToString() const {
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

Result<OrchestrationVersion> OrchestrationVersion::Parse(std::string_view text) {
  std::array<std::uint32_t, 3> numbers{};
  const char* at = text.begin();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    // It takes no sign, no blank and nothing that is out of range.
    const auto [rest, error] = std::from_chars(at, text.end(), numbers[i]);
    const bool last = i + 1 == numbers.size();
    const bool separated = last ? rest == text.end() : rest != text.end() && *rest == '.';
    if (error != std::errc() || !separated) {
      return Status::InvalidArgument("'" + std::string(text) + "' is no version like 1.0.0");
    }
    at = last ? rest : rest + 1;
  }
  return OrchestrationVersion{numbers[0], numbers[1], numbers[2]};
}

}  // namespace duroxide
