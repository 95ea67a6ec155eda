#pragma once

// Randomness that is the same on every replay: a hash of the execution's seed, its name, and a
// counter.

#include <cstdint>
#include <string>
#include <string_view>

namespace duroxide::internal {

class Determinism {
 public:
  Determinism(std::string_view instance, std::uint64_t execution, std::uint64_t seed);

  // A version 4, variant 1 UUID, made of 64 random bits.
  std::string NewUuid();
  std::uint64_t NewRandom();
  // For the id of the execution's child of that number: another for each.
  std::uint64_t ForChild(std::uint64_t number) const;
  // Of the next execution.
  std::uint64_t NextSeed() const;

 private:
  std::uint64_t base_;
  std::uint64_t uuids_ = 0;    // made so far
  std::uint64_t randoms_ = 0;  // made so far
};

}  // namespace duroxide::internal
