#include "tandem/providers/open_store.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/batch/memory_provider.h"
#include "tandem/batch/rocksdb_provider.h"

namespace tandem {

namespace {

constexpr std::string_view kMemory = "memory:";
constexpr std::array<std::string_view, 5> kNotBuilt = {
    "tandem://", "tandems://", "tandem+unix:", "postgresql://", "postgres://"};

Result<std::unique_ptr<Provider>> OpenDirectory(const std::string& directory, OpenMode mode) {
  TANDEM_ASSIGN_OR_RETURN(auto store, RocksDbProvider::Open(directory, mode));
  return std::unique_ptr<Provider>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Provider>> OpenStore(const std::string& url, OpenMode mode) {
  if (url.starts_with(kMemory)) {
    // Nothing of it can be there before, so `mode` has nothing to say.
    if (url == kMemory) return std::unique_ptr<Provider>(std::make_unique<MemoryProvider>());
    return Status::InvalidArgument("'" + url + "': nothing may follow memory:");
  }
  const auto begins = [&url](std::string_view scheme) { return url.starts_with(scheme); };
  if (std::ranges::any_of(kNotBuilt, begins)) {
    return Status::Unsupported("this build has no provider for '" + url +
                               "'; it has a directory and memory:");
  }
  if (url.find("://") != std::string::npos) {
    return Status::InvalidArgument("'" + url +
                                   "' is of no known form; a store is a directory or memory:");
  }
  return OpenDirectory(url, mode);
}

}  // namespace tandem
