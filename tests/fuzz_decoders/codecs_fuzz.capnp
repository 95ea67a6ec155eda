@0xb2e6d18c5a3f7941;
# Structs of codecs_fuzz.cc.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fuzz::schema");

struct FuzzedLine {
  item  @0 :Text;
  cents @1 :Int64;
}

struct FuzzedOrder {
  customer @0 :Text;
  lines    @1 :List(FuzzedLine);
}
