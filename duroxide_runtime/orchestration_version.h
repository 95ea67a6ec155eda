#pragma once

// The version of an orchestration's code, as in Semantic Versioning but for pre-releases. An
// instance keeps the version that it started with until it continues as new.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide {

struct OrchestrationVersion {
  std::uint32_t major = 1;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  auto operator<=>(const OrchestrationVersion&) const = default;

  // "2.0.1"
  std::string ToString() const;
  // InvalidArgument unless it is three decimal numbers with dots between them.
  static Result<OrchestrationVersion> Parse(std::string_view text);
};

}  // namespace duroxide
