// The codecs of values: those built in, those for JSON (also of structs with TANDEM_JSON) and for
// Cap'n Proto.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/capnp_codec.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/json_codec.h"
#include "tandem/tests/fuzz_decoders/codecs_fuzz.capnp.h"
#include "tandem/tests/fuzz_decoders/fuzz_target.h"

namespace fuzz {

struct Line {
  std::string item;
  std::int64_t cents = 0;
};

struct Order {
  std::string customer;
  std::vector<Line> lines;
};

void ToCapnp(const Order& order, schema::FuzzedOrder::Builder record) {
  record.setCustomer(order.customer);
  auto lines = record.initLines(static_cast<unsigned>(order.lines.size()));
  for (unsigned i = 0; i < lines.size(); ++i) {
    lines[i].setItem(order.lines[i].item);
    lines[i].setCents(order.lines[i].cents);
  }
}

void FromCapnp(schema::FuzzedOrder::Reader record, Order& order) {
  order.customer = record.getCustomer().cStr();
  for (const auto line : record.getLines()) {
    order.lines.push_back({line.getItem().cStr(), line.getCents()});
  }
}

struct JsonLine {
  std::string item;
  std::int64_t cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JsonLine, item, cents)

enum class Grade : std::uint8_t { kGood, kBad };

struct Basket {
  std::vector<Basket> below;
  std::optional<std::string> note;
  std::map<std::string, std::int16_t> prices;
  std::unordered_map<int, std::vector<bool>> shelves;
  std::pair<Grade, float> grade;
  std::tuple<double, std::uint64_t> numbers;
  std::vector<JsonLine> lines;
};
TANDEM_JSON(Basket, below, note, prices, shelves, grade, numbers, lines)

}  // namespace fuzz

template <>
struct duroxide::Codec<fuzz::Order> : duroxide::CapnpCodec<fuzz::Order, fuzz::schema::FuzzedOrder> {
};
template <>
struct duroxide::Codec<fuzz::JsonLine> : duroxide::JsonCodec<fuzz::JsonLine> {};

namespace duroxide {
namespace {

template <typename T>
void RoundTrip(std::string_view bytes) {
  tandem::testing::RoundTrip(
      bytes, [](std::string_view value) { return Codec<T>::Decode(value); },
      [](const T& value) { return Codec<T>::Encode(value); });
}

void DecodeOne(unsigned kind, std::string_view bytes) {
  switch (kind) {
    case 0:
      return RoundTrip<bool>(bytes);
    case 1:
      return RoundTrip<std::int8_t>(bytes);
    case 2:
      return RoundTrip<std::uint64_t>(bytes);
    case 3:
      return RoundTrip<Unit>(bytes);
    case 4:
      return RoundTrip<std::vector<std::string>>(bytes);
    case 5:
      return RoundTrip<std::vector<std::vector<std::int64_t>>>(bytes);
    case 6:
      return RoundTrip<fuzz::JsonLine>(bytes);
    case 7:
      return RoundTrip<fuzz::Order>(bytes);
    case 8:
      return RoundTrip<double>(bytes);
    case 9:
      return RoundTrip<float>(bytes);
    case 10:
      return RoundTrip<std::string>(bytes);
    case 11:
      return RoundTrip<std::optional<std::string>>(bytes);
    case 12:
      return RoundTrip<std::vector<std::optional<double>>>(bytes);
    case 13:
      return RoundTrip<std::pair<std::string, std::optional<int>>>(bytes);
    case 14:
      return RoundTrip<std::tuple<bool, std::vector<std::string>, float>>(bytes);
    case 15:
      return RoundTrip<std::map<std::string, std::map<int, Unit>>>(bytes);
    case 16:
      return RoundTrip<std::unordered_map<std::int64_t, std::string>>(bytes);
    case 17:
      return RoundTrip<fuzz::Grade>(bytes);
    default:
      return RoundTrip<fuzz::Basket>(bytes);
  }
}

}  // namespace
}  // namespace duroxide

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::testing::FuzzInput input(data, size);
  const unsigned kind = input.Choose(19);
  duroxide::DecodeOne(kind, input.rest());
  return 0;
}
