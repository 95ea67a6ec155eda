@0xb07c681c146adcc4;
# Records of the event store (docs/formats.md). Fields are only ever added, at the end.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tandem::internal");

struct HeadRecord {
  version @0 :UInt64;  # of the last event; 0 only where `deleted`: it had metadata alone
  first   @1 :UInt64;  # the oldest version still there, at most version + 1; 0 means 1
  deleted @2 :Bool;    # of the stream only this record is left
}

struct TombstoneRecord {
  partition @0 :UInt64;  # the highest that the deleted entity had
}

struct EventRecord {
  position   @0 :UInt64;
  appendedAt @1 :Int64;  # microseconds since the Unix epoch
  payload    @2 :Data;
}

struct FeedRecord {
  # One append: events `first` to `first + count - 1` of a stream. The key holds the position of the
  # last of them.
  entity    @0 :Data;
  partition @1 :UInt64;
  first     @2 :UInt64;
  count     @3 :UInt64;
}
