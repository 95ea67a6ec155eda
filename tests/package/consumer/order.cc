// A type with a schema of its own: order

#include <order.capnp.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include <tandem/duroxide_runtime/capnp_codec.h>

namespace shop {

struct Item {
  std::string name;
  std::uint32_t pieces = 0;
};

void ToCapnp(const Item& item, Order::Builder record) {
  record.setItem(item.name);
  record.setPieces(item.pieces);
}
void FromCapnp(Order::Reader record, Item& item) {
  item.name = record.getItem().cStr();
  item.pieces = record.getPieces();
}

}  // namespace shop

template <>
struct duroxide::Codec<shop::Item> : duroxide::CapnpCodec<shop::Item, Order> {};

int main() {
  using ItemCodec = duroxide::Codec<shop::Item>;
  const auto item = ItemCodec::Decode(ItemCodec::Encode({"lamps", 3}));
  if (!item.ok()) return 1;
  std::printf("%u %s\n", item->pieces, item->name.c_str());
  return 0;
}
