#include "tandem/base/key_encoding.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tandem {
namespace {

// Few distinct bytes, so that prefixes, zeros and ties happen all the time.
std::string RandomBytes(std::mt19937_64& random) {
  static const std::vector<char> kBytes = {'\x00', '\x01', '\x02', 'a', '\xFE', '\xFF'};
  std::string bytes(random() % 6, '\0');
  for (char& byte : bytes) byte = kBytes[random() % kBytes.size()];
  return bytes;
}

std::uint64_t RandomNumber(std::mt19937_64& random) { return random() >> (random() % 64); }

class KeyEncodingProperty : public testing::Test {
 protected:
  static constexpr std::uint64_t kSeed = 20260101;
  static constexpr int kRounds = 20'000;
  std::mt19937_64 random_{kSeed};
};

TEST_F(KeyEncodingProperty, EncodedOrderIsTheOrderOfTheFields) {
  for (int i = 0; i < kRounds; ++i) {
    const auto a =
        std::make_tuple(RandomBytes(random_), RandomNumber(random_), RandomBytes(random_));
    const auto b =
        std::make_tuple(RandomBytes(random_), RandomNumber(random_), RandomBytes(random_));
    const auto encode = [](const auto& fields) {
      return KeyWriter('x')
          .Escaped(std::get<0>(fields))
          .U64(std::get<1>(fields))
          .Raw(std::get<2>(fields))
          .Take();
    };
    ASSERT_EQ(a < b, encode(a) < encode(b)) << "seed " << kSeed << " round " << i;
    ASSERT_EQ(a == b, encode(a) == encode(b)) << "seed " << kSeed << " round " << i;
  }
}

TEST_F(KeyEncodingProperty, DecodingReturnsWhatWasEncoded) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string name = RandomBytes(random_);
    const std::uint64_t number = RandomNumber(random_);
    const std::string rest = RandomBytes(random_);
    const std::string key = KeyWriter('x').Escaped(name).U64(number).Raw(rest).Take();
    KeyReader reader(key, 'x');
    ASSERT_EQ(reader.Escaped(), name);
    ASSERT_EQ(reader.U64(), number);
    ASSERT_EQ(reader.Raw(), rest);
    ASSERT_TRUE(reader.AtEnd());
  }
}

TEST_F(KeyEncodingProperty, NoEncodedNameIsAPrefixOfAnother) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string a = RandomBytes(random_);
    const std::string b = RandomBytes(random_);
    if (a == b) continue;
    const std::string key_a = KeyWriter('x').Escaped(a).Take();
    const std::string key_b = KeyWriter('x').Escaped(b).Take();
    ASSERT_FALSE(key_b.starts_with(key_a)) << "seed " << kSeed << " round " << i;
  }
}

TEST_F(KeyEncodingProperty, PrefixEndIsTheFirstKeyAfterAllWithThePrefix) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string prefix = RandomBytes(random_);
    const std::string other = RandomBytes(random_);
    const std::string end = PrefixEnd(prefix);
    if (end.empty()) continue;
    ASSERT_EQ(other >= prefix && other < end, other.starts_with(prefix))
        << "seed " << kSeed << " round " << i;
  }
}

TEST(KeyReaderTest, DamagedKeysAreNullopt) {
  EXPECT_EQ(KeyReader("", 'x').Escaped(), std::nullopt);
  EXPECT_EQ(KeyReader("yabc", 'x').Raw(), std::nullopt);
  EXPECT_EQ(KeyReader("xabc", 'x').Escaped(), std::nullopt);  // not closed
  EXPECT_EQ(KeyReader(std::string_view("xa\x00", 3), 'x').Escaped(),
            std::nullopt);  // cut
  EXPECT_EQ(KeyReader(std::string_view("xa\x00\x02", 4), 'x').Escaped(), std::nullopt);
  EXPECT_EQ(KeyReader("x1234567", 'x').U64(), std::nullopt);
}

TEST(KeyReaderTest, NothingIsReadAfterAFailure) {
  KeyReader reader("xab", 'x');
  EXPECT_EQ(reader.U64(), std::nullopt);
  EXPECT_EQ(reader.Raw(), std::nullopt);
  EXPECT_FALSE(reader.AtEnd());
}

}  // namespace
}  // namespace tandem
