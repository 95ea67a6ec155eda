// Scripts written or kept by hand: sequences that show one thing each, on RocksDB and the model.

#include <gtest/gtest.h>

#include <memory>

#include "tandem/tests/provider_random/duel.h"

namespace tandem::testing {
namespace {

// Passes if the outcomes of all steps are equal.
void RunScript(const char* text) {
  const Script script = ParseScript(text);
  ASSERT_FALSE(script.empty());
  const auto disagreement =
      Play(script, [](ManualClock& clock) { return std::make_unique<RocksSubject>(clock); });
  if (disagreement.has_value()) FAIL() << disagreement->ToString(script);
}

TEST(Golden, ACancelledMemberEndsTheLeaseOfItsGroupAndTheOthersComeBack) {
  RunScript(R"(
    batch | enqueue q one key=k1 group=g | enqueue q two key=k2 group=g
    dequeue t1 q max=2
    batch | cancel q k1
    batch | ack t1.0
    dequeue t2 q max=2
    batch sync | ack t2.0
    dequeue t3 q
    dump
  )");
}

TEST(Golden, AGroupThatIsAbandonedWithADelayWaitsAsAWhole) {
  RunScript(R"(
    batch | enqueue q one group=g | enqueue q two group=g
    dequeue t1 q
    batch | abandon t1.0 delay=1000
    batch | enqueue q three group=g | enqueue q other
    dequeue t2 q max=5
    advance 1000
    dequeue t3 q max=5
    dump
  )");
}

TEST(Golden, AnExpiredLeaseIsGoodUntilItIsTaken) {
  RunScript(R"(
    batch | enqueue q one
    dequeue t1 q lease=500
    advance 500
    renew t1.0 500
    dequeue t2 q
    advance 500
    dequeue t3 q
    batch | append a/1 e1 expect=none | ack t1.0
    renew t1.0 1000
    batch | append a/1 e1 expect=none | ack t3.0
    batch | ack t3.0
    dump
  )");
}

TEST(Golden, ARepeatedBatchAppliesNothing) {
  RunScript(R"(
    batch | enqueue q one
    dequeue t1 q
    batch id=b1 | append a/1 e1 expect=none | ack t1.0
    batch id=b1 | append a/1 e1 expect=none | ack t1.0
    batch id=b1 | append a/1 e2 expect=none | ack t1.0
    reopen
    batch id=b1 | append a/1 e1 expect=none | ack t1.0
    advance 86399999
    batch id=b1 | append a/1 e1 expect=none | ack t1.0
    advance 1
    batch id=b1 | append a/1 e1 expect=none | ack t1.0
    dump
  )");
}

TEST(Golden, ANewLifeOfADeletedEntityUsesTheNextPartition) {
  RunScript(R"(
    batch | append a/1 e1 e2 | append a/2 e3 | metadata a/3 m:v
    batch | delete-partition a/2
    batch | delete-partition a/1
    batch | append a/1 e4
    batch | delete-entity a | check-version a/2 expect=1
    latest a
    batch | append a/3
    batch | metadata a/3 m:v
    batch | append a/4 e5 expect=none
    latest a
    reopen
    batch | delete-entity a
    batch | delete-entity a
    batch | delete-entity b
    latest a
    feed 0
    dump
  )");
}

TEST(Golden, DeadLettersAreRedriven) {
  RunScript(R"(
    batch | enqueue q one key=k1 group=g | enqueue q two key=k2 group=g | enqueue q three
    dequeue t1 q max=2
    batch | abandon t1.0
    dequeue t2 q max=3 deliveries=1
    dequeue t3 q max=3 deliveries=1
    batch | enqueue q four key=k1
    statistics q
    browse q/dead limit=1
    dequeue t4 q/dead
    redrive q
    batch | abandon t4.0
    redrive q
    dump
  )");
}

// This and the next were printed by a random test.
TEST(Golden, ADeadLetterIsNotTakenTogetherWithOthersOfItsQueue) {
  RunScript(R"(
    batch | enqueue q one
    advance 2000
    dequeue t1 q lease=601
    advance 1
    batch | enqueue q two at=3001
    advance 1000
    dequeue t2 q,q/dead deliveries=1
    dequeue t3 q,q/dead deliveries=1
    dump
  )");
}

TEST(Golden, ACallThatFindsOnlyTheDeadLetterThatItMadeDeliversIt) {
  RunScript(R"(
    batch | enqueue q one
    dequeue t1 q
    reopen
    dequeue t2 q/dead,q deliveries=1
    dump
  )");
}

TEST(Golden, AClockThatWasSetChangesNoOrderAndNoDelay) {
  RunScript(R"(
    batch | enqueue q one group=g | enqueue q two | enqueue q late delay=5000
    dequeue t1 q
    batch | abandon t1.0 delay=3000
    set-clock -3600000
    batch | enqueue q three group=g | enqueue q four
    dump
    dequeue t2 q max=10 groups=10
    advance 3000
    dequeue t3 q max=10 groups=10
    set-clock -1500000000000
    dump
    advance 5000
    dequeue t4 q max=10 groups=10
    set-clock 7200000
    dequeue t5 q max=10 groups=10
    dump
  )");
}

TEST(Golden, ACrashLeavesAPrefix) {
  RunScript(R"(
    batch sync | append a/1 e1 | enqueue q one
    batch | append a/1 e2
    dequeue t1 q
    batch | ack t1.0
    batch | append a/1 e3
    crash 50
    batch | append a/1 later
    reopen
    dump
  )");
}

}  // namespace
}  // namespace tandem::testing
