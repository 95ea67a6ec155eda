#pragma once

// A failing script made short: steps, operations, options and words are dropped for as long as it
// fails.

#include <functional>

#include "tandem/tests/provider_random/script.h"

namespace tandem::testing {

// REQUIRES: fails(script)
Script Shrink(Script script, const std::function<bool(const Script&)>& fails);

}  // namespace tandem::testing
