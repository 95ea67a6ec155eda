#pragma once

// The project's own files as text. The rules of this folder look at text alone, so that they hold
// for code that was never compiled.

#include <filesystem>
#include <vector>

#include "tandem/tools/check_coroutines/source_text.h"

namespace tandem::house {

using tools::CodeOnly;
using tools::Finding;
using tools::Findings;
using tools::LineOf;
using tools::Lines;
using tools::SourceFile;  // its path is from the project's root
using tools::ToString;

// All text files below `root` that are ours, sorted; neither build/ nor hidden folders except .ci/.
std::vector<SourceFile> ReadSourceTree(const std::filesystem::path& root);

// The files of this project: ReadSourceTree of the source directory that CMake passed.
const std::vector<SourceFile>& ProjectFiles();

}  // namespace tandem::house
