@0xd6acdfa0fbec298a;
# Records of the message queue (docs/formats.md). Fields are only ever added, at the end. Times are
# microseconds since the Unix epoch; those of places and delays are by the queue's own time.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tandem::internal");

struct MessageRecord {
  enqueuedAt     @0 :Int64;
  key            @1 :Data;  # empty = none
  payload        @2 :Data;
  deadFrom       @3 :Data;    # the queue of a dead letter, which tells its key but does not hold it
  deadDeliveries @4 :UInt32;  # that it had there
  delayed        @5 :Bool;    # a member of a group that has an entry in the delayed index
}

struct GroupRecord {
  # A group that has messages. Its entry in the ready index stands at
  # (max(headVisibleAt, notBefore), headId).
  headVisibleAt @0 :Int64;
  headId        @1 :UInt64;
  notBefore     @2 :Int64;   # of an abandon with a delay; the least number = none
  size          @3 :UInt64;  # messages
}

struct KeyRecord {
  # The message that holds a key.
  id        @0 :UInt64;
  visibleAt @1 :Int64;
  group     @2 :Data;
  delayed   @3 :Bool;  # as in the message
}

struct DeliveredRecord {
  count @0 :UInt32;  # leases granted
}

struct QueueRecord {
  # Nothing in the queue's ready index stands before the floor.
  floorVisibleAt @0 :Int64;
  floorId        @1 :UInt64;
  messages       @2 :UInt64;  # in the queue
  latest         @3 :Int64;   # the queue's own time when it changed last: it never runs back
}
