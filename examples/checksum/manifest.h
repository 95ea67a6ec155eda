#pragma once

// The manifest, in the format of sha256sum and checked by `sha256sum -c`: a line for each file,
// sorted by path. It is written page by page into part files beside it, then put together.

#include <string>

#include <tandem/tandem.h>
#include "examples/checksum/types.h"

namespace checksum {

// "digest  path"; a path with a newline or backslash is escaped, and its line begins with one.
std::string ManifestLine(const FileDigest& digest);

// Writes, or writes again, one part.
tandem::Status WritePart(const Part& part);

// Puts the parts together and takes them away. Doing it again when it is done changes nothing.
tandem::Status Assemble(const Assembly& assembly);

}  // namespace checksum
