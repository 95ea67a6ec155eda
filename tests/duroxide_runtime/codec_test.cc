#include "duroxide_runtime/codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace duroxide {
namespace {

template <typename T>
void ExpectRoundTrip(const T& value) {
  const Result<T> decoded = Codec<T>::Decode(Codec<T>::Encode(value));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, value);
}

TEST(CodecTest, ValuesComeBackAsTheyWere) {
  ExpectRoundTrip(std::string("a\0b\"{}", 6));
  ExpectRoundTrip(true);
  ExpectRoundTrip(false);
  ExpectRoundTrip(std::numeric_limits<std::int64_t>::min());
  ExpectRoundTrip(std::numeric_limits<std::uint64_t>::max());
  ExpectRoundTrip(Unit());
  ExpectRoundTrip(std::vector<std::string>());
  ExpectRoundTrip(std::vector<std::string>{"", "1:", std::string("a\0b", 3)});
  ExpectRoundTrip(std::vector<std::vector<int>>{{1, -2}, {}, {3}});
}

TEST(CodecTest, StringsAreStoredAsTheyAre) {
  EXPECT_EQ(Codec<std::string>::Encode("\"x\""), "\"x\"");
  EXPECT_EQ(Codec<int>::Encode(-7), "-7");
  EXPECT_EQ(Codec<std::vector<int>>::Encode({1, 23}), "1:12:23");
}

TEST(CodecTest, WrongBytesAreAnErrorNotAValue) {
  EXPECT_FALSE(Codec<int>::Decode("").ok());
  EXPECT_FALSE(Codec<int>::Decode("12x").ok());
  EXPECT_FALSE(Codec<std::uint8_t>::Decode("256").ok());
  EXPECT_FALSE(Codec<bool>::Decode("1").ok());
  EXPECT_FALSE(Codec<Unit>::Decode("x").ok());
  EXPECT_FALSE(Codec<std::vector<int>>::Decode("5:1").ok());
  EXPECT_FALSE(Codec<std::vector<int>>::Decode("x").ok());
  EXPECT_FALSE(Codec<std::vector<int>>::Decode("18446744073709551616:1").ok());
}

struct NoCodec {};
static_assert(!Codable<NoCodec>);
static_assert(Codable<std::vector<std::string>>);

}  // namespace
}  // namespace duroxide
