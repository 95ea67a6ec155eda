#pragma once

// message id := incarnation << 40 | counter
//
// Unique and growing as long as the store lives: each opening has a new incarnation, and a store
// that has used up its incarnations does not open any more.

#include <cstdint>

#include "tandem/base/check.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

inline constexpr int kIdCounterBits = 40;
inline constexpr std::uint64_t kIncarnationsMax = (std::uint64_t{1} << (64 - kIdCounterBits)) - 1;

// The first id of the incarnation is the next. REQUIRES: incarnation <= kIncarnationsMax.
constexpr MessageId IdBefore(std::uint64_t incarnation) {
  TANDEM_REQUIRE(incarnation <= kIncarnationsMax, "an id has room for its incarnation");
  return incarnation << kIdCounterBits;
}

}  // namespace tandem
