// docs/codecs.md: a type stored as JSON, and one stored as a struct of Cap'n Proto.

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <tandem/duroxide.h>
#include <tandem/duroxide_runtime/capnp_codec.h>
#include <tandem/duroxide_runtime/json_codec.h>
#include "tandem/tests/readme/codecs.capnp.h"

// codecs: begin
namespace shop {

struct Order {
  Order() = default;  // an input of a coroutine must not be an aggregate
  Order(std::string what, std::int64_t price) : item(std::move(what)), cents(price) {}

  std::string item;
  std::int64_t cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Order, item, cents)

}  // namespace shop

template <>
struct duroxide::Codec<shop::Order> : duroxide::JsonCodec<shop::Order> {};
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
  const auto cut = duroxide::Codec<shop::Order>::Decode(bytes.substr(0, 10));
  std::printf("%s\n", std::string(tandem::StatusCodeName(cut.status().code())).c_str());
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
    return duroxide::Result<shop::Parcel>({order.item, "", 900});
  });
  Show(shop::Order("lamp", 3000));
  Show(shop::Parcel{"to ann", "", 900});
  return registry.status().ok() ? 0 : 1;
}
