@0x8166ea7e32936fcf;
# Records of the store itself (docs/formats.md). Fields are only ever added, at the end.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tandem::internal");

struct StoreRecord {
  format      @0 :UInt32;  # of everything in the store; a reader refuses one that it does not know
  store       @1 :UInt64;  # random; part of every lock token
  incarnation @2 :UInt64;  # how often the store was opened
}

struct BatchIdRecord {
  # A batch that was applied under an id.
  digest    @0 :Data;   # of its operations (batch/batch_digest.h)
  appliedAt @1 :Int64;  # microseconds since the Unix epoch
  results   @2 :List(OperationRecord);
  incarnation @3 :UInt64;  # of the store, in which it was applied
}

struct OperationRecord {
  # What an operation of it reported.
  union {
    none     @0 :Void;
    append :group {
      first    @1 :UInt64;
      version  @2 :UInt64;
      position @3 :UInt64;
    }
    removedEvents :group {
      count @4 :UInt64;
      more  @5 :Bool;
    }
    enqueue :group {
      id        @6 :UInt64;
      duplicate @7 :Bool;
    }
    cancelled       @8 :Bool;
    removedMessages :group {
      count @9 :UInt64;
      more  @10 :Bool;
    }
  }
}
