#include "tandem/base/sealed_record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

namespace tandem::internal {

namespace {

constexpr std::size_t kCheckBytes = 8;

// With the key, so that a record which stands under another's key is found out, too.
std::uint64_t CheckOf(std::string_view key, std::string_view record) {
  return XXH3_64bits_withSeed(record.data(), record.size(), XXH3_64bits(key.data(), key.size()));
}

}  // namespace

std::string Seal(std::string_view key, std::string_view record) {
  const std::uint64_t check = CheckOf(key, record);
  // Byte by byte, the highest first: a store can be moved to a machine with another byte order.
  std::string sealed;
  sealed.reserve(kCheckBytes + record.size());
  for (std::size_t i = 0; i < kCheckBytes; ++i) {
    sealed.push_back(static_cast<char>(check >> (8 * (kCheckBytes - 1 - i))));
  }
  return sealed.append(record);
}

std::optional<std::string_view> Unseal(std::string_view key, std::string_view sealed) {
  if (sealed.size() < kCheckBytes) return std::nullopt;
  const std::string_view record = sealed.substr(kCheckBytes);
  std::uint64_t check = 0;
  for (const char byte : sealed.substr(0, kCheckBytes)) {
    check = check << 8 | static_cast<unsigned char>(byte);
  }
  if (check != CheckOf(key, record)) return std::nullopt;
  return record;
}

}  // namespace tandem::internal
