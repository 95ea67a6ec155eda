#pragma once

// A store by its URL: a program moves to another provider by changing one string.
//
//   a directory             the store on RocksDB in it: "./shop", "/var/lib/shop/store"
//   memory:                 a new one in memory, which ends with the provider
//
// Reserved for providers that this build does not have: tandem://, tandems://, tandem+unix:,
// postgresql://. A directory whose name looks like one of these is written as "./memory:".

#include <memory>
#include <string>

#include "tandem/base/result.h"
#include "tandem/batch/open_mode.h"
#include "tandem/batch/provider.h"

namespace tandem {

// Errors: InvalidArgument (an empty URL, or one of no known form), Unsupported (of a provider that
// was not built), and those of the provider's own Open (batch/rocksdb_provider.h).
Result<std::unique_ptr<Provider>> OpenStore(const std::string& url,
                                            OpenMode mode = OpenMode::kOpenExisting);

}  // namespace tandem
