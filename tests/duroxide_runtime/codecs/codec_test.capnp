@0xd6f1c3a7be04925d;
# Structs of capnp_codec_test.cc.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("duroxide::schema");

struct Line {
  item  @0 :Text;
  cents @1 :Int64;
}

struct Order {
  customer @0 :Text;
  lines    @1 :List(Line);
}

# Order as a later version of the program has it.
struct LaterOrder {
  customer @0 :Text;
  lines    @1 :List(Line);
  express  @2 :Bool;
  note     @3 :Text;
}

struct Tree {
  children @0 :List(Tree);
}

struct Bag {
  items @0 :List(Data);
  marks @1 :List(Void);
}
