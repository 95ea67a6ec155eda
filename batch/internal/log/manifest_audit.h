#pragma once

// Checks RocksDB's manifest before RocksDB reads it. Its edits have no stamps, and each is flushed,
// so nothing may be missing but the end of the last: all else is damage. RocksDB by itself would
// take a record for the end if one flipped bit makes its length reach beyond the file.

#include <filesystem>
#include <string_view>

#include "tandem/base/status.h"

namespace tandem::internal {

// CURRENT, and the manifest that it names. A store that is still to be made has none. Corruption,
// IoError.
Status AuditManifest(const std::filesystem::path& directory);

// The bytes of a manifest; `name` is for the message.
Status AuditManifestBytes(std::string_view manifest, std::string_view name);

}  // namespace tandem::internal
