@0xa4df26e5f2dc527d;

# The payload of a message in the queues "orchestrator" and "worker".
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
    eventRaised @5 :Event;
  }

  struct Start {
    name @0 :Data;
    input @1 :Data;
  }
  struct Activity {
    instance @0 :Data;
    id @1 :Id;
    name @2 :Data;
    input @3 :Data;
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
  struct Event {
    name @0 :Data;
    payload @1 :Data;
  }
}
