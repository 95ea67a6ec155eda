#pragma once

// Whole log files: read, cut, and reported as damaged.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "tandem/base/result.h"

namespace tandem::internal {

Result<std::string> ReadWhole(const std::filesystem::path& path);

// Makes the file that much shorter, on the device too: the next open finds what this one found,
// also after a power cut.
Status CutFile(const std::filesystem::path& path, std::size_t size);

Status Damaged(std::string_view name, std::size_t offset, const std::string& what);

}  // namespace tandem::internal
