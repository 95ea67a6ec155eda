// docs/codecs.md: a type stored as JSON, and one stored as a struct of Cap'n Proto.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tandem/duroxide.h>
#include <tandem/duroxide_runtime/capnp_codec.h>
#include <tandem/duroxide_runtime/json_codec.h>
#include "tandem/tests/readme/codecs.capnp.h"

// codecs: begin
namespace shop {

enum class Size : std::uint8_t { kSmall = 1, kLarge = 2 };

struct Line {
  std::string item;
  std::int64_t cents = 0;
  Size size = Size::kSmall;
};
TANDEM_JSON(Line, item, cents, size)

struct Order {
  Order() = default;  // no aggregate: it is the input of a coroutine

  std::string customer;
  std::vector<Line> lines;
  std::optional<std::string> note;
};
TANDEM_JSON(Order, customer, lines, note)

}  // namespace shop
// codecs: end

// codecs: begin
namespace shop {

struct Percent {
  int value = 0;
};
void to_json(nlohmann::json& json, const Percent& percent) { json = percent.value; }
void from_json(const nlohmann::json& json, Percent& percent) {
  percent.value = json.get<int>();
  if (percent.value < 0 || percent.value > 100) throw std::out_of_range("no percentage");
}

}  // namespace shop

template <>
struct duroxide::Codec<shop::Percent> : duroxide::JsonCodec<shop::Percent> {};
// codecs: end

// codecs: begin
namespace shop {

struct Parcel {
  std::string label;
  std::string photo;
  std::uint32_t grams = 0;
};

void ToCapnp(const Parcel& parcel, schema::Parcel::Builder record) {
  record.setLabel(parcel.label);
  record.setPhoto(tandem::ToData(parcel.photo));
  record.setGrams(parcel.grams);
}

void FromCapnp(schema::Parcel::Reader record, Parcel& parcel) {
  parcel.label = record.getLabel().cStr();
  parcel.photo = tandem::ToBytes(record.getPhoto());
  parcel.grams = record.getGrams();
}

}  // namespace shop

template <>
struct duroxide::Codec<shop::Parcel> : duroxide::CapnpCodec<shop::Parcel, shop::schema::Parcel> {};
// codecs: end

namespace {

// codecs: begin
constexpr duroxide::Activity<shop::Parcel(shop::Order)> kPack("pack");
// codecs: end

void Show(const shop::Order& order) {
  const std::string bytes = duroxide::Codec<shop::Order>::Encode(order);
  std::printf("%s\n", bytes.c_str());
  const auto wrong = duroxide::Codec<shop::Order>::Decode(R"({"lines":[{"cents":"3"}]})");
  std::printf("%s\n", wrong.status().ToString().c_str());
}

void Show(const shop::Parcel& parcel) {
  using ParcelCodec = duroxide::Codec<shop::Parcel>;
  const auto decoded = ParcelCodec::Decode(ParcelCodec::Encode(parcel));
  if (decoded.ok()) std::printf("%s, %u g\n", decoded->label.c_str(), decoded->grams);
}

}  // namespace

int main() {  // NOLINT(bugprone-exception-escape): no string here is anything but text
  duroxide::Registry registry;
  registry.Add(kPack, [](duroxide::ActivityContext&, const shop::Order& order) {
    return duroxide::Result<shop::Parcel>({order.customer, "", 900});
  });
  shop::Order order;
  order.customer = "ann";
  order.lines.push_back({"lamp", 3000, shop::Size::kLarge});
  Show(order);
  const auto percent = duroxide::Codec<shop::Percent>::Decode("101");
  std::printf("%s\n", percent.status().ToString().c_str());
  Show(shop::Parcel{"to ann", "", 900});
  return registry.status().ok() ? 0 : 1;
}
