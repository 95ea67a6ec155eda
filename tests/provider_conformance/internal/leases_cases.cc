// Leases: exclusive, fenced by their tokens, ended by time, calls and reopening (L).

#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Leases)

namespace {

class LeasesTest : public ConformanceTest {
 protected:
  // Ack, abandon and renew, alone and in a batch, are all answered by LeaseLost.
  void ExpectAllLost(const LockToken& token, LeaseLoss reason) {
    ExpectLost(store().Ack(token), reason);
    ExpectLost(store().Abandon(token), reason);
    ExpectLost(store().Renew(token, kHour).status(), reason);
    ExpectLost(Refused({DeleteMessages{token}}), reason);
    ExpectLost(Refused({AbandonMessages{token, {}, true}}), reason);
  }

  void ExpectAllInvalid(const LockToken& token) {
    EXPECT_EQ(Code(store().Ack(token)), StatusCode::kInvalidArgument);
    EXPECT_EQ(Code(store().Abandon(token)), StatusCode::kInvalidArgument);
    EXPECT_EQ(Code(store().Renew(token, kHour)), StatusCode::kInvalidArgument);
  }
};

CONFORMANCE_CASE(Leases, ALeasedMessageIsHidden, Shows("L1")) {
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  clock().Advance(kSecond - kMicrosecond);
  EXPECT_TRUE(Take(kQueue).empty());
  clock().Advance(kMicrosecond);
  const Delivery again = TakeOne(kQueue);
  EXPECT_EQ(again.id, held.id);
  EXPECT_NE(again.lock_token, held.lock_token);
}

CONFORMANCE_CASE(Leases, AnAckRemovesForEver, Shows("L2").Needs(Part::kReopen)) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  Ack(TakeOne(kQueue).lock_token);
  clock().Advance(kHour);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"2"});
  Reopen();
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"2"});
}

CONFORMANCE_CASE(Leases, ALeaseThatRanOutIsGoodUntilSomebodyTakes, Shows("L3")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "1");
    const Delivery renewed = TakeOne(kQueue, {.lease = kSecond});
    clock().Advance(kHour);
    Must(store().Renew(renewed.lock_token, kSecond));
    EXPECT_TRUE(Take(kQueue).empty()) << "it holds again";
    clock().Advance(kHour);
    Abandon(renewed.lock_token);
    const Delivery acked = TakeOne(kQueue, {.lease = kSecond});
    clock().Advance(kHour);
    Ack(acked.lock_token);
    EXPECT_TRUE(Take(kQueue).empty());
  }
}

CONFORMANCE_CASE(Leases, ATakenLeaseIsLost, Shows("L4")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const Delivery lost = TakeOne(kQueue, {.lease = kSecond});
    clock().Advance(kSecond);
    const Delivery taken = TakeOne(kQueue);
    ExpectAllLost(lost.lock_token, LeaseLoss::kTaken);
    EXPECT_TRUE(Take(kQueue).empty()) << "nothing has changed";
    Ack(taken.lock_token);
    ExpectAllLost(lost.lock_token, LeaseLoss::kGone);
    ExpectAllLost(taken.lock_token, LeaseLoss::kGone);
  }
}

CONFORMANCE_CASE(Leases, WhatEndsALeaseMakesItsTokenGone, Shows("L4", "C1", "C5")) {
  for (const std::string group : {"", "g"}) {
    for (int end = 0; end < 3; ++end) {
      Put(kQueue, "x", {.group = group, .key = "k"});
      const LockToken token = TakeOne(kQueue).lock_token;
      if (end == 0) Ack(token);
      if (end == 1) Abandon(token);
      if (end == 2) Cancel(kQueue, "k");
      ExpectAllLost(token, LeaseLoss::kGone);
      Cancel(kQueue, "k");
    }
  }
  PutIn("g", "x");
  const LockToken token = TakeOne(kQueue).lock_token;
  Commit({DeleteGroup{kQueue, "g"}});
  ExpectAllLost(token, LeaseLoss::kGone);
}

CONFORMANCE_CASE(Leases, AfterAnAbandonAndANewLeaseTheOldTokenChangesNothing, Shows("L4")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const LockToken old = TakeOne(kQueue).lock_token;
    Abandon(old);
    const Delivery held = TakeOne(kQueue);
    for (const Status& status :
         {store().Ack(old), store().Abandon(old), store().Renew(old, kHour).status()}) {
      EXPECT_EQ(status.code(), StatusCode::kLeaseLost) << status;
    }
    EXPECT_TRUE(Take(kQueue).empty());
    Ack(held.lock_token);
  }
}

CONFORMANCE_CASE(Leases, AnAbandonedMessageComesBackAtItsPlace, Shows("L5", "D8")) {
  for (const std::string& payload : Numbered("", 3)) {
    Put(kQueue, payload);
    clock().Advance(kMicrosecond);
  }
  const Delivery first = TakeOne(kQueue);
  const Delivery second = TakeOne(kQueue);
  Abandon(second.lock_token);
  Abandon(first.lock_token, {.count = false});
  const Deliveries all = Drain(kQueue);
  ASSERT_EQ(TextsOf(all), Numbered("", 3));
  EXPECT_EQ(all[0].delivery_count, 1U) << "its delivery was taken back";
  EXPECT_EQ(all[1].delivery_count, 2U);
}

CONFORMANCE_CASE(Leases, AnAbandonedGroupComesBackAtItsPlace, Shows("L5", "D8")) {
  PutIn("g", "1");
  PutIn("g", "2");
  PutIn("", "3");
  Abandon(Take(kQueue, All()).front().lock_token, {.count = false});
  const Deliveries members = Take(kQueue, All());
  ASSERT_EQ(TextsOf(members), Numbered("", 2));
  EXPECT_EQ(members[0].delivery_count, 1U);
  EXPECT_EQ(members[1].delivery_count, 1U);
  Abandon(members[0].lock_token);
  EXPECT_EQ(Take(kQueue, All()).back().delivery_count, 2U);
}

CONFORMANCE_CASE(Leases, AnAbandonWithADelayHidesForThatLong, Shows("L6", "L5")) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  Abandon(TakeOne(kQueue).lock_token, {.delay = kSecond});
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"2"});
  clock().Advance(kSecond - kMicrosecond);
  EXPECT_TRUE(Take(kQueue).empty());
  clock().Advance(kMicrosecond);
  const Delivery back = TakeOne(kQueue);
  EXPECT_EQ(back.payload, "1");
  EXPECT_EQ(back.delivery_count, 2U);
  EXPECT_EQ(Code(store().Abandon(back.lock_token, {.delay = std::chrono::milliseconds(-1)})),
            StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Leases, RenewMovesTheEndAndNeverBack, Shows("L7")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const Delivery held = TakeOne(kQueue, {.lease = kMinute});
    const Timestamp end = clock().Now() + kMinute;
    EXPECT_EQ(Must(store().Renew(held.lock_token, kSecond)), end) << "never to an earlier time";
    EXPECT_EQ(Must(store().Renew(held.lock_token, 2 * kMinute)), end + kMinute);
    clock().Advance(2 * kMinute - kMicrosecond);
    EXPECT_TRUE(Take(kQueue).empty());
    clock().Advance(kMicrosecond);
    Ack(TakeOne(kQueue).lock_token);
  }
}

CONFORMANCE_CASE(Leases, RenewForNoTimeIsInvalid, Shows("L7")) {
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue);
  for (const std::chrono::milliseconds duration : {0 * kSecond, -kSecond}) {
    EXPECT_EQ(Code(store().Renew(held.lock_token, duration)), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Must(store().Renew(held.lock_token, std::chrono::milliseconds::max())), kNever);
  Ack(held.lock_token);
}

CONFORMANCE_CASE(Leases, AMalformedTokenIsInvalid, Shows("L8")) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("rubbish"), std::string(4096, '\xFF')}) {
    ExpectAllInvalid(LockToken{bytes});
    EXPECT_EQ(Code(Refused({DeleteMessages{LockToken{bytes}}})), StatusCode::kInvalidArgument);
  }
}

CONFORMANCE_CASE(Leases, NoAlteredTokenIsGood, Shows("L8", "L4")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const LockToken token = TakeOne(kQueue).lock_token;
    Texts altered = {token.bytes + "x"};
    for (std::size_t length = 0; length < token.bytes.size(); ++length) {
      altered.push_back(token.bytes.substr(0, length));
    }
    for (std::size_t i = 0; i < token.bytes.size() * 8; ++i) {
      altered.push_back(token.bytes);
      altered.back()[i / 8] = static_cast<char>(altered.back()[i / 8] ^ (1 << (i % 8)));
    }
    for (const std::string& bytes : altered) {
      const StatusCode code = Code(store().Ack(LockToken{bytes}));
      ASSERT_TRUE(code == StatusCode::kInvalidArgument || code == StatusCode::kLeaseLost);
    }
    Ack(token);
  }
}

CONFORMANCE_CASE(Leases, ATokenOfAnotherStoreIsInvalid, Shows("L8")) {
  const auto another = OpenAnother();
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    Must(another->Enqueue(kQueue, "x", {.group = group}));
    const LockToken foreign = Must(another->Dequeue(kQueue)).at(0).lock_token;
    const LockToken own = TakeOne(kQueue).lock_token;
    ExpectAllInvalid(foreign);
    Ack(own);
    Must(another->Ack(foreign));
  }
}

CONFORMANCE_CASE(Leases, ReopeningEndsAllLeases, Shows("L9", "L4", "L1").Needs(Part::kReopen)) {
  Put(kQueue, "1");
  PutIn("g", "2");
  PutIn("g", "3");
  const Deliveries before = Drain(kQueue);
  ASSERT_EQ(before.size(), 3U);
  Reopen();
  for (const Delivery& delivery : before) ExpectAllLost(delivery.lock_token, LeaseLoss::kGone);
  const Deliveries after = Drain(kQueue);
  ASSERT_EQ(TextsOf(after), Numbered("", 3));
  for (const Delivery& delivery : after) EXPECT_EQ(delivery.delivery_count, 2U);
  Ack(after[0].lock_token);
  Ack(after[1].lock_token);
  for (const Delivery& delivery : before) {
    EXPECT_EQ(Code(store().Ack(delivery.lock_token)), StatusCode::kLeaseLost);
  }
  Reopen();
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Leases, EachMessageWithoutAGroupHasItsToken, Shows("L2", "L1")) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  const Deliveries both = Take(kQueue, All());
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NE(both[0].lock_token, both[1].lock_token);
  Ack(both[0].lock_token);
  clock().Advance(kHour);
  EXPECT_EQ(TextsOf(Drain(kQueue)), Texts{"2"});
}

CONFORMANCE_CASE(Leases, AnAbandonedMessageStaysWhatItIs,
                 Shows("L6", "D8", "L9").Needs(Part::kReopen)) {
  const Timestamp enqueued = clock().Now();
  const MessageId id = Put(kQueue, "payload", {.key = "k"});
  Abandon(TakeOne(kQueue).lock_token, {.delay = kSecond});
  Reopen();
  EXPECT_TRUE(Take(kQueue).empty()) << "only leases end at open, not delays";
  clock().Advance(kSecond);
  const Delivery back = TakeOne(kQueue);
  EXPECT_EQ(back.id, id);
  EXPECT_EQ(back.key, "k");
  EXPECT_EQ(back.payload, "payload");
  EXPECT_EQ(back.enqueued_at, enqueued);
  EXPECT_EQ(back.delivery_count, 2U);
  Abandon(back.lock_token, {.count = false});
  Reopen();
  const Delivery again = TakeOne(kQueue);
  EXPECT_EQ(again.delivery_count, 2U);
  Abandon(again.lock_token, {.delay = kSecond, .count = false});
  clock().Advance(kSecond);
  EXPECT_EQ(TakeOne(kQueue).delivery_count, 2U);
}

CONFORMANCE_CASE(Leases, TheLongestDelayAndLeaseDoNotWrapAround, Shows("L1", "L6")) {
  constexpr auto kLongest = std::chrono::milliseconds::max();
  Put(kQueue, "1");
  Abandon(TakeOne(kQueue).lock_token, {.delay = kLongest});
  EXPECT_TRUE(Take(kQueue).empty());
  Put(kQueue, "2");
  EXPECT_EQ(TakeOne(kQueue, {.lease = kLongest}).payload, "2");
  clock().Advance(24 * kHour);
  EXPECT_TRUE(Take(kQueue).empty());
}

}  // namespace
}  // namespace tandem::conformance
