#pragma once

// What makes a store's ids and lock tokens unique.

#include <cstdint>

namespace tandem::internal {

struct StoreIdentity {
  std::uint64_t store = 0;        // random, of the store
  std::uint64_t incarnation = 0;  // how many times it has been opened
};

}  // namespace tandem::internal
