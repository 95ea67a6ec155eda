// Cancelling messages by key, deleting groups, and both within a batch (C).

#include <string>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Cancelling)

namespace {

class CancellingTest : public ConformanceTest {
 protected:
  MessageId PutKey(const std::string& key, const std::string& payload,
                   const std::string& group = "") {
    return Put(kQueue, payload, {.group = group, .key = key});
  }
  static bool Cancelled(const OperationResult& result) {
    return std::get<CancelResult>(result).cancelled;
  }
  std::uint64_t Delete(const std::string& group) {
    return std::get<DeleteGroupResult>(Commit({DeleteGroup{kQueue, group}}).front()).messages;
  }
};

CONFORMANCE_CASE(Cancelling, ACancelRemovesTheHolderOfAKey, Shows("C1")) {
  PutKey("k", "x");
  PutKey("other", "y");
  Put("queue 2", "z", {.key = "k"});
  EXPECT_TRUE(Cancel(kQueue, "k"));
  EXPECT_FALSE(Cancel(kQueue, "k")) << "there is none any more";
  EXPECT_FALSE(Cancel("unknown", "k"));
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"y"});
  EXPECT_EQ(TextsOf(Drain("queue 2")), Texts{"z"});
}

CONFORMANCE_CASE(Cancelling, AGroupOfManyMessagesGoesInPortions, Shows("C5")) {
  constexpr std::size_t kLeft = 3;
  Batch batch;
  for (std::size_t i = 0; i < kDeletedAtOnceMax + kLeft; ++i) {
    batch.Add(Enqueue{kQueue, i < kDeletedAtOnceMax ? "first" : "left", {.group = "g"}});
  }
  Commit(std::move(batch));
  const auto taken = Take(kQueue, {.max_messages = 2});
  ASSERT_EQ(taken.size(), 2u);
  const DeleteGroup whole{kQueue, "g"};
  EXPECT_EQ(Code(Refused({whole})), StatusCode::kTooLarge);
  const DeleteGroup portion{kQueue, "g", kDeletedAtOnceMax + 1};
  const auto first = std::get<DeleteGroupResult>(Commit({portion}).front());
  EXPECT_EQ(first.messages, kDeletedAtOnceMax);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(Code(Refused({DeleteMessages{taken.front().lock_token}})), StatusCode::kLeaseLost);
  EXPECT_EQ(TextsOf(Take(kQueue)), Texts{"left"});
  const auto parts = Commit({DeleteGroup{kQueue, "g", 1}, whole, whole});
  EXPECT_EQ(std::get<DeleteGroupResult>(parts[0]).messages, 1u);
  EXPECT_TRUE(std::get<DeleteGroupResult>(parts[0]).more);
  EXPECT_EQ(std::get<DeleteGroupResult>(parts[1]).messages, kLeft - 1);
  EXPECT_FALSE(std::get<DeleteGroupResult>(parts[1]).more);
  EXPECT_EQ(std::get<DeleteGroupResult>(parts[2]).messages, 0u);
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Cancelling, ADelayedMessageIsCancelled, Shows("C1").Needs(Part::kReopen)) {
  Put(kQueue, "x", {.delay = kSecond, .key = "k"});
  EXPECT_TRUE(Cancel(kQueue, "k"));
  clock().Advance(kMinute);
  EXPECT_TRUE(Take(kQueue).empty());
  Reopen();
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Cancelling, ALeasedMessageIsCancelled, Shows("C1", "L4")) {
  PutKey("k", "x");
  const Delivery held = TakeOne(kQueue);
  EXPECT_TRUE(Cancel(kQueue, "k"));
  ExpectLost(store().Ack(held.lock_token), LeaseLoss::kGone);
  clock().Advance(kHour);
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Cancelling, ACancelInALeasedGroupEndsTheLease, Shows("C2", "D8")) {
  for (const std::string key : {"k1", "k2", "k3"}) PutKey(key, key, "g");
  const Deliveries members = Take(kQueue, All());
  ASSERT_EQ(members.size(), 3U);
  EXPECT_TRUE(Cancel(kQueue, "k2"));
  ExpectLost(store().Ack(members[0].lock_token), LeaseLoss::kGone);
  const Deliveries others = Take(kQueue, All());
  ASSERT_EQ(TextsOf(others), (Texts{"k1", "k3"}));
  EXPECT_EQ(others[0].delivery_count, 1U) << "the delivery that was ended is not counted";
  EXPECT_EQ(others[1].delivery_count, 1U);
}

CONFORMANCE_CASE(Cancelling, ACancelOutsideOfTheLeaseLeavesIt, Shows("C3")) {
  for (const std::string key : {"k1", "k2", "k3"}) PutKey(key, key, "g");
  const Delivery held = TakeOne(kQueue);
  EXPECT_TRUE(Cancel(kQueue, "k3"));
  EXPECT_TRUE(Take(kQueue, All()).empty());
  Ack(held.lock_token);
  EXPECT_EQ(TakeTexts(kQueue, All()), Texts{"k2"});
}

CONFORMANCE_CASE(Cancelling, ALeaseThatRanOutIsNotHarmedByOneOutsideOfIt, Shows("C3", "L3")) {
  for (const std::string key : {"k1", "k2"}) PutKey(key, key, "g");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  clock().Advance(kSecond);
  EXPECT_TRUE(Cancel(kQueue, "k2"));
  Ack(held.lock_token);
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Cancelling, CancelAndEnqueueIsAReschedule, Shows("C4")) {
  const MessageId old = PutKey("k", "old");
  const auto results =
      Commit({CancelMessage{kQueue, "k"}, Enqueue{kQueue, "new", {.delay = kSecond, .key = "k"}}});
  EXPECT_TRUE(Cancelled(results[0]));
  EXPECT_EQ(std::get<EnqueueResult>(results[1]).outcome, EnqueueOutcome::kQueued);
  EXPECT_NE(std::get<EnqueueResult>(results[1]).id, old);
  EXPECT_TRUE(Take(kQueue).empty());
  clock().Advance(kSecond);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"new"});
}

CONFORMANCE_CASE(Cancelling, EffectsSeeEarlierOnesOfTheBatch, Shows("C4")) {
  const auto results =
      Commit({Enqueue{kQueue, "1", {.key = "k"}}, Enqueue{kQueue, "2", {.key = "k"}},
              CancelMessage{kQueue, "k"}, CancelMessage{kQueue, "k"},
              Enqueue{kQueue, "3", {.key = "k"}}, Enqueue{kQueue, "4", {.key = "k"}}});
  const auto& first = std::get<EnqueueResult>(results[0]);
  const auto& third = std::get<EnqueueResult>(results[4]);
  EXPECT_EQ(first.outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(std::get<EnqueueResult>(results[1]).outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(std::get<EnqueueResult>(results[1]).id, first.id);
  EXPECT_TRUE(Cancelled(results[2]));
  EXPECT_FALSE(Cancelled(results[3]));
  EXPECT_EQ(third.outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(std::get<EnqueueResult>(results[5]).id, third.id);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"3"});
}

CONFORMANCE_CASE(Cancelling, AnAckFreesTheKeyForWhatFollows, Shows("C4")) {
  PutKey("k", "old");
  const Delivery held = TakeOne(kQueue);
  const auto results = Commit({DeleteMessages{held.lock_token}, CancelMessage{kQueue, "k"},
                               Enqueue{kQueue, "new", {.key = "k"}}});
  EXPECT_FALSE(Cancelled(results[1])) << "the ack has removed it";
  EXPECT_EQ(std::get<EnqueueResult>(results[2]).outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"new"});
}

CONFORMANCE_CASE(Cancelling, AnAckOfWhatTheBatchHasCancelledFindsNothing, Shows("C4", "B2")) {
  for (const std::string group : {"", "g"}) {
    PutKey("k", "x", group);
    const Delivery held = TakeOne(kQueue);
    const auto results = Commit({CancelMessage{kQueue, "k"}, DeleteMessages{held.lock_token}});
    EXPECT_TRUE(Cancelled(results[0]));
    PutKey("k", "x", group);
    const Delivery again = TakeOne(kQueue);
    Commit({CancelMessage{kQueue, "k"}, AbandonMessages{again.lock_token, {}, true}});
    EXPECT_TRUE(Take(kQueue).empty());
  }
}

CONFORMANCE_CASE(Cancelling, AnAckBehindACancelRemovesTheOthersItCovers, Shows("C4", "L2")) {
  for (const std::string i : {"1", "2", "3"}) PutKey("k" + i, i, "g");
  const LockToken token = Take(kQueue, {.max_messages = 2}).at(0).lock_token;
  Commit({CancelMessage{kQueue, "k1"}, DeleteMessages{token}});
  EXPECT_EQ(TakeTexts(kQueue, All()), Texts{"3"});
}

CONFORMANCE_CASE(Cancelling, ADeletedGroupIsGoneWithItsKeysAndItsLease, Shows("C5", "L4")) {
  PutKey("k1", "1", "g");
  PutKey("k2", "2", "g");
  Put(kQueue, "3", {.delay = kHour, .group = "g", .key = "k3"});
  PutKey("k4", "other", "h");
  const Delivery held = TakeOne(kQueue);
  EXPECT_EQ(Delete("g"), 3U);
  ExpectLost(store().Ack(held.lock_token), LeaseLoss::kGone);
  EXPECT_EQ(Delete("g"), 0U);
  EXPECT_EQ(Delete("never there"), 0U);
  for (const std::string key : {"k1", "k2", "k3"}) EXPECT_FALSE(Cancel(kQueue, key));
  clock().Advance(2 * kHour);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"other"});
}

CONFORMANCE_CASE(Cancelling, ADeletedGroupMayLiveAgain, Shows("C5").Needs(Part::kReopen)) {
  PutIn("g", "1");
  Abandon(TakeOne(kQueue).lock_token, {.delay = kHour});
  EXPECT_EQ(Delete("g"), 1U);
  Reopen();
  PutIn("g", "2");
  EXPECT_EQ(TakeTexts(kQueue), Texts{"2"}) << "the delay went with the group";
}

CONFORMANCE_CASE(Cancelling, ADeleteOfAGroupAppliesInListOrder, Shows("C5", "C4")) {
  PutKey("k", "old", "g");
  const LockToken token = TakeOne(kQueue).lock_token;
  const auto results =
      Commit({Enqueue{kQueue, "also old", {.group = "g"}}, DeleteGroup{kQueue, "g"},
              Enqueue{kQueue, "new", {.group = "g", .key = "k"}}, DeleteMessages{token},
              DeleteGroup{kQueue, "h"}});
  EXPECT_EQ(std::get<DeleteGroupResult>(results[1]).messages, 2U);
  EXPECT_EQ(std::get<EnqueueResult>(results[2]).outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(std::get<DeleteGroupResult>(results[4]).messages, 0U);
  EXPECT_EQ(TakeTexts(kQueue, All()), Texts{"new"});
}

CONFORMANCE_CASE(Cancelling, WhatNamesNothingIsInvalid, Shows("C1", "C5", "B8")) {
  EXPECT_EQ(Code(Refused({CancelMessage{kQueue, ""}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({CancelMessage{"", "k"}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({DeleteGroup{kQueue, ""}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Refused({DeleteGroup{"", "g"}})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Cancelling, AnAbandonOfADeletedGroupDelaysNothing, Shows("C5", "C4")) {
  PutIn("g", "old");
  const LockToken token = TakeOne(kQueue).lock_token;
  Commit({DeleteGroup{kQueue, "g"}, Enqueue{kQueue, "new", {.group = "g"}},
          AbandonMessages{token, kMinute, true}});
  const Delivery next = TakeOne(kQueue);
  EXPECT_EQ(next.payload, "new") << "not delayed by the abandon of others";
  EXPECT_EQ(next.delivery_count, 1U);
}

CONFORMANCE_CASE(Cancelling, ADeletedGroupIsNotCounted, Shows("C5", "A2").Needs(Part::kAdmin)) {
  Put(kQueue, "1", {.delay = kMinute, .group = "g"});
  PutIn("g", "2");
  EXPECT_EQ(Delete("g"), 2U);
  EXPECT_EQ(Must(admin().Statistics(kQueue)).messages(), 0U);
  EXPECT_TRUE(Must(admin().ListQueues({})).names.empty());
}

CONFORMANCE_CASE(Cancelling, TheKeyOfADeletedDeadLetterStaysWithItsHolder, Shows("C5", "P3")) {
  const std::string dead = DeadLetterQueue(kQueue);
  PutKey("k", "worn", "g");
  Abandon(TakeOne(kQueue).lock_token);
  ASSERT_TRUE(Take(kQueue, {.max_deliveries = 1}).empty());
  const MessageId holder = Put(dead, "holder", {.key = "k"});
  Commit({DeleteGroup{dead, "g"}});
  EXPECT_EQ(Must(store().Enqueue(dead, "again", {.key = "k"})).id, holder);
}

CONFORMANCE_CASE(Cancelling, TheFirstOfAGroupLeavesItsPlaceToTheNext, Shows("C1", "D1")) {
  PutKey("k1", "1", "g");
  clock().Advance(kSecond);
  Put(kQueue, "alone");
  PutKey("k2", "2", "g");
  EXPECT_TRUE(Cancel(kQueue, "k1"));
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"alone", "2"}));
  Commit({Enqueue{kQueue, "never", {.group = "h", .key = "k"}}, CancelMessage{kQueue, "k"}});
  Put(kQueue, "older");
  PutIn("h", "younger");
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"older", "younger"}));
}

CONFORMANCE_CASE(Cancelling, ADeliveryIsTakenBackOnce, Shows("C2", "C4", "D8")) {
  for (const bool abandons : {false, true}) {
    for (const std::string i : {"1", "2", "3"}) PutKey("k" + i, i, "g");
    Abandon(Take(kQueue, All()).at(0).lock_token);
    const LockToken token = Take(kQueue, All()).at(0).lock_token;
    Batch batch = {CancelMessage{kQueue, "k1"}, CancelMessage{kQueue, "k3"}};
    if (abandons) batch.Add(AbandonMessages{token, {}, /*count=*/false});
    Commit(std::move(batch));
    const Delivery rest = TakeOne(kQueue, All());
    EXPECT_EQ(rest.payload, "2");
    EXPECT_EQ(rest.delivery_count, 2U);
    ExpectLost(store().Ack(token), LeaseLoss::kTaken);
    Ack(rest.lock_token);
  }
}

CONFORMANCE_CASE(Cancelling, AnAckOfTheOldLeavesWhatWasRescheduled, Shows("C4", "L4")) {
  PutKey("k", "old");
  const LockToken token = TakeOne(kQueue).lock_token;
  Commit({CancelMessage{kQueue, "k"}, Enqueue{kQueue, "new", {.key = "k"}}, DeleteMessages{token}});
  EXPECT_EQ(Must(store().Enqueue(kQueue, "x", {.key = "k"})).outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"new"});
}

CONFORMANCE_CASE(Cancelling, ACancelLeavesTheDelayOfAGroup, Shows("C1", "L6")) {
  PutKey("k1", "1", "g");
  PutKey("k2", "2", "g");
  Abandon(TakeOne(kQueue).lock_token, {.delay = kSecond});
  EXPECT_TRUE(Cancel(kQueue, "k1"));
  EXPECT_TRUE(Take(kQueue).empty());
  clock().Advance(kSecond);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"2"});
}

}  // namespace
}  // namespace tandem::conformance
