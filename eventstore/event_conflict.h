#pragma once

// How a stream, or a key of its metadata, is not as a batch expects it. Part of the contract, so
// the same for every provider.

#include <optional>
#include <string>

#include "tandem/base/status.h"
#include "tandem/eventstore/event_store.h"

namespace tandem {

// `expected` in words: "exactly 7", "a partition below the latest".
Status VersionConflict(const StreamId& stream, std::string expected, Version actual);

// Or what the check says in its place. `found`: what the key holds; nullopt: it is absent.
Status MetadataConflict(const CheckMetadata& check, const std::optional<std::string>& found,
                        Version actual);

}  // namespace tandem
