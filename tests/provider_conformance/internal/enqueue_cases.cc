// Enqueueing: what a message is, when it is visible, and keys (Q).

#include <algorithm>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Enqueue)

namespace {

class EnqueueTest : public ConformanceTest {
 protected:
  EnqueueResult PutKey(const std::string& queue, const std::string& payload,
                       const std::string& key) {
    return Must(store().Enqueue(queue, payload, {.key = key}));
  }

  void ExpectHeldBy(MessageId holder) {
    const EnqueueResult result = PutKey(kQueue, "again", "k");
    EXPECT_EQ(result.outcome, EnqueueOutcome::kDuplicate);
    EXPECT_EQ(result.id, holder);
  }
};

CONFORMANCE_CASE(Enqueue, ADeliveryTellsWhatTheMessageIs, Shows("Q1")) {
  const Timestamp enqueued = clock().Now();
  const std::string payload = Bytes("zero \0 and \xFF");
  const MessageId id = Put(kQueue, payload, {.group = "g", .key = "k"});
  clock().Advance(kSecond);
  const Delivery delivery = TakeOne(kQueue);
  EXPECT_EQ(delivery.payload, payload);
  EXPECT_EQ(delivery.id, id);
  EXPECT_EQ(delivery.queue, kQueue);
  EXPECT_EQ(delivery.group, "g");
  EXPECT_EQ(delivery.key, "k");
  EXPECT_EQ(delivery.enqueued_at, enqueued);
  EXPECT_EQ(delivery.delivery_count, 1U);
  EXPECT_EQ(delivery.dead_letter, std::nullopt);
}

CONFORMANCE_CASE(Enqueue, IdsGrowOverQueuesAndReopen, Shows("Q1").Needs(Part::kReopen)) {
  std::vector<MessageId> ids;
  for (int round = 0; round < 3; ++round) {
    for (const std::string queue : {"b", "a", "b"}) ids.push_back(Put(queue, "x"));
    for (const OperationResult& result :
         Commit({tandem::Enqueue{"a", "x", {}}, tandem::Enqueue{"b", "x", {.delay = kHour}}})) {
      ids.push_back(std::get<EnqueueResult>(result).id);
    }
    for (const Delivery& delivery : Drain("b")) Ack(delivery.lock_token);
    Reopen();
  }
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

CONFORMANCE_CASE(Enqueue, ADelayedMessageIsVisibleOnTheMicrosecond, Shows("Q2")) {
  Put(kQueue, "later", {.delay = kSecond});
  clock().Advance(kSecond - kMicrosecond);
  EXPECT_EQ(TakeTexts(kQueue), Texts());
  clock().Advance(kMicrosecond);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"later"});
}

CONFORMANCE_CASE(Enqueue, VisibleAtWinsOverDelay, Shows("Q2")) {
  Put(kQueue, "at", {.delay = kHour, .visible_at = clock().Now() + kSecond});
  Put(kQueue, "at later", {.delay = kSecond, .visible_at = clock().Now() + kHour});
  EXPECT_EQ(TakeTexts(kQueue), Texts());
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"at"});
  clock().Advance(kHour - kSecond);
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"at", "at later"})) << "and the first lease is over";
}

CONFORMANCE_CASE(Enqueue, APastTimeCountsAsNow, Shows("Q2", "D1")) {
  Put(kQueue, "now");
  Put(kQueue, "past", {.visible_at = clock().Now() - kHour});
  for (const Timestamp at :
       {Timestamp(), Timestamp::min(), Timestamp(std::chrono::microseconds(-1))}) {
    Put(kQueue, "long past", {.visible_at = at});
  }
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"now", "past", "long past", "long past", "long past"}));
}

CONFORMANCE_CASE(Enqueue, TheLongestDelayIsLegal, Shows("Q2")) {
  Put(kQueue, "never", {.delay = std::chrono::milliseconds::max()});
  Put(kQueue, "never", {.visible_at = kNever});
  clock().Advance(kHour * 24 * 365 * 100);
  EXPECT_EQ(TakeTexts(kQueue), Texts());
}

CONFORMANCE_CASE(Enqueue, DelaysHoldOverReopen, Shows("Q2").Needs(Part::kReopen)) {
  Put(kQueue, "later", {.delay = kSecond});
  Reopen();
  EXPECT_EQ(TakeTexts(kQueue), Texts());
  clock().Advance(kSecond);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"later"});
}

CONFORMANCE_CASE(Enqueue, AKeyIsHeldFromEnqueueToRemoval, Shows("Q3").Needs(Part::kReopen)) {
  const MessageId holder = Put(kQueue, "first", {.delay = kSecond, .key = "k"});
  ExpectHeldBy(holder);
  clock().Advance(kSecond);
  ExpectHeldBy(holder);
  const Delivery leased = TakeOne(kQueue);
  ExpectHeldBy(holder);
  Abandon(leased.lock_token);
  ExpectHeldBy(holder);
  Reopen();
  ExpectHeldBy(holder);
  const Deliveries all = Drain(kQueue);
  EXPECT_EQ(TextsOf(all), Texts{"first"}) << "duplicates are not stored";
  Ack(all.front().lock_token);
  EXPECT_EQ(PutKey(kQueue, "second", "k").outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"second"});
}

CONFORMANCE_CASE(Enqueue, KeysOfOtherQueuesDoNotMatter, Shows("Q3", "B12")) {
  for (const std::string& queue : {std::string("q"), std::string("qk"), Bytes("q\0")}) {
    for (const std::string& key : {std::string("k"), std::string("kk"), Bytes("\0k")}) {
      EXPECT_EQ(PutKey(queue, "x", key).outcome, EnqueueOutcome::kQueued);
      EXPECT_EQ(PutKey(queue, "x", key).outcome, EnqueueOutcome::kDuplicate);
    }
  }
  EXPECT_EQ(Drain("q").size(), 3U);
}

CONFORMANCE_CASE(Enqueue, MessagesWithoutAKeyAreNoDuplicates, Shows("Q3")) {
  EXPECT_EQ(PutKey(kQueue, "same", "").outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(PutKey(kQueue, "same", "").outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(Drain(kQueue).size(), 2U);
}

CONFORMANCE_CASE(Enqueue, OfManyThatUseAKeyOneIsStored, Shows("Q3")) {
  constexpr int kThreads = 4;
  for (const std::string& key : Numbered("k", 20)) {
    std::vector<std::future<EnqueueResult>> calls;
    for (int thread = 0; thread < kThreads; ++thread) {
      calls.push_back(std::async(std::launch::async, [&] { return PutKey(kQueue, "x", key); }));
    }
    std::vector<EnqueueResult> results;
    for (auto& call : calls) results.push_back(call.get());
    EXPECT_EQ(std::ranges::count(results, EnqueueOutcome::kQueued, &EnqueueResult::outcome), 1);
    for (const EnqueueResult& result : results) EXPECT_EQ(result.id, results[0].id);
  }
  EXPECT_EQ(Drain(kQueue).size(), 20U);
}

CONFORMANCE_CASE(Enqueue, WhatIsWrongIsRefused, Shows("Q4", "B8")) {
  using std::chrono::milliseconds;
  const std::string long_name(kNameBytesMax + 1, 'n');
  const std::string too_large(kPayloadBytesMax + 1, 'p');
  EXPECT_EQ(Code(store().Enqueue(kQueue, "x", {.delay = milliseconds(-1)})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Enqueue("", "x")), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Enqueue(long_name, "x")), StatusCode::kTooLarge);
  EXPECT_EQ(Code(store().Enqueue(kQueue, "x", {.group = long_name})), StatusCode::kTooLarge);
  EXPECT_EQ(Code(store().Enqueue(kQueue, "x", {.key = long_name})), StatusCode::kTooLarge);
  EXPECT_EQ(Code(store().Enqueue(kQueue, too_large)), StatusCode::kTooLarge);
  EXPECT_EQ(TakeTexts(kQueue), Texts());
}

CONFORMANCE_CASE(Enqueue, AKeyIsHeldAcrossGroups, Shows("Q3", "L2")) {
  const MessageId first = Put(kQueue, "1", {.group = "g", .key = "k"});
  const MessageId second = Put(kQueue, "2", {.group = "g", .key = "k2"});
  ExpectHeldBy(first);
  const EnqueueResult other = Must(store().Enqueue(kQueue, "x", {.group = "h", .key = "k"}));
  EXPECT_EQ(other.outcome, EnqueueOutcome::kDuplicate);
  Ack(TakeOne(kQueue).lock_token);
  EXPECT_EQ(PutKey(kQueue, "new", "k").outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(PutKey(kQueue, "x", "k2").id, second) << "an ack frees the keys of what it covers";
}

CONFORMANCE_CASE(Enqueue, WhatABatchEnqueuesAndCancelsNeverWas,
                 Shows("Q3", "C4").Needs(Part::kReopen)) {
  Commit({tandem::Enqueue{kQueue, "x", {.key = "k"}}, CancelMessage{kQueue, "k"},
          tandem::Enqueue{kQueue, "y", {.group = "g", .key = "k"}}, CancelMessage{kQueue, "k"}});
  EXPECT_TRUE(Take(kQueue).empty());
  Reopen();
  EXPECT_TRUE(Take(kQueue).empty());
  EXPECT_EQ(PutKey(kQueue, "new", "k").outcome, EnqueueOutcome::kQueued);
}

}  // namespace
}  // namespace tandem::conformance
