// Dead letters: what was delivered too often (P).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(DeadLetters)

namespace {

class DeadLettersTest : public ConformanceTest {
 protected:
  const std::string dead_ = DeadLetterQueue(kQueue);

  static DequeueOptions AtMost(std::uint32_t max_deliveries) {
    return {.max_messages = 1000, .max_deliveries = max_deliveries};
  }
  // Delivers what is ready `times` times.
  void Wear(int times, const DequeueOptions& options = All()) {
    for (int i = 0; i < times; ++i) {
      LockToken last;
      for (const Delivery& delivery : Take(kQueue, options)) {
        if (delivery.lock_token != last) Abandon(delivery.lock_token);
        last = delivery.lock_token;
      }
    }
  }
};

CONFORMANCE_CASE(DeadLetters, WhatWasDeliveredTooOftenMoves, Shows("P1")) {
  Put(kQueue, "x");
  Wear(2);
  const Delivery third = TakeOne(kQueue, AtMost(3));
  EXPECT_EQ(third.delivery_count, 3U) << "two deliveries are below three";
  Abandon(third.lock_token);
  EXPECT_TRUE(Take(kQueue, AtMost(3)).empty());
  EXPECT_EQ(TakeTexts(dead_), Texts{"x"});
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(DeadLetters, ZeroIsNoLimit, Shows("P1")) {
  Put(kQueue, "x");
  Wear(20);
  EXPECT_EQ(TakeOne(kQueue, AtMost(0)).delivery_count, 21U);
  EXPECT_TRUE(Take(dead_).empty());
}

CONFORMANCE_CASE(DeadLetters, OthersAreDeliveredInTheSameCall, Shows("P1")) {
  Put(kQueue, "worn 1");
  Put(kQueue, "worn 2");
  Wear(2);
  Put(kQueue, "fresh");
  EXPECT_EQ(TakeTexts(kQueue, AtMost(2)), Texts{"fresh"});
  EXPECT_EQ(TextsOf(Drain(dead_)), (Texts{"worn 1", "worn 2"}));
}

CONFORMANCE_CASE(DeadLetters, ALeaseThatRanOutCountsToo, Shows("P1", "L4")) {
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  EXPECT_TRUE(Take(kQueue, AtMost(1)).empty()) << "still leased";
  EXPECT_TRUE(Take(dead_).empty());
  clock().Advance(kSecond);
  EXPECT_TRUE(Take(kQueue, AtMost(1)).empty());
  EXPECT_EQ(Code(store().Ack(held.lock_token)), StatusCode::kLeaseLost);
  EXPECT_EQ(TakeTexts(dead_), Texts{"x"});
}

CONFORMANCE_CASE(DeadLetters, ADeadLetterTellsWhereItComesFrom, Shows("P2").Needs(Part::kReopen)) {
  const Timestamp enqueued = clock().Now();
  const MessageId id = Put(kQueue, "x", {.group = "g", .key = "k"});
  clock().Advance(kHour);
  Wear(2);
  Take(kQueue, AtMost(2));
  Reopen();
  const Delivery dead = TakeOne(dead_);
  EXPECT_EQ(dead.id, id);
  EXPECT_EQ(dead.queue, dead_);
  EXPECT_EQ(dead.payload, "x");
  EXPECT_EQ(dead.group, "g");
  EXPECT_EQ(dead.key, "k");
  EXPECT_EQ(dead.enqueued_at, enqueued);
  EXPECT_EQ(dead.delivery_count, 1U);
  ASSERT_TRUE(dead.dead_letter.has_value());
  EXPECT_EQ(dead.dead_letter->queue, kQueue);
  EXPECT_EQ(dead.dead_letter->deliveries, 2U);
}

CONFORMANCE_CASE(DeadLetters, ItsKeyIsFreeInBothQueues, Shows("P3")) {
  Put(kQueue, "old", {.key = "k"});
  Wear(1);
  Take(kQueue, AtMost(1));
  EXPECT_FALSE(Cancel(kQueue, "k"));
  EXPECT_FALSE(Cancel(dead_, "k"));
  for (const std::string& queue : {std::string(kQueue), dead_}) {
    const EnqueueResult result = Must(store().Enqueue(queue, "new", {.key = "k"}));
    EXPECT_EQ(result.outcome, EnqueueOutcome::kQueued);
  }
  EXPECT_EQ(TakeOne(dead_).payload, "old");
  EXPECT_EQ(TakeTexts(kQueue), Texts{"new"});
}

CONFORMANCE_CASE(DeadLetters, AckingADeadLetterLeavesTheNewHolderOfItsKey, Shows("P3", "L2")) {
  Put(kQueue, "old", {.key = "k"});
  Wear(1);
  Take(kQueue, AtMost(1));
  const MessageId holder = Put(dead_, "new", {.key = "k"});
  Ack(TakeOne(dead_).lock_token);
  const EnqueueResult again = Must(store().Enqueue(dead_, "newer", {.key = "k"}));
  EXPECT_EQ(again.outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(again.id, holder);
}

CONFORMANCE_CASE(DeadLetters, MembersOfAGroupDieOneByOne, Shows("P4")) {
  PutIn("g", "1");
  PutIn("g", "2");
  Wear(2, {.max_messages = 1});
  PutIn("g", "3");
  const Deliveries rest = Take(kQueue, AtMost(2));
  EXPECT_EQ(TextsOf(rest), (Texts{"2", "3"}));
  EXPECT_EQ(TakeTexts(dead_), Texts{"1"});
  Ack(rest.at(0).lock_token);
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(DeadLetters, AWholeGroupMayDieAndStaysInOrder, Shows("P4", "P2")) {
  for (const std::string& payload : Numbered("", 3)) PutIn("g", payload);
  Wear(1);
  EXPECT_TRUE(Take(kQueue, AtMost(1)).empty());
  EXPECT_EQ(TakeTexts(dead_, All()), Numbered("", 3)) << "still a group";
  PutIn("g", "4");
  EXPECT_EQ(TakeTexts(kQueue), Texts{"4"});
}

// More than a store may want to move at once.
CONFORMANCE_CASE(DeadLetters, OfSeveralLargeGroupsThatDieNoneIsLost, Shows("P4", "D12")) {
  const std::string large(std::size_t{5} << 20, 'x');
  for (const std::string group : {"g", "h", "i"}) PutIn(group, large);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Take(kQueue, {.lease = kSecond}).size(), 1U);
  clock().Advance(kSecond);
  EXPECT_TRUE(Take(kQueue, AtMost(1)).empty());
  EXPECT_EQ(Drain(dead_).size(), 3U);
}

CONFORMANCE_CASE(DeadLetters, TheMoveWakesWhoWaitsForIt, Shows("P5")) {
  Put(kQueue, "x");
  Wear(1);
  auto waiter = BlockedTake({dead_}, {.wait = kHour});
  EXPECT_TRUE(Take(kQueue, AtMost(1)).empty());
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"x"});
}

CONFORMANCE_CASE(DeadLetters, AWaiterMovesWhatComesBackToIt, Shows("P1", "P5", "D9")) {
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue);
  DequeueOptions options = AtMost(1);
  options.wait = kHour;
  auto waiter = BlockedTake({kQueue}, options);
  auto burier = BlockedTake({dead_}, {.wait = kHour}, 1);
  Abandon(held.lock_token);
  EXPECT_EQ(TextsOf(burier.get()), Texts{"x"});
  Put(kQueue, "y");
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"y"});
}

CONFORMANCE_CASE(DeadLetters, ADeadLetterIsAMessageLikeAnyOther, Shows("P2", "P1")) {
  Put(kQueue, "x");
  Wear(1);
  Take(kQueue, AtMost(1));
  Abandon(TakeOne(dead_, AtMost(1)).lock_token);
  EXPECT_TRUE(Take(dead_, AtMost(1)).empty());
  const Delivery twice = TakeOne(DeadLetterQueue(dead_));
  EXPECT_EQ(twice.payload, "x");
  EXPECT_EQ(twice.dead_letter.value_or(DeadLetter()).queue, dead_);
}

CONFORMANCE_CASE(DeadLetters, AQueueWithTooLongADeadLetterQueueIsRefused, Shows("P6")) {
  const std::string longest(kNameBytesMax, 'q');
  Put(longest, "x");
  const StatusCode code = Code(store().Dequeue(longest, AtMost(1)));
  EXPECT_TRUE(code == StatusCode::kTooLarge || code == StatusCode::kInvalidArgument)
      << StatusCodeName(code);
  EXPECT_EQ(TakeTexts(longest), Texts{"x"}) << "without a limit it is a queue like any other";
  const std::string shorter(kNameBytesMax - DeadLetterQueue("").size(), 'q');
  Put(shorter, "y");
  EXPECT_EQ(TakeTexts(shorter, AtMost(1)), Texts{"y"});
}

}  // namespace
}  // namespace tandem::conformance
