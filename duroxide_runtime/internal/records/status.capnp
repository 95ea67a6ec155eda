@0x9d2f5ac1b7e34c60;

# What serves queries about an instance. No turn reads it.
#
# A stored format. Ordinals are never reused or renumbered; fields and union members are only added.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("duroxide::internal");

using History = import "history.capnp";

# Metadata "status" of the instance's home stream.
struct StatusRecord {
  state @0 :UInt8;           # InstanceState
  orchestration @1 :Data;
  version @2 :History.VersionRecord;  # null: not resolved yet
  execution @3 :UInt64;      # the latest
  output @4 :Data;           # of a completed one
  failure @5 :History.FailureRecord;  # of a failed one; null otherwise
  customStatus @6 :Data;     # null if there is none
  customStatusVersion @7 :UInt64;
  parent @8 :History.OperationRecord; # null if there is none
  diagnosis @9 :Data;        # why it makes no progress, in words; empty = no reason known
  createdAt @10 :Int64;      # microseconds since the Unix epoch
  updatedAt @11 :Int64;
  startAt @12 :Int64;        # of a pending one whose start is delayed; 0: it is not
}

# Metadata "kv/" + key.
struct KvRecord {
  erased @0 :Bool;           # by the running execution; in its stream only
  value @1 :Data;
  updatedAt @2 :Int64;       # microseconds since the Unix epoch
}
