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
  category @2 :UInt8;  # FailureCategory
  causes @3 :List(Cause);

  struct Cause {
    code @0 :UInt8;
    message @1 :Data;
  }
}

struct VersionRecord {
  major @0 :UInt32;
  minor @1 :UInt32;
  patch @2 :UInt32;
}

struct OperationRecord {
  instance @0 :Data;
  execution @1 :UInt64;
  scheduledId @2 :UInt64;
}

struct EventRecord {
  name @0 :Data;
  payload @1 :Data;
}

# Absent pointers read as absent values: a version that is null is "by policy", a parent that is null
# is none.
struct HistoryEventRecord {
  time @0 :Int64;      # microseconds since the Unix epoch

  union {
    started @1 :Started;
    activityCompleted @2 :Completion;
    activityFailed @3 :Failed;
    timerFired @4 :UInt64;                # scheduled id
    eventRaised @5 :EventRecord;
    childCompleted @6 :Completion;
    childFailed @7 :Failed;
    cancelRequested @8 :Data;             # reason

    activityScheduled @9 :Call;
    activityCancelRequested @10 :Cancel;
    timerCreated @11 :Int64;              # fire at, microseconds since the Unix epoch
    timerCancelled @12 :UInt64;           # scheduled id
    eventSubscribed @13 :Data;            # name
    eventUnsubscribed @14 :UInt64;        # scheduled id
    childScheduled @15 :Start;
    childCancelRequested @16 :Cancel;
    detachedStarted @17 :Start;
    stepRecorded @18 :Step;
    patchRecorded @19 :Data;              # id
    customStatusSet @20 :CustomStatus;
    kvSet @21 :NamedBytes;
    kvErased @22 :Data;                   # key

    orchestrationCompleted @23 :Data;     # output
    orchestrationFailed @24 :FailureRecord;
    orchestrationContinuedAsNew @25 :ContinuedAsNew;
  }

  struct Started {
    name @0 :Data;
    version @1 :VersionRecord;
    input @2 :Data;
    seed @3 :UInt64;
    parent @4 :OperationRecord;
    firstExecution @5 :UInt64;
    createdAt @6 :Int64;  # microseconds since the Unix epoch
    unread @7 :List(EventRecord);      # in order of arrival
    customStatus @8 :CustomStatus;
  }
  struct Completion {
    scheduledId @0 :UInt64;
    output @1 :Data;
  }
  struct Failed {
    scheduledId @0 :UInt64;
    failure @1 :FailureRecord;
  }
  struct NamedBytes {
    name @0 :Data;
    bytes @1 :Data;
  }
  struct Call {
    name @0 :Data;
    input @1 :Data;
    tag @2 :Data;
  }
  struct Cancel {
    scheduledId @0 :UInt64;
    target @1 :Data;     # an activity's tag, a child's instance
  }
  struct Start {
    name @0 :Data;
    version @1 :VersionRecord;
    instance @2 :Data;
    input @3 :Data;
  }
  struct Step {
    name @0 :Data;
    output @1 :Data;
    failure @2 :FailureRecord;   # null if it succeeded
  }
  struct CustomStatus {
    value @0 :Data;      # null if there is none
    version @1 :UInt64;
  }
  struct ContinuedAsNew {
    input @0 :Data;
    version @1 :VersionRecord;
    unread @2 :List(EventRecord);      # in order of arrival
  }
}
