@0xdd3704cf91ac9d26;

# One event of an execution's history, as stored in an event of the stream (instance, execution).
#
# A stored format. Ordinals are never reused or renumbered; fields and union members are only added.
# A reader that meets a union member it does not know refuses the history.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("duroxide::internal");

struct FailureRecord {
  code @0 :UInt8;      # tandem::StatusCode
  message @1 :Data;
}

struct HistoryEventRecord {
  time @0 :Int64;      # microseconds since the Unix epoch

  union {
    started @1 :Started;
    activityScheduled @2 :Call;
    activityCompleted @3 :Completion;
    activityFailed @4 :Failure;
    activityCancelRequested @5 :UInt64;   # scheduled id
    timerCreated @6 :Int64;               # fire at, microseconds since the Unix epoch
    timerFired @7 :UInt64;                # scheduled id
    timerCancelled @8 :UInt64;            # scheduled id
    eventSubscribed @9 :Data;             # name
    eventRaised @10 :Call;                # name and payload
    eventUnsubscribed @11 :UInt64;        # scheduled id
    orchestrationCompleted @12 :Data;     # output
    orchestrationFailed @13 :FailureRecord;
  }

  struct Started {
    name @0 :Data;
    input @1 :Data;
    seed @2 :UInt64;
  }
  struct Call {
    name @0 :Data;
    input @1 :Data;
  }
  struct Completion {
    scheduledId @0 :UInt64;
    output @1 :Data;
  }
  struct Failure {
    scheduledId @0 :UInt64;
    failure @1 :FailureRecord;
  }
}

# Metadata "status" of (instance, 0). It serves queries only: no turn reads it.
struct StatusRecord {
  state @0 :UInt8;           # InstanceState
  orchestration @1 :Data;
  output @2 :Data;           # of a completed one
  failure @3 :FailureRecord; # of a failed one; code 0 otherwise
  diagnosis @4 :Data;        # why it makes no progress, in words; empty = no reason known
  createdAt @5 :Int64;       # microseconds since the Unix epoch
  updatedAt @6 :Int64;
}
