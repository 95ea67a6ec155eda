#pragma once

// Numbers within keys of metadata.

#include <cstdint>
#include <string>

namespace sourcing::internal {

// 16 hexadecimal digits: they sort as the numbers do.
inline std::string SortedNumber(std::uint64_t number) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); number != 0; ++digit, number >>= 4) {
    *digit = "0123456789abcdef"[number & 15];
  }
  return digits;
}

}  // namespace sourcing::internal
