#pragma once

// Which folder may include which: duroxide_runtime -> batch -> {eventstore, messagequeue} -> base;
// and which room of an internal/ may include which other.

#include <map>
#include <set>
#include <string>

#include "tandem/tests/house/source_text.h"

namespace tandem::house {

using Arrows = std::map<std::string, std::set<std::string>>;

// Folder -> every other folder that it may include, directly or through others. Folders that are no
// key here (tests, examples, ...) may include every folder.
const Arrows& AllowedArrows();

// The same for rooms: "duroxide_runtime/internal/engine", ...
const Arrows& AllowedRoomArrows();

// What is wrong with the includes of one C++ file. `files` tells which project files there are.
Findings CheckIncludes(const SourceFile& file, const std::set<std::string>& files);

// The folders that each folder's libraries link, through others too, as its tandem_library calls in
// CMakeLists.txt say. Folders without a library are absent.
Arrows LinkedFolders(const std::vector<SourceFile>& cmake_files);

}  // namespace tandem::house
