@0xd6acdfa0fbec298a;
# Records of the message queue (docs/formats.md). Fields are only ever added, at the end. Times are
# microseconds since the Unix epoch.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tandem::internal");

struct MessageRecord {
  enqueuedAt @0 :Int64;
  key        @1 :Data;  # empty = none
  payload    @2 :Data;
}

struct GroupRecord {
  # A group that has messages. Its entry in the ready index stands at
  # (max(headVisibleAt, notBefore), headId).
  headVisibleAt @0 :Int64;
  headId        @1 :UInt64;
  notBefore     @2 :Int64;   # of an abandon with a delay; 0 = none
  size          @3 :UInt64;  # messages
}

struct KeyRecord {
  # The message that holds a key.
  id        @0 :UInt64;
  visibleAt @1 :Int64;
  group     @2 :Data;
}

struct DeliveredRecord {
  count @0 :UInt32;  # leases granted
}

struct FloorRecord {
  # Nothing in the queue's ready index stands before this.
  visibleAt @0 :Int64;
  id        @1 :UInt64;
}
