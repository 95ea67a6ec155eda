@0xa4df26e5f2dc527d;

# The payload of a message in the queues "dx/turns" and "dx/work".
#
# A stored format. Ordinals are never reused or renumbered; fields and union members are only added.
# A message of a kind that a reader does not know stays in its queue.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("duroxide::internal");

using History = import "history.capnp";

struct WorkItemRecord {
  union {
    start @0 :Start;
    activity @1 :Activity;
    activityCompleted @2 :Completed;
    activityFailed @3 :Failed;
    timerFired @4 :Id;
    eventRaised @5 :History.EventRecord;
    childCompleted @6 :Completed;
    childFailed @7 :Failed;
    cancel @8 :Cancel;
    goOn @9 :Void;
  }

  struct Start {
    name @0 :Data;
    version @1 :History.VersionRecord;   # null: by policy
    input @2 :Data;
    parent @3 :History.OperationRecord;  # null if there is none
    firstExecution @4 :UInt64;
  }
  struct Activity {
    operation @0 :History.OperationRecord;
    name @1 :Data;
    input @2 :Data;
    tag @3 :Data;
    orchestration @4 :Data;
    version @5 :History.VersionRecord;
  }
  struct Id {
    execution @0 :UInt64;
    scheduledId @1 :UInt64;
  }
  struct Completed {
    id @0 :Id;
    output @1 :Data;
  }
  struct Failed {
    id @0 :Id;
    failure @1 :History.FailureRecord;
  }
  struct Cancel {
    reason @0 :Data;
    parent @1 :History.OperationRecord;  # who asks; null: somebody from outside
  }
}
