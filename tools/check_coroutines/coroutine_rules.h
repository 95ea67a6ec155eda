#pragma once

// The shapes that g++ 12 destroys twice when they stand in one statement with co_await or co_yield:
// a braced list, a lambda that captures, `?:`. Name the value first, in a statement of its own.

#include "tandem/tools/check_coroutines/source_text.h"

namespace tandem::tools {

// A statement with this in a comment on one of its lines is not looked at; for tests of compilers.
constexpr std::string_view kCoroutineExemption = "coroutine-lint: ok";

Findings CheckCoroutines(const SourceFile& file);

}  // namespace tandem::tools
