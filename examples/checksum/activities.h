#pragma once

// What the orchestration has done outside of itself. Each may run more than once, and bears it.

#include <string>

#include <tandem/duroxide.h>
#include "examples/checksum/types.h"

namespace checksum {

using duroxide::Result;
using duroxide::Status;

inline constexpr duroxide::Activity<FilePage(ListRequest)> kListFiles("list-files");
inline constexpr duroxide::Activity<HashedFiles(std::vector<std::string>)> kHashFiles("hash-files");
inline constexpr duroxide::Activity<duroxide::Unit(Part)> kWritePart("write-part");
inline constexpr duroxide::Activity<duroxide::Unit(Assembly)> kAssemble("assemble");

// A page of the regular files below a directory, sorted by path, small ones in batches.
Result<FilePage> ListFiles(const ListRequest& request);

// SHA-256 of each file. One that can't be read is reported, not fatal.
Result<HashedFiles> HashFiles(const std::vector<std::string>& paths);

}  // namespace checksum
