#pragma once

// What measured events and messages hold: bytes that don't compress, so that tables are as large as
// what was written.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::measuring {

constexpr std::size_t kNoiseBytesMax = std::size_t{1} << 20;

// The n-th piece of so many bytes; always the same for one n and size. Valid forever; thread-safe.
// REQUIRES: bytes <= kNoiseBytesMax
std::string_view Noise(std::uint64_t n, std::size_t bytes);

}  // namespace tandem::measuring
