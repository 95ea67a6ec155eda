#pragma once

// What every file keeps to: nothing left to do, no path of one machine, no test that sleeps or is
// switched off, no file that is too long to be read.

#include <cstddef>

#include "tandem/tests/house/source_text.h"

namespace tandem::house {

constexpr std::size_t kFileLinesMax = 600;

Findings CheckText(const SourceFile& file);

}  // namespace tandem::house
