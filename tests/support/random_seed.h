#pragma once

// A random test's seed and size: printed, and taken from the environment to
// replay or to scale.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace tandem::testing {

// $TANDEM_SEED, else a random one.
inline std::uint64_t TestSeed() {
  const char* const given = std::getenv("TANDEM_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "replay with TANDEM_SEED=" << seed << std::endl;
  return seed;
}

// `rounds` times $TANDEM_CRASH_SCALE (1 if unset), which may be a fraction.
inline int ScaledRounds(int rounds) {
  const char* const scale = std::getenv("TANDEM_CRASH_SCALE");
  const double factor = scale == nullptr ? 1.0 : std::atof(scale);
  return factor * rounds < 1 ? 1 : static_cast<int>(factor * rounds);
}

}  // namespace tandem::testing
