// Groups: in order, to one holder at a time (D3-D6, L6).

#include <set>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Groups)

namespace {

class GroupsTest : public ConformanceTest {
 protected:
  void PutAll(const std::string& group, const Texts& payloads) {
    for (const std::string& payload : payloads) PutIn(group, payload);
  }
  Texts TakeAll() { return TakeTexts(kQueue, All()); }
};

CONFORMANCE_CASE(Groups, MembersComeInOrderUnderOneToken, Shows("D3", "L2")) {
  PutAll("g", {"1", "2", "3"});
  const Deliveries members = Take(kQueue, All());
  ASSERT_EQ(TextsOf(members), (Texts{"1", "2", "3"}));
  EXPECT_EQ(members[0].lock_token, members[1].lock_token);
  EXPECT_EQ(members[0].lock_token, members[2].lock_token);
  Ack(members[1].lock_token);
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Groups, OrderIsByVisibilityThenId, Shows("D3", "D6")) {
  PutIn("g", "late", 2 * kSecond);
  PutIn("g", "soon", kSecond);
  PutIn("g", "soon too", kSecond);
  PutIn("g", "now");
  clock().Advance(kMinute);
  EXPECT_EQ(TakeAll(), (Texts{"now", "soon", "soon too", "late"}));
}

CONFORMANCE_CASE(Groups, LimitsCutAGroup, Shows("D3", "D4")) {
  PutAll("g", {"11", "22", "33", "44"});
  const Deliveries two = Take(kQueue, {.max_messages = 2});
  ASSERT_EQ(TextsOf(two), (Texts{"11", "22"}));
  EXPECT_EQ(TakeAll(), Texts()) << "the rest waits";
  Ack(two[0].lock_token);
  const Deliveries one = Take(kQueue, {.max_messages = 9, .max_bytes = 3});
  ASSERT_EQ(TextsOf(one), Texts{"33"}) << "by bytes";
  Abandon(one[0].lock_token);
  EXPECT_EQ(TakeTexts(kQueue, {.max_messages = 9, .max_bytes = 4}), (Texts{"33", "44"}));
}

CONFORMANCE_CASE(Groups, OneMemberIsDeliveredEvenIfLarger, Shows("D3", "D2")) {
  PutAll("g", {"1234567890", "2"});
  EXPECT_EQ(TakeTexts(kQueue, {.max_messages = 9, .max_bytes = 1}), Texts{"1234567890"});
}

CONFORMANCE_CASE(Groups, AGroupComesAloneInACall, Shows("D3", "D5")) {
  PutIn("g", "g1");
  PutIn("", "alone");
  PutIn("h", "h1");
  PutIn("g", "g2");
  EXPECT_EQ(TakeAll(), (Texts{"g1", "g2"}));
  EXPECT_EQ(TakeAll(), Texts{"alone"});
  EXPECT_EQ(TakeAll(), Texts{"h1"});
}

CONFORMANCE_CASE(Groups, SeveralGroupsComeInACallThatAllowsIt, Shows("D1", "D2", "D3")) {
  PutIn("g", "g1");
  PutIn("", "alone");
  PutIn("h", "h1");
  PutIn("g", "g2");
  PutIn("i", "i1");
  const Texts expected{"g1", "g2", "alone", "h1", "i1"};
  Texts all;
  Deliveries calls;
  while (all.size() < expected.size()) {
    const Deliveries some = Take(kQueue, {.max_messages = 9, .max_groups = 9});
    ASSERT_FALSE(some.empty()) << "after " << all.size();
    for (const Delivery& delivery : some) all.push_back(delivery.payload);
    calls.insert(calls.end(), some.begin(), some.end());
  }
  ASSERT_EQ(all, expected);
  EXPECT_EQ(calls[0].lock_token, calls[1].lock_token) << "one of each group";
  for (std::size_t i = 2; i < calls.size(); ++i) {
    EXPECT_NE(calls[i].lock_token, calls[i - 1].lock_token) << calls[i].payload;
  }
  PutIn("g", "g3");
  Ack(calls[3].lock_token);
  EXPECT_EQ(TakeAll(), Texts()) << "g is held still";
  Ack(calls[0].lock_token);
  EXPECT_EQ(TakeAll(), Texts{"g3"});
  Abandon(calls[4].lock_token);
  EXPECT_EQ(TakeAll(), Texts{"i1"});
}

CONFORMANCE_CASE(Groups, LimitsHoldOverAllGroupsOfACall, Shows("D2", "D3")) {
  const auto tokens = [](const Deliveries& deliveries) {
    std::set<LockToken> each;
    for (const Delivery& delivery : deliveries) each.insert(delivery.lock_token);
    return each;
  };
  for (const std::string group : {"g", "h", "i"}) PutAll(group, {group + "1", group + "2"});
  DequeueOptions options{.lease = kSecond, .max_messages = 9, .max_groups = 2};
  EXPECT_LE(tokens(Take(kQueue, options)).size(), 2U);
  clock().Advance(kSecond);
  options = {.lease = kSecond, .max_messages = 3, .max_groups = 9};
  EXPECT_LE(Take(kQueue, options).size(), 3U);
  clock().Advance(kSecond);
  options = {.lease = kSecond, .max_messages = 9, .max_bytes = 5, .max_groups = 9};
  EXPECT_LE(Take(kQueue, options).size(), 2U);
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"g1", "g2", "h1", "h2", "i1", "i2"})) << "none lost";
}

CONFORMANCE_CASE(Groups, AGroupThatDidNotFitKeepsItsLease, Shows("D2", "D3", "L3")) {
  PutIn("g", "g1");
  clock().Advance(kSecond);
  PutIn("h", "too large");
  ASSERT_EQ(TakeOne(kQueue).payload, "g1");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  ASSERT_EQ(held.payload, "too large");
  clock().Advance(kHour);
  EXPECT_EQ(TakeTexts(kQueue, {.max_messages = 9, .max_bytes = 2, .max_groups = 9}), Texts{"g1"});
  Ack(held.lock_token);  // has run out, and was taken by nobody
  EXPECT_EQ(TakeAll(), Texts());
}

CONFORMANCE_CASE(Groups, WhileALeaseHoldsNothingElseOfTheGroupComes, Shows("D4")) {
  PutIn("g", "1");
  const Delivery held = TakeOne(kQueue, All());
  PutIn("g", "2");
  PutIn("g", "3", kSecond);
  clock().Advance(kSecond);
  EXPECT_EQ(TakeAll(), Texts());
  Ack(held.lock_token);
  const Deliveries rest = Take(kQueue, All());
  EXPECT_EQ(TextsOf(rest), (Texts{"2", "3"})) << "an ack removes what was delivered only";
  EXPECT_EQ(rest[0].delivery_count, 1U);
}

CONFORMANCE_CASE(Groups, AfterAnAbandonLateArrivalsComeBehind, Shows("D4", "L5")) {
  PutIn("g", "1");
  const Delivery held = TakeOne(kQueue, All());
  PutIn("g", "2");
  Abandon(held.lock_token);
  const Deliveries both = Take(kQueue, All());
  ASSERT_EQ(TextsOf(both), (Texts{"1", "2"}));
  EXPECT_EQ(both[0].delivery_count, 2U);
  EXPECT_EQ(both[1].delivery_count, 1U);
}

CONFORMANCE_CASE(Groups, AfterTheLeaseHasRunOutLateArrivalsComeBehind, Shows("D4", "L4")) {
  PutIn("g", "1");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  PutIn("g", "2");
  clock().Advance(kSecond);
  EXPECT_EQ(TakeAll(), (Texts{"1", "2"}));
  ExpectLost(store().Ack(held.lock_token), LeaseLoss::kTaken);
}

CONFORMANCE_CASE(Groups, ALeaseThatRanOutAcksWhatItDelivered, Shows("D4", "L2", "L3")) {
  PutIn("g", "1");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  PutIn("g", "2");
  clock().Advance(kSecond);
  Ack(held.lock_token);
  EXPECT_EQ(TakeAll(), Texts{"2"});
}

CONFORMANCE_CASE(Groups, AnEarlierVisibleArrivalIsNotAckedWithTheLease, Shows("L2", "D4")) {
  PutIn("g", "held");
  PutIn("g", "late", kMinute);
  const Delivery held = TakeOne(kQueue);
  PutIn("g", "between", kSecond);
  clock().Advance(2 * kMinute);
  Ack(held.lock_token);
  EXPECT_EQ(TakeAll(), (Texts{"between", "late"}));
}

CONFORMANCE_CASE(Groups, GroupsDoNotHinderEachOther, Shows("D5")) {
  for (const std::string group : {"a", "b", ""}) PutAll(group, {group + "1", group + "2"});
  const Deliveries a = Take(kQueue, All());
  const Deliveries b = Take(kQueue, All());
  EXPECT_EQ(TextsOf(a), Numbered("a", 2));
  EXPECT_EQ(TextsOf(b), Numbered("b", 2));
  EXPECT_EQ(TextsOf(Drain(kQueue)), Numbered("", 2));
  Abandon(b[0].lock_token);
  EXPECT_EQ(TakeAll(), Numbered("b", 2));
  Ack(a[0].lock_token);
  EXPECT_EQ(TakeAll(), Texts());
}

CONFORMANCE_CASE(Groups, OneNameInTwoQueuesIsTwoGroups, Shows("D5", "B12")) {
  Put("q", "1", {.group = "g"});
  Put("qg", "2", {.group = "g"});
  Put("q", "3", {.group = "gg"});
  Put("q", "4", {.group = Bytes("g\0")});
  TakeOne("q");
  EXPECT_EQ(TakeTexts("qg"), Texts{"2"});
  EXPECT_EQ(TextsOf(Drain("q")), (Texts{"3", "4"}));
}

CONFORMANCE_CASE(Groups, AMemberThatIsNotVisibleHoldsNobodyBack, Shows("D6")) {
  PutIn("g", "later", kMinute);
  PutIn("g", "now");
  const Delivery now = TakeOne(kQueue, All());
  EXPECT_EQ(now.payload, "now");
  clock().Advance(kMinute - kMicrosecond);
  Ack(now.lock_token);
  EXPECT_EQ(TakeAll(), Texts());
  clock().Advance(kMicrosecond);
  EXPECT_EQ(TakeAll(), Texts{"later"});
}

CONFORMANCE_CASE(Groups, AnAbandonedGroupWaitsAsAWhole, Shows("L6").Needs(Part::kReopen)) {
  PutAll("g", {"1", "2"});
  Abandon(TakeOne(kQueue).lock_token, {.delay = 10 * kSecond});
  PutIn("g", "3");
  PutIn("g", "4", kSecond);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(TakeAll(), Texts());
    Reopen();
  }
  clock().Advance(10 * kSecond - kMicrosecond);
  EXPECT_EQ(TakeAll(), Texts());
  clock().Advance(kMicrosecond);
  const Deliveries all = Take(kQueue, All());
  ASSERT_EQ(TextsOf(all), Numbered("", 4));
  EXPECT_EQ(all[0].delivery_count, 2U);
  EXPECT_EQ(all[1].delivery_count, 1U);
}

CONFORMANCE_CASE(Groups, ADelayOfAGroupIsOverOnceItHasPassed, Shows("L6")) {
  PutIn("g", "1");
  PutIn("h", "other");
  Abandon(TakeOne(kQueue).lock_token, {.delay = kSecond});
  EXPECT_EQ(TakeAll(), Texts{"other"}) << "it is the group's own";
  clock().Advance(kSecond);
  Ack(TakeOne(kQueue).lock_token);
  PutIn("g", "2");
  EXPECT_EQ(TakeAll(), Texts{"2"});
}

CONFORMANCE_CASE(Groups, ALargeGroupComesInTurnsInOrder, Shows("D3").Needs(Part::kReopen)) {
  constexpr int kMembers = 600;
  Batch enqueues;
  for (const std::string& payload : Numbered("", kMembers)) {
    enqueues.Add(Enqueue{kQueue, payload, {.group = "g"}});
  }
  Commit(std::move(enqueues));
  Texts all;
  while (all.size() < kMembers) {
    const Deliveries members = Take(kQueue, {.max_messages = 100});
    ASSERT_EQ(members.size(), 100U);
    for (const Delivery& member : members) all.push_back(member.payload);
    Ack(members.front().lock_token);
    if (all.size() == 300) Reopen();
  }
  EXPECT_EQ(all, Numbered("", kMembers));
}

CONFORMANCE_CASE(Groups, AnEarlierVisibleArrivalComesBeforeALaterMember, Shows("D3", "D4", "L5")) {
  PutIn("g", "later", kMinute);
  PutIn("g", "sooner", kSecond);
  clock().Advance(kSecond);
  const Delivery sooner = TakeOne(kQueue, All());
  EXPECT_EQ(sooner.payload, "sooner");
  PutIn("g", "now");
  clock().Advance(kMinute);
  Abandon(sooner.lock_token);
  EXPECT_EQ(TakeAll(), (Texts{"sooner", "now", "later"}));
}

}  // namespace
}  // namespace tandem::conformance
