#include "duroxide_runtime/codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "duroxide_runtime/client.h"
#include "duroxide_runtime/context.h"

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

template <typename Out, typename In>
concept HandlesExist = requires {
  Activity<Out(In)>("name");
  Orchestration<Out(In)>("name");
};
static_assert(HandlesExist<int, std::vector<std::string>>);
static_assert(!HandlesExist<NoCodec, int>);
static_assert(!HandlesExist<int, NoCodec>);

// A call takes what its handle says. (What Registry::Add refuses: must_not_compile.txt.)
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
