#pragma once

// Events as the raw RocksDB writes that they come down to: the payload under its stream and
// version, no head, no envelope, no feed.

#include <cstdint>
#include <string>

#include "tandem/base/key_encoding.h"

namespace tandem::benchmarks {

inline std::string StreamName(std::uint64_t number) { return "account-" + std::to_string(number); }

inline std::string RawEventKey(std::uint64_t stream, std::uint64_t version) {
  return KeyWriter('V').Escaped(StreamName(stream)).U64(0).U64(version).Take();
}

}  // namespace tandem::benchmarks
