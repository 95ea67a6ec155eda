@0xe3a1f0c95b7d2486;
# Records of the library of event sourcing (docs/formats.md). Fields are only ever added, at the end.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("sourcing::internal");

struct EnvelopeRecord {
  type        @0 :Data;
  id          @1 :Data;
  correlation @2 :Data;
  causation   @3 :Data;
  time        @4 :Int64;  # microseconds since the Unix epoch
  headers     @5 :List(HeaderRecord);  # in order of their names
  data        @6 :Data;
}

struct HeaderRecord {
  name  @0 :Data;
  value @1 :Data;
}

struct SnapshotRecord {
  # The state of an aggregate after the event `version`.
  type    @0 :Data;  # name and fields of the state
  version @1 :UInt64;
  state   @2 :Data;
}

struct CommandRecord {
  # What a command did. Under its id, and in short (`number` alone) as the count of commands.
  number  @0 :UInt64;  # 1, 2, 3, ... among the commands of the stream
  first   @1 :UInt64;  # the versions that it appended; first = version + 1 for none
  version @2 :UInt64;
}

struct CheckpointRecord {
  position   @0 :UInt64;  # up to here each event of the feed was handled
  generation @1 :UInt64;  # of the entries that count: one more with each rebuild
  code       @2 :Data;    # what the projection was then
}
