#include "tandem/cli/measuring/noise.h"

#include <random>
#include <string>

#include "tandem/base/check.h"

namespace tandem::measuring {

namespace {

constexpr std::size_t kPoolBytes = std::size_t{4} << 20;
static_assert(kNoiseBytesMax < kPoolBytes);

std::string MakePool() {
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same in each run
  std::string pool(kPoolBytes, '\0');
  for (char& byte : pool) byte = static_cast<char>(random());
  return pool;
}

}  // namespace

std::string_view Noise(std::uint64_t n, std::size_t bytes) {
  TANDEM_REQUIRE(bytes <= kNoiseBytesMax, "a piece is at most kNoiseBytesMax long");
  static const std::string kPool = MakePool();
  // Small neighbours share no byte, and few ever share all.
  const std::uint64_t start = n * (bytes + 1) % (kPoolBytes - bytes);
  return std::string_view(kPool).substr(start, bytes);
}

}  // namespace tandem::measuring
