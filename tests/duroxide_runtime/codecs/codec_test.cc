#include "tandem/duroxide_runtime/codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "tandem/duroxide_runtime/client.h"
#include "tandem/duroxide_runtime/context.h"
#include "tandem/tests/support/random_seed.h"

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

TEST(CodecTest, FloatingPointComesBackAsItWasByTheFewestDigits) {
  using Limits = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 0.1, -1.5, 1e300, 5e-324, Limits::min(), Limits::max(),
                             Limits::lowest(), Limits::infinity(), -Limits::infinity()}) {
    ExpectRoundTrip(value);
    EXPECT_EQ(std::signbit(*Codec<double>::Decode(Codec<double>::Encode(value))),
              std::signbit(value));
  }
  ExpectRoundTrip(0.1F);
  ExpectRoundTrip(std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(Codec<double>::Encode(0.1), "0.1");
  EXPECT_EQ(Codec<float>::Encode(0.1F), "0.1");
  EXPECT_EQ(Codec<double>::Encode(3), "3");
  EXPECT_EQ(Codec<double>::Encode(-0.0), "-0");
  EXPECT_EQ(Codec<double>::Encode(1e300), "1e+300");
  EXPECT_EQ(Codec<double>::Encode(-Limits::infinity()), "-inf");
}

TEST(CodecTest, RandomNumbersComeBackAsTheyWere) {
  std::mt19937_64 random(tandem::testing::TestSeed());
  for (int i = 0; i < 10'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isnan(value)) ExpectRoundTrip(value);
  }
}

TEST(CodecTest, AllThatIsNotANumberIsOneNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto other = std::bit_cast<double>(std::uint64_t{0xfff8'0000'0000'1234});
  EXPECT_EQ(Codec<double>::Encode(nan), "nan");
  EXPECT_EQ(Codec<double>::Encode(-nan), "nan");
  EXPECT_EQ(Codec<double>::Encode(other), "nan");
  EXPECT_TRUE(std::isnan(*Codec<double>::Decode("nan")));
}

TEST(CodecTest, BytesThatAreNoNumberAreRefused) {
  for (const std::string bytes :
       {"",    "-",    "+1",    " 1",     "1 ",     "1x",     "1,5",  ".5",
        "-.5", "e5",   "1e",    "0x1p3",  "NaN",    "nan(1)", "-nan", "infinity",
        "INF", "+inf", "1e999", "-1e999", "1e-999", "--1"}) {
    EXPECT_EQ(Codec<double>::Decode(bytes).status().code(), StatusCode::kInvalidArgument) << bytes;
  }
  EXPECT_EQ(Codec<double>::Decode(std::string("1\0", 2)).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Codec<double>::Decode("1.50").value(), 1.5) << "decimals of others are read";
  EXPECT_EQ(Codec<float>::Decode("1e39").status().code(), StatusCode::kInvalidArgument);
}

TEST(CodecTest, OptionalsComeBackAsTheyWere) {
  ExpectRoundTrip(std::optional<int>());
  ExpectRoundTrip(std::optional<int>(7));
  ExpectRoundTrip(std::optional<std::string>(""));
  ExpectRoundTrip(std::optional<Unit>(Unit()));
  ExpectRoundTrip(std::optional<std::optional<int>>(std::optional<int>()));
  ExpectRoundTrip(std::vector<std::optional<double>>{1.5, std::nullopt});
  EXPECT_EQ(Codec<std::optional<int>>::Encode(std::nullopt), "");
  EXPECT_EQ(Codec<std::optional<int>>::Encode(7), "=7");
  for (const std::string bytes : {"7", "=", "=x", "==7", " =7"}) {
    EXPECT_EQ(Codec<std::optional<int>>::Decode(bytes).status().code(),
              StatusCode::kInvalidArgument)
        << bytes;
  }
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

enum class Grade : std::uint8_t { kGood = 1, kBad = 2 };
enum Loose { kLooseEnd };

TEST(CodecTest, PairsAndTuplesComeBackAsTheyWere) {
  ExpectRoundTrip(std::pair<int, std::string>(7, "1:"));
  ExpectRoundTrip(std::tuple<>());
  ExpectRoundTrip(std::tuple<bool, std::optional<Unit>, std::string>(true, std::nullopt, ""));
  ExpectRoundTrip(std::vector<std::pair<std::string, std::tuple<int>>>{{"a", {1}}, {"", {2}}});
  EXPECT_EQ((Codec<std::pair<int, std::string>>::Encode({7, "ab"})), "1:72:ab");
  EXPECT_EQ((Codec<std::tuple<int, std::string>>::Encode({7, "ab"})), "1:72:ab");
}

TEST(CodecTest, AWrongNumberOfElementsIsRefused) {
  using Pair = std::pair<int, int>;
  EXPECT_TRUE(Codec<Pair>::Decode("1:11:2").ok());
  for (const std::string bytes : {"", "1:1", "1:11:21:3", "1:11:x", "1:19:2", "1:1x:2"}) {
    EXPECT_EQ(Codec<Pair>::Decode(bytes).status().code(), StatusCode::kInvalidArgument) << bytes;
  }
  EXPECT_FALSE(Codec<std::tuple<>>::Decode("0:").ok());
}

TEST(CodecTest, MapsComeBackAsTheyWere) {
  ExpectRoundTrip(std::map<std::string, int>());
  ExpectRoundTrip(std::map<std::string, int>{{"", 1}, {"1:", 2}});
  ExpectRoundTrip(std::unordered_map<int, std::vector<std::string>>{{-1, {}}, {10, {"a", ""}}});
  ExpectRoundTrip(std::map<std::pair<int, Grade>, std::map<bool, double>>{{{1, Grade::kBad}, {}}});
}

TEST(CodecTest, EqualMapsAreEqualBytesWhateverTheContainerAndItsOrder) {
  const std::string bytes = "2:101:b1:91:a";
  EXPECT_EQ((Codec<std::map<int, std::string>>::Encode({{9, "a"}, {10, "b"}})), bytes);
  EXPECT_EQ((Codec<std::map<int, std::string, std::greater<>>>::Encode({{9, "a"}, {10, "b"}})),
            bytes);
  EXPECT_EQ((Codec<std::unordered_map<int, std::string>>::Encode({{9, "a"}, {10, "b"}})), bytes);
  EXPECT_TRUE((Codec<std::map<int, std::string>>::Decode("1:91:a2:101:b").ok())) << "any order";
}

TEST(CodecTest, BytesThatAreNoMapAreRefused) {
  for (const std::string bytes : {"1:1", "1:11:a1:1", "1:11:a1:11:b", "x:1", "1:x1:a", "9:1"}) {
    const auto map = Codec<std::map<int, std::string>>::Decode(bytes);
    EXPECT_EQ(map.status().code(), StatusCode::kInvalidArgument) << bytes;
    const auto other = Codec<std::unordered_map<int, std::string>>::Decode(bytes);
    EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument) << bytes;
  }
}

TEST(CodecTest, AnEnumIsItsNumber) {
  ExpectRoundTrip(Grade::kBad);
  EXPECT_EQ(Codec<Grade>::Encode(Grade::kBad), "2");
  EXPECT_EQ(Codec<Grade>::Decode("200").value(), static_cast<Grade>(200)) << "of newer code";
  for (const std::string bytes : {"", "kBad", "-1", "256"}) {
    EXPECT_EQ(Codec<Grade>::Decode(bytes).status().code(), StatusCode::kInvalidArgument) << bytes;
  }
  static_assert(!Codable<Loose>, "of most numbers no value can be made");
}

struct NoCodec {};
static_assert(!Codable<std::pair<int, NoCodec>>);
static_assert(!Codable<std::map<int, NoCodec>>);
static_assert(!Codable<NoCodec>);
static_assert(Codable<std::vector<std::string>>);

// A call takes what its handle says. (What handles and Registry::Add refuse: must_not_compile.txt.)
template <typename Handle, typename Input>
concept Callable =
    requires(OrchestrationContext ctx, Handle handle, Input input) { ctx.Call(handle, input); };
template <typename Handle, typename Input>
concept StartableAsChild = requires(OrchestrationContext ctx, Handle handle, Input input) {
  ctx.StartChild(handle, input);
};
template <typename Handle, typename Input>
concept Startable = requires(Client client, Handle handle, Input input) {
  client.Start(handle, "instance", input);
};
template <typename Handle, typename Input>
concept Continuable = requires(OrchestrationContext ctx, Handle handle, Input input) {
  ctx.ContinueAsNew(handle, input);
};

using TakesText = Activity<int(std::string)>;
static_assert(Callable<TakesText, std::string>);
static_assert(Callable<TakesText, const char*>);
static_assert(!Callable<TakesText, int>);
static_assert(!Callable<TakesText, std::vector<std::string>>);
static_assert(!Callable<Activity<std::string(int)>, std::string>);
static_assert(!Callable<Activity<int(Unit)>, int>);

using RunsOnText = Orchestration<int(std::string)>;
static_assert(!Callable<RunsOnText, std::string>);
static_assert(!StartableAsChild<TakesText, std::string>);
static_assert(StartableAsChild<RunsOnText, std::string>);
static_assert(!StartableAsChild<RunsOnText, int>);
static_assert(Startable<RunsOnText, std::string>);
static_assert(!Startable<RunsOnText, int>);
static_assert(!Startable<TakesText, std::string>);
static_assert(Continuable<RunsOnText, std::string>);
static_assert(!Continuable<RunsOnText, int>);

// The output is that of the handle.
template <typename Handle>
using CallOf = decltype(std::declval<OrchestrationContext>().Call(
    std::declval<Handle>(), std::declval<typename Handle::Input>()));
static_assert(std::is_same_v<CallOf<TakesText>, Future<int>>);
static_assert(std::is_same_v<CallOf<Activity<Unit(int)>>, Future<Unit>>);

}  // namespace
}  // namespace duroxide
