#pragma once

// CRC-32C (Castagnoli) as RocksDB's logs have it, and what it tells of a damaged stretch: the
// checksum is linear, so the difference between the right one and the found one names a flipped
// bit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::internal {

// The state of a checksum. Begin with kCrcBegin.
constexpr std::uint32_t kCrcBegin = 0xFFFFFFFF;
std::uint32_t ExtendCrc(std::uint32_t crc, std::string_view bytes);

// As RocksDB stores it (util/crc32c.h): complemented, rotated and shifted by a constant.
std::uint32_t MaskCrc(std::uint32_t crc);
std::uint32_t UnmaskCrc(std::uint32_t stored);

// The bit of `size` bytes that was flipped if the checksums before and after differ by
// `difference`: 0 is the lowest bit of the first byte. nullopt if it was none, or more than one.
std::optional<std::size_t> FlippedBit(std::uint32_t difference, std::size_t size);

}  // namespace tandem::internal
