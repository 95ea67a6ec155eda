@0x8166ea7e32936fcf;
# The record of the store itself (docs/formats.md).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tandem::internal");

struct StoreRecord {
  format      @0 :UInt32;  # of everything in the store; a reader refuses one that it does not know
  store       @1 :UInt64;  # random; part of every lock token
  incarnation @2 :UInt64;  # how often the store was opened
}
