#include "tandem/benchmarks/frame/payload.h"

#include <random>
#include <string>

namespace tandem::benchmarks {

namespace {

constexpr std::size_t kNoiseBytes = std::size_t{4} << 20;

std::string MakeNoise() {
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same in each run
  std::string noise(kNoiseBytes, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

}  // namespace

std::string_view Payload(std::uint64_t n) {
  static const std::string kNoise = MakeNoise();
  // Neighbours share no byte, and few ever share all.
  const std::uint64_t start = n * (kPayloadBytes + 1) % (kNoiseBytes - kPayloadBytes);
  return std::string_view(kNoise).substr(start, kPayloadBytes);
}

}  // namespace tandem::benchmarks
