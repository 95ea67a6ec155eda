// Groups: in order, to one holder at a time.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class GroupTest : public testing::QueueTest {
 protected:
  MessageId PutIn(const std::string& group, const std::string& payload,
                  std::chrono::milliseconds delay = {}) {
    return Put("work", payload, {.delay = delay, .group = group});
  }

  static DequeueOptions All() { return {.max_messages = 100}; }
};

TEST_F(GroupTest, MembersComeInOrderUnderOneToken) {
  for (const char* i : {"1", "2", "3"}) PutIn("g", i);
  const auto members = Take("work", All());
  EXPECT_EQ(TextsOf(members), (Texts{"1", "2", "3"}));
  EXPECT_EQ(members[0].lock_token, members[1].lock_token);
  EXPECT_EQ(members[0].lock_token, members[2].lock_token);
  ASSERT_TRUE(store_->Ack(members[0].lock_token).ok());
  ExpectLost(store_->Ack(members[1].lock_token), LeaseLoss::kGone);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(GroupTest, AGroupHasOneHolder) {
  for (const char* i : {"1", "2"}) PutIn("g", i);
  const Delivery first = TakeOne("work");
  EXPECT_TRUE(Take("work", All()).empty()) << "the rest is hidden";
  ASSERT_TRUE(store_->Ack(first.lock_token).ok());
  EXPECT_EQ(TakeTexts("work", All()), Texts{"2"}) << "an ack removes what was delivered only";
}

TEST_F(GroupTest, WhatArrivesDuringALeaseIsNoPartOfIt) {
  PutIn("g", "1");
  const Delivery first = TakeOne("work", All());
  PutIn("g", "2");
  EXPECT_TRUE(Take("work", All()).empty());
  ASSERT_TRUE(store_->Ack(first.lock_token).ok());
  const Delivery second = TakeOne("work", All());
  EXPECT_EQ(second.payload, "2");
  EXPECT_EQ(second.delivery_count, 1U);
}

TEST_F(GroupTest, AfterAnAbandonLateArrivalsComeBehind) {
  PutIn("g", "1");
  const Delivery first = TakeOne("work", All());
  PutIn("g", "2");
  ASSERT_TRUE(store_->Abandon(first.lock_token).ok());
  const auto both = Take("work", All());
  EXPECT_EQ(TextsOf(both), (Texts{"1", "2"}));
  EXPECT_EQ(both[0].delivery_count, 2U);
  EXPECT_EQ(both[1].delivery_count, 1U);
}

TEST_F(GroupTest, AfterAnExpiryLateArrivalsComeBehind) {
  PutIn("g", "1");
  const Delivery first = TakeOne("work", All());
  PutIn("g", "2");
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"1", "2"}));
  ExpectLost(store_->Ack(first.lock_token), LeaseLoss::kTaken);
}

TEST_F(GroupTest, AnExpiredLeaseOfAGroupAcksWhatItDelivered) {
  PutIn("g", "1");
  const Delivery first = TakeOne("work", All());
  PutIn("g", "2");
  clock_.Advance(kMinute);
  ASSERT_TRUE(store_->Ack(first.lock_token).ok());
  EXPECT_EQ(TakeTexts("work", All()), Texts{"2"});
}

TEST_F(GroupTest, AnEarlierVisibleLateArrivalComesFirst) {
  PutIn("g", "later", kMinute);
  PutIn("g", "sooner", kSecond);
  clock_.Advance(kSecond);
  const Delivery sooner = TakeOne("work", All());
  EXPECT_EQ(sooner.payload, "sooner");
  PutIn("g", "now");
  clock_.Advance(kMinute);
  ASSERT_TRUE(store_->Abandon(sooner.lock_token).ok());
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"sooner", "now", "later"}));
}

TEST_F(GroupTest, AnEarlierVisibleArrivalDuringALeaseIsNotAckedWithIt) {
  PutIn("g", "held");
  PutIn("g", "delayed", kMinute);
  const Delivery held = TakeOne("work", All());
  PutIn("g", "between", kSecond);
  clock_.Advance(kMinute * 2);
  ASSERT_TRUE(store_->Ack(held.lock_token).ok());
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"between", "delayed"}));
}

TEST_F(GroupTest, ADelayedMemberDoesNotHoldBackVisibleOnes) {
  PutIn("g", "later", kMinute);
  EXPECT_TRUE(Take("work", All()).empty());
  PutIn("g", "now");
  const Delivery now = TakeOne("work", All());
  EXPECT_EQ(now.payload, "now");
  ASSERT_TRUE(store_->Ack(now.lock_token).ok());
  EXPECT_TRUE(Take("work", All()).empty());
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeTexts("work", All()), Texts{"later"});
}

TEST_F(GroupTest, LimitsCutAGroup) {
  for (const char* i : {"11", "22", "33", "44"}) PutIn("g", i);
  const auto two = Take("work", {.max_messages = 2});
  EXPECT_EQ(TextsOf(two), (Texts{"11", "22"}));
  EXPECT_TRUE(Take("work", All()).empty());
  ASSERT_TRUE(store_->Ack(two[0].lock_token).ok());
  const auto bytes = Take("work", {.max_messages = 9, .max_bytes = 3});
  EXPECT_EQ(TextsOf(bytes), Texts{"33"});
  ASSERT_TRUE(store_->Abandon(bytes[0].lock_token).ok());
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9, .max_bytes = 4}), (Texts{"33", "44"}));
}

TEST_F(GroupTest, AGroupComesAloneInACall) {
  PutIn("", "alone 1");
  PutIn("g", "g1");
  PutIn("", "alone 2");
  PutIn("g", "g2");
  PutIn("h", "h1");
  EXPECT_EQ(TakeTexts("work", All()), Texts{"alone 1"});
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"g1", "g2"}));
  EXPECT_EQ(TakeTexts("work", All()), Texts{"alone 2"});
  EXPECT_EQ(TakeTexts("work", All()), Texts{"h1"});
}

TEST_F(GroupTest, GroupsAreHeldInParallelAndEndSeparately) {
  for (const char* group : {"a", "b", "c"}) {
    PutIn(group, std::string(group) + "1");
    PutIn(group, std::string(group) + "2");
  }
  const auto a = Take("work", All());
  const auto b = Take("work", All());
  const auto c = Take("work", All());
  EXPECT_EQ(TextsOf(a), (Texts{"a1", "a2"}));
  EXPECT_EQ(TextsOf(b), (Texts{"b1", "b2"}));
  EXPECT_EQ(TextsOf(c), (Texts{"c1", "c2"}));
  EXPECT_TRUE(Take("work", All()).empty());
  ASSERT_TRUE(store_->Abandon(c[0].lock_token).ok());
  ASSERT_TRUE(store_->Abandon(a[0].lock_token).ok());
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"a1", "a2"}));
  EXPECT_EQ(TakeTexts("work", All()), (Texts{"c1", "c2"}));
  ASSERT_TRUE(store_->Ack(b[0].lock_token).ok());
  EXPECT_TRUE(Take("work", All()).empty());
}

TEST_F(GroupTest, ADelayedGroupWaitsAsAWholeWithWhatArrives) {
  PutIn("g", "1");
  PutIn("g", "2");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kSecond * 10}).ok());
  PutIn("g", "3");
  PutIn("g", "4", kSecond);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Take("work", All()).empty());
    Reopen();
  }
  clock_.Advance(kSecond * 10 - std::chrono::microseconds(1));
  EXPECT_TRUE(Take("work", All()).empty());
  clock_.Advance(std::chrono::microseconds(1));
  const auto all = Take("work", All());
  EXPECT_EQ(TextsOf(all), (Texts{"1", "2", "3", "4"}));
  EXPECT_EQ(all[0].delivery_count, 2U);
  EXPECT_EQ(all[1].delivery_count, 1U);
}

TEST_F(GroupTest, ADelayIsForgottenOnceItHasPassed) {
  PutIn("g", "1");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kSecond}).ok());
  clock_.Advance(kSecond);
  ASSERT_TRUE(store_->Ack(TakeOne("work").lock_token).ok());
  PutIn("g", "2");
  EXPECT_EQ(TakeTexts("work"), Texts{"2"});
}

TEST_F(GroupTest, CancellingAMemberDoesNotEndTheDelayOfItsGroup) {
  Put("work", "1", {.group = "g", .key = "k1"});
  Put("work", "2", {.group = "g", .key = "k2"});
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kSecond}).ok());
  ASSERT_TRUE(store_->AtomicBatch({CancelMessage{"work", "k1"}}).ok());
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"2"});
}

TEST_F(GroupTest, OneGroupNameInTwoQueuesIsTwoGroups) {
  Put("a", "1", {.group = "g"});
  Put("b", "2", {.group = "g"});
  TakeOne("a");
  EXPECT_EQ(TakeTexts("b"), Texts{"2"});
}

TEST_F(GroupTest, ManyMembersComeInTurnsInOrder) {
  constexpr int kMembers = 1000;
  Batch batch;
  for (int i = 0; i < kMembers; ++i) {
    batch.Add(Enqueue{"work", std::to_string(i), {.group = "g"}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  int next = 0;
  while (next < kMembers) {
    const auto members = Take("work", {.max_messages = 100});
    ASSERT_EQ(members.size(), 100U);
    for (const Delivery& member : members) ASSERT_EQ(member.payload, std::to_string(next++));
    ASSERT_TRUE(store_->Ack(members[0].lock_token).ok());
    if (next == 500) Reopen();
  }
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(GroupTest, CancellingManyBehindALiveMemberWalksOverNoneOfThem) {
  constexpr int kMembers = 30'000;
  PutIn("g", "first");
  Batch enqueues;
  Batch cancels;
  for (int i = 0; i < kMembers; ++i) {
    const std::string key = std::to_string(i);
    enqueues.Add(
        Enqueue{"work", "late", {.delay = std::chrono::hours(1), .group = "g", .key = key}});
    cancels.Add(CancelMessage{"work", key});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(enqueues)).ok());
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(store_->AtomicBatch(std::move(cancels)).ok());
  // Takes 0.3 s; a walk over what is staged at each of them takes more than a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_EQ(TakeTexts("work", All()), Texts{"first"});
}

}  // namespace
}  // namespace tandem
