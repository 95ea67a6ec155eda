#pragma once

// Makes a store of its own out of one that is in use.

#include <filesystem>

#include "tandem/base/status.h"
#include "tandem/batch/internal/rocks/store_directory.h"

namespace tandem::internal {

// The copy is made in a directory `.tandem-copy-XXXXXX` beside the target, opened there, compared
// with the source, and given a number of its own, so tokens of the other mean nothing to it. Only
// then, complete and flushed, does it appear under its name; missing parents are made. A copy that
// was interrupted leaves its directory, which the next copy to the same place removes. Errors:
// InvalidArgument (the path), AlreadyExists (there is something, also since a moment ago), IoError,
// NoSpace.
Status CopyStore(const StoreDatabase& source, const std::filesystem::path& target,
                 const RocksDbOptions& options);

}  // namespace tandem::internal
