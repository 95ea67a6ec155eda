#pragma once

// Random sequences, one after the other, until one fails or there were enough.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tandem/tests/provider_random/duel.h"

namespace tandem::testing {

struct FuzzReport {
  Tally tally;
  std::string failure;  // empty: none; else the shrunk script and what it shows
  Script script;        // of the failure
};

// Plays sequences of `seed`, `seed` + 1, ... for as long as `more(sequences so far)`.
FuzzReport Fuzz(std::uint64_t seed, const SubjectFactory& factory,
                const std::function<bool(std::size_t sequences)>& more);

// In lines, for people.
std::string ToString(const Tally& tally);

}  // namespace tandem::testing
