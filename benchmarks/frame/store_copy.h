#pragma once

// Copies of a store's directory, so that one state can be opened again and again: opening changes
// it.

#include <cstdint>
#include <filesystem>

namespace tandem::benchmarks {

// Tables never change: they are linked; all else is copied. REQUIRES: the store is closed, and both
// directories are on one file system.
void CopyStore(const std::filesystem::path& from, const std::filesystem::path& to);

// Bytes in the write-ahead logs.
std::uint64_t LogBytes(const std::filesystem::path& directory);

// Takes the files out of the page cache, as after a start of the machine.
void DropFromPageCache(const std::filesystem::path& directory);

}  // namespace tandem::benchmarks
