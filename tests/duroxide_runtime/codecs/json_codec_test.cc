#include "tandem/duroxide_runtime/json_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tandem/tests/duroxide_runtime/codecs/pass_through.h"
#include "tandem/tests/support/random_seed.h"

namespace json_shop {

struct Order {
  Order() = default;
  Order(std::string what, std::int64_t price) : item(std::move(what)), cents(price) {}
  bool operator==(const Order&) const = default;

  std::string item;
  std::int64_t cents = 0;
  double weight = 0;
  std::map<std::string, std::vector<std::string>> notes;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, cents, weight, notes)

struct Quantity {
  int pieces = 0;
};
void to_json(nlohmann::json& json, const Quantity& quantity) { json = quantity.pieces; }
void from_json(const nlohmann::json& json, Quantity& quantity) {
  quantity.pieces = json.get<int>();
  if (quantity.pieces < 0) throw std::out_of_range("less than no pieces");
}

enum class Size : std::uint8_t { kSmall = 1, kLarge = 2 };
enum class Shape { kRound, kFlat };
NLOHMANN_JSON_SERIALIZE_ENUM(Shape, {{Shape::kRound, "round"}, {Shape::kFlat, "flat"}})

struct Line {
  bool operator==(const Line&) const = default;
  std::string item;
  std::int64_t cents = 5;
};
TANDEM_JSON(Line, item, cents)

struct Basket {
  Basket() = default;  // an input of a coroutine must not be an aggregate
  bool operator==(const Basket&) const = default;

  std::vector<Line> lines;
  std::optional<std::string> note;
  std::optional<Line> gift;
  Size size = Size::kSmall;
  Shape shape = Shape::kFlat;
  std::map<std::string, Line> by_name;
  std::unordered_map<int, std::string> shelves;
  std::pair<int, double> at{1, 0.5};
  std::tuple<bool, Line, duroxide::Unit> rest;
  std::list<Line> foreign;  // by nlohmann-json
  std::vector<bool> bits{true};
  float weight = 0.1F;
  std::uint8_t count = 1;
};
TANDEM_JSON(Basket, lines, note, gift, size, shape, by_name, shelves, at, rest, foreign, bits,
            weight, count)

struct Tree {
  bool operator==(const Tree&) const = default;
  int value = 0;
  std::vector<Tree> below;
};
TANDEM_JSON(Tree, value, below)

struct Nothing {};
TANDEM_JSON(Nothing)

}  // namespace json_shop

template <>
struct duroxide::Codec<json_shop::Order> : duroxide::JsonCodec<json_shop::Order> {};
template <>
struct duroxide::Codec<json_shop::Quantity> : duroxide::JsonCodec<json_shop::Quantity> {};
template <>
struct duroxide::Codec<nlohmann::json> : duroxide::JsonCodec<nlohmann::json> {};
template <>
struct duroxide::Codec<double> : duroxide::JsonCodec<double> {};

namespace duroxide {
namespace {

using json_shop::Basket;
using json_shop::Line;
using json_shop::Order;
using json_shop::Quantity;
using json_shop::Tree;
using tandem::StatusCode;

Order Sample() {
  Order order("lámp \"1\"\n", std::numeric_limits<std::int64_t>::min());
  order.weight = 0.1;
  order.notes = {{"z", {"last"}}, {"a", {}}};
  return order;
}

// Why the text is no order.
std::string Refusal(const std::string& text) {
  const Result<Order> order = Codec<Order>::Decode(text);
  if (order.ok()) return "";
  EXPECT_EQ(order.status().code(), StatusCode::kInvalidArgument) << text;
  return order.status().message();
}

void ExpectContains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(JsonCodecTest, ValuesComeBackAsTheyWere) {
  for (const Order& order : {Order(), Sample(), Order(std::string("a\0b", 3), 7)}) {
    const Result<Order> decoded = Codec<Order>::Decode(Codec<Order>::Encode(order));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, order);
  }
}

TEST(JsonCodecTest, ValuesPassThroughAnOrchestration) {
  const Result<Order> passed = PassThroughSimulation(tandem::testing::TestSeed(), Sample());
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(*passed, Sample());
  const nlohmann::json any = {{"items", {1, nullptr, "x"}}, {"more", false}};
  const Result<nlohmann::json> free = PassThroughSimulation(tandem::testing::TestSeed(), any);
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_EQ(*free, any);
}

TEST(JsonCodecTest, TheBytesAreSortedAndWithoutBlanks) {
  EXPECT_EQ(Codec<Order>::Encode(Sample()),
            R"({"cents":-9223372036854775808,"item":"lámp \"1\"\n","notes":{"a":[],"z":["last"]},)"
            R"("weight":0.1})");
}

TEST(JsonCodecTest, DoublesComeBackToTheLastBit) {
  std::mt19937_64 random(tandem::testing::TestSeed());
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const Result<double> decoded = Codec<double>::Decode(Codec<double>::Encode(value));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, value);
  }
}

TEST(JsonCodecTest, ANumberThatIsNoneDoesNotComeBack) {
  EXPECT_EQ(Codec<double>::Encode(std::nan("")), "null");
  EXPECT_FALSE(Codec<double>::Decode("null").ok());
}

TEST(JsonCodecTest, ErrorsSayWhatIsWrong) {
  ExpectContains(Refusal(""), "unexpected end of input");
  ExpectContains(Refusal(R"({"cents":)"), "line 1, column 10");
  ExpectContains(Refusal(R"({"item":"lamp"} x)"), "expected end of input");
  ExpectContains(Refusal(R"({"cents":1,"notes":{},"weight":1})"), "key 'item' not found");
  ExpectContains(Refusal(R"({"item":1,"cents":1,"notes":{},"weight":1})"),
                 "type must be string, but is number");
  ExpectContains(Refusal("[]"), "array");
  ExpectContains(Refusal("7"), "number");
  ExpectContains(Refusal("{\"item\":\"\xff\"}"), "ill-formed UTF-8");
  ExpectContains(Refusal("1e999"), "number overflow");
}

TEST(JsonCodecTest, WhatIsCutOffIsRefused) {
  const std::string bytes = Codec<Order>::Encode(Sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_NE(Refusal(bytes.substr(0, length)), "") << length;
  }
}

TEST(JsonCodecTest, AnErrorIsShortHoweverLongTheText) {
  std::string text(1 << 20, 'x');
  text.front() = '"';
  const std::string refusal = Refusal(text);
  EXPECT_GT(refusal.size(), 100U);
  EXPECT_LT(refusal.size(), 400U);
}

TEST(JsonCodecTest, WhatFromJsonThrowsIsARefusal) {
  EXPECT_TRUE(Codec<Quantity>::Decode("1").ok());
  EXPECT_EQ(Codec<Quantity>::Decode("-1").status().ToString(),
            "InvalidArgument: JSON: less than no pieces");
}

std::string Nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonCodecTest, DepthIsLimited) {
  EXPECT_TRUE(Codec<nlohmann::json>::Decode(Nested(512)).ok());
  for (const std::size_t depth : {std::size_t{513}, std::size_t{4'000'000}}) {
    const auto refused = Codec<nlohmann::json>::Decode(Nested(depth));
    EXPECT_EQ(refused.status().ToString(), "InvalidArgument: JSON: nested deeper than 512");
  }
}

// --- TANDEM_JSON --------------------------------------------------------------------------------

Basket FullBasket() {
  Basket basket;
  basket.lines = {{"lamp", 3}, {"", std::numeric_limits<std::int64_t>::min()}};
  basket.note = "";
  basket.gift = Line{"ribbon", 0};
  basket.size = json_shop::Size::kLarge;
  basket.by_name = {{"z", {"last", 1}}, {"a", {}}};
  basket.shelves = {{10, "ten"}, {-1, "below"}, {9, "nine"}};
  basket.at = {7, std::numeric_limits<double>::infinity()};
  basket.foreign = {{"chair", 2}};
  basket.bits = {false, true};
  return basket;
}

std::string BasketRefusal(const std::string& text) {
  const Result<Basket> basket = Codec<Basket>::Decode(text);
  EXPECT_EQ(basket.status().code(), StatusCode::kInvalidArgument) << text;
  return basket.status().message();
}

TEST(TandemJsonTest, StructsComeBackAsTheyWere) {
  for (const Basket& basket : {Basket(), FullBasket()}) {
    const std::string bytes = Codec<Basket>::Encode(basket);
    const Result<Basket> decoded = Codec<Basket>::Decode(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, basket);
    EXPECT_EQ(Codec<Basket>::Encode(*decoded), bytes);
  }
  const Tree tree{1, {{2, {}}, {3, {{4, {}}}}}};
  EXPECT_EQ(Codec<Tree>::Decode(Codec<Tree>::Encode(tree)).value(), tree);
  EXPECT_EQ(Codec<json_shop::Nothing>::Encode({}), "{}");
}

TEST(TandemJsonTest, StructsPassThroughAnOrchestration) {
  const Result<Basket> passed = PassThroughSimulation(tandem::testing::TestSeed(), FullBasket());
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(*passed, FullBasket());
}

TEST(TandemJsonTest, TheBytesAreSortedAndAnEmptyOptionalIsNotWritten) {
  EXPECT_EQ(Codec<Line>::Encode({"lamp", 3}), R"({"cents":3,"item":"lamp"})");
  Basket basket;
  basket.weight = 0.5F;
  basket.shelves = {{10, "ten"}, {9, "nine"}};
  EXPECT_EQ(Codec<Basket>::Encode(basket),
            R"({"at":[1,0.5],"bits":[true],"by_name":{},"count":1,"foreign":[],"lines":[],)"
            R"("rest":[false,{"cents":5,"item":""},null],"shape":"flat",)"
            R"("shelves":[[9,"nine"],[10,"ten"]],"size":1,"weight":0.5})");
}

TEST(TandemJsonTest, AMissingFieldKeepsItsDefaultAndAnUnknownMemberIsIgnored) {
  EXPECT_EQ(Codec<Line>::Decode(R"({"item":"x","later":[1]})").value(), (Line{"x", 5}));
  EXPECT_EQ(Codec<Line>::Decode("{}").value(), Line());
}

TEST(TandemJsonTest, WhatDoesNotFitIsRefusedByTheNameOfItsField) {
  EXPECT_EQ(BasketRefusal("[]"), "JSON: expected an object, found array");
  EXPECT_EQ(BasketRefusal(R"({"lines":[{},{"item":1}]})"),
            "JSON: 'lines': [1]: 'item': expected a string, found number");
  EXPECT_EQ(BasketRefusal(R"({"count":256})"),
            "JSON: 'count': 256 is out of range for an integer of 1 bytes");
  ExpectContains(BasketRefusal(R"({"count":-1})"), "out of range");
  ExpectContains(BasketRefusal(R"({"size":300})"), "'size': 300 is out of range");
  ExpectContains(BasketRefusal(R"({"count":1.0})"), "expected an integer");
  ExpectContains(BasketRefusal(R"({"count":null})"), "expected an integer, found null");
  ExpectContains(BasketRefusal(R"({"weight":1e300})"), "out of range");
  ExpectContains(BasketRefusal(R"({"weight":"1"})"), "expected a number, found string");
  ExpectContains(BasketRefusal(R"({"bits":[1]})"), "[0]: expected true or false");
  ExpectContains(BasketRefusal(R"({"at":[1]})"), "expected an array of 2");
  ExpectContains(BasketRefusal(R"({"by_name":{"k":3}})"), "'k': expected an object");
  ExpectContains(BasketRefusal(R"({"shelves":[[1,"a"],[1,"b"]]})"), "a key is there twice");
  ExpectContains(BasketRefusal(R"({"foreign":[{"cents":"x"}]})"), "'foreign': ");
}

TEST(TandemJsonTest, WhatIsNoNumberComesBack) {
  const Result<Basket> basket = Codec<Basket>::Decode(R"({"weight":"nan","at":[1,"-inf"]})");
  ASSERT_TRUE(basket.ok()) << basket.status();
  EXPECT_TRUE(std::isnan(basket->weight));
  EXPECT_EQ(basket->at.second, -std::numeric_limits<double>::infinity());
  ExpectContains(Codec<Basket>::Encode(*basket), R"("weight":"nan")");
}

TEST(TandemJsonTest, WhatIsCutOffIsRefused) {
  const std::string bytes = Codec<Basket>::Encode(FullBasket());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(Codec<Basket>::Decode(bytes.substr(0, length)).ok()) << length;
  }
}

TEST(TandemJsonTest, DepthIsLimitedInStructsOfThemselves) {
  std::string text = "{}";
  for (int i = 0; i < 300; ++i) text = R"({"below":[)" + text + "]}";
  ExpectContains(Codec<Tree>::Decode(text).status().message(), "nested deeper than 512");
}

TEST(TandemJsonTest, NlohmannJsonConvertsSuchStructsToo) {
  const nlohmann::json json = Line{"lamp", 3};
  EXPECT_EQ(json.get<Line>(), (Line{"lamp", 3}));
}

// --- What can't be encoded ----------------------------------------------------------------------

const Order kNoText("\xff", 1);

TEST(JsonCodecTest, BytesThatAreNoTextAreNotEncoded) {
  try {
    Codec<Order>::Encode(kNoText);
    FAIL() << "encoded";
  } catch (const std::invalid_argument& exception) {
    ExpectContains(exception.what(), "invalid UTF-8 byte at index 0: 0xFF");
  }
}

Task<Result<Unit>> CallWithNoText(OrchestrationContext ctx, Unit) {
  co_await OrFail(ctx.Call(kEcho<Order>, kNoText));
  co_return Unit();
}

TEST(JsonCodecTest, AnOrchestrationThatEncodesNoTextFails) {
  constexpr Orchestration<Unit(Unit)> kCall("call");
  Registry registry;
  registry.Add(kCall, CallWithNoText);
  testing::Simulation sim(1, std::move(registry));
  ASSERT_TRUE(sim.client().Start(kCall, "c", Unit()).ok());
  ASSERT_TRUE(sim.Run().ok());
  const auto output = sim.client().Wait(kCall, "c", std::chrono::milliseconds(0));
  EXPECT_EQ(output.status().code(), StatusCode::kInternal);
  ExpectContains(output.status().message(), "invalid UTF-8");
  EXPECT_TRUE(sim.Check().ok());
}

TEST(JsonCodecTest, AnActivityWhoseOutputIsNoTextFails) {
  constexpr Orchestration<Order(Order)> kCall("call");
  constexpr auto kCallEcho = [](OrchestrationContext ctx, Order order) -> Task<Result<Order>> {
    co_return co_await ctx.Call(kEcho<Order>, order);
  };
  Registry registry;
  registry.Add(kCall, kCallEcho);
  registry.Add(kEcho<Order>, [](ActivityContext& context, const Order&) -> Result<Order> {
    EXPECT_EQ(context.Heartbeat(kNoText).code(), StatusCode::kInvalidArgument);
    return kNoText;
  });
  testing::Simulation sim(1, std::move(registry));
  ASSERT_TRUE(sim.client().Start(kCall, "c", Order()).ok());
  ASSERT_TRUE(sim.Run().ok());
  const auto output = sim.client().Wait(kCall, "c", std::chrono::milliseconds(0));
  EXPECT_EQ(output.status().code(), StatusCode::kInternal);
  ExpectContains(output.status().message(), "invalid UTF-8");
}

TEST(JsonCodecTest, AClientThatEncodesNoTextGetsAStatus) {
  testing::Simulation sim(1, Registry());
  const Client client = sim.client();
  for (const Status& status :
       {client.Start(kPass<Order>, "p", kNoText), client.RaiseEvent("p", "event", kNoText),
        client.RaiseEvent("p", "box", kNoText)}) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    ExpectContains(status.message(), "can't be encoded: JSON: ");
  }
}

}  // namespace
}  // namespace duroxide
