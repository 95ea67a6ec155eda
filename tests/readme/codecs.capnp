@0xe3a1806bd5c7f294;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("shop::schema");

struct Parcel {
  label  @0 :Text;
  photo  @1 :Data;
  grams  @2 :UInt32;
}
