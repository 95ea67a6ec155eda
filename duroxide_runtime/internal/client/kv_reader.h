#pragma once

// The key-value map of an instance as clients see it: what ended executions have left, and over it
// what the running one has changed.

#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/kv_entry.h"

namespace duroxide::internal {

// The entries whose key starts with `prefix`, as they were at one moment unless the instance is so
// busy that there was none to read them in. Errors: NotFound.
Result<KvEntries> ReadVisibleKv(tandem::Provider& provider, std::string_view instance,
                                std::string_view prefix);

}  // namespace duroxide::internal
