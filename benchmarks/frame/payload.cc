#include "tandem/benchmarks/frame/payload.h"

#include "tandem/cli/measuring/noise.h"

namespace tandem::benchmarks {

std::string_view Payload(std::uint64_t n) { return measuring::Noise(n, kPayloadBytes); }

}  // namespace tandem::benchmarks
