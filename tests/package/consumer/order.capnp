@0x9d2f6b81c4e3a705;

struct Order {
  item   @0 :Text;
  pieces @1 :UInt32;
}
