#include "tandem/cli/measuring/noise.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace tandem::measuring {
namespace {

TEST(Noise, IsOfTheWantedSizeAndTheSameEachTime) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{200}, kNoiseBytesMax}) {
    EXPECT_EQ(Noise(7, bytes).size(), bytes);
    EXPECT_EQ(Noise(7, bytes), Noise(7, bytes));
  }
}

TEST(Noise, DiffersFromPieceToPiece) {
  std::set<std::string_view> pieces;
  for (std::uint64_t n = 0; n < 1000; ++n) pieces.insert(Noise(n, 200));
  EXPECT_EQ(pieces.size(), 1000U);
}

}  // namespace
}  // namespace tandem::measuring
