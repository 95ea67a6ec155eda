#include "tandem/batch/internal/log/crc32c.h"

#include <array>

namespace tandem::internal {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr std::uint32_t kMaskDelta = 0xA282EAD8;

// Table k is for a byte with k more behind it: eight bytes are taken in one step.
constexpr std::size_t kTables = 8;
using CrcTables = std::array<std::array<std::uint32_t, 256>, kTables>;

constexpr CrcTables MakeTables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t k = 1; k < kTables; ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t crc = tables[k - 1][i];
      tables[k][i] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}

constexpr CrcTables kTable = MakeTables();

std::uint32_t Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The state after one more byte, 0; of a difference, whatever the byte is.
std::uint32_t Step(std::uint32_t crc) { return (crc >> 8) ^ kTable[0][crc & 0xFF]; }

}  // namespace

std::uint32_t ExtendCrc(std::uint32_t crc, std::string_view bytes) {
  for (; bytes.size() >= kTables; bytes.remove_prefix(kTables)) {
    for (std::size_t i = 0; i < 4; ++i) crc ^= Byte(bytes, i) << (8 * i);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      next ^= kTable[kTables - 1 - i][(crc >> (8 * i)) & 0xFF];
      next ^= kTable[kTables - 5 - i][Byte(bytes, 4 + i)];
    }
    crc = next;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) crc = Step(crc ^ Byte(bytes, i));
  return crc;
}

std::uint32_t MaskCrc(std::uint32_t crc) {
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + kMaskDelta;
}

std::uint32_t UnmaskCrc(std::uint32_t stored) {
  stored -= kMaskDelta;
  return ~((stored << 15) | (stored >> 17));
}

std::optional<std::size_t> FlippedBit(std::uint32_t difference, std::size_t size) {
  std::array<std::uint32_t, 8> left{};  // the difference that each bit of a byte makes
  for (std::size_t bit = 0; bit < left.size(); ++bit) left[bit] = kTable[0][std::size_t{1} << bit];
  for (std::size_t byte = size; byte-- > 0;) {
    for (std::size_t bit = 0; bit < left.size(); ++bit) {
      if (left[bit] == difference) return 8 * byte + bit;
      left[bit] = Step(left[bit]);
    }
  }
  return std::nullopt;
}

}  // namespace tandem::internal
