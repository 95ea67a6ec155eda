// Leases: how they end, what comes back, and how deliveries are counted.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

using std::chrono::milliseconds;

class LeaseTest : public testing::QueueTest {};

TEST_F(LeaseTest, ALeasedMessageIsHidden) {
  Put("work", "job");
  TakeOne("work");
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(LeaseTest, AnAckedMessageIsGoneForEver) {
  Put("work", "job");
  EXPECT_TRUE(store_->Ack(TakeOne("work").lock_token).ok());
  clock_.Advance(kMinute * 10);
  EXPECT_TRUE(Take("work").empty());
  Reopen();
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(LeaseTest, EachUngroupedMessageHasItsOwnToken) {
  Put("work", "1");
  Put("work", "2");
  const auto both = Take("work", {.max_messages = 2});
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NE(both[0].lock_token, both[1].lock_token);
  EXPECT_TRUE(store_->Ack(both[0].lock_token).ok());
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeTexts("work", {.max_messages = 2}), Texts{"2"});
}

TEST_F(LeaseTest, ExpiredLeaseMakesTheMessageVisibleAgain) {
  Put("work", "job");
  EXPECT_EQ(TakeOne("work", {.lease = kSecond}).delivery_count, 1U);
  clock_.Advance(kSecond - std::chrono::microseconds(1));
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(std::chrono::microseconds(1));
  EXPECT_EQ(TakeOne("work", {.lease = kSecond}).delivery_count, 2U);
}

TEST_F(LeaseTest, ALeaseThatRanOutButWasNotTakenIsStillGood) {
  Put("work", "job");
  const Delivery delivery = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kMinute);
  EXPECT_TRUE(store_->Ack(delivery.lock_token).ok());
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(LeaseTest, AnOfferedLeaseIsStillGood) {
  Put("work", "1");
  Put("work", "2");
  const Delivery first = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kSecond * 2);
  // Offers both and takes the older, which is the first one again.
  const Delivery again = TakeOne("work", {.lease = kSecond});
  EXPECT_EQ(again.payload, "1");
  const Delivery second = TakeOne("work", {.lease = kSecond});
  ExpectLost(store_->Ack(first.lock_token), LeaseLoss::kTaken);
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeOne("work", {.lease = kMinute}).payload, "1");  // offers "2" as well
  EXPECT_TRUE(store_->Ack(second.lock_token).ok());
  EXPECT_TRUE(Take("work").empty()) << "an acked message is not offered any more";
}

TEST_F(LeaseTest, ATakenLeaseIsLostToWhoeverAsks) {
  Put("work", "job");
  const Delivery old = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kSecond);
  const Delivery current = TakeOne("work");
  ExpectLost(store_->Ack(old.lock_token), LeaseLoss::kTaken);
  ExpectLost(store_->Abandon(old.lock_token), LeaseLoss::kTaken);
  ExpectLost(store_->Renew(old.lock_token, kMinute).status(), LeaseLoss::kTaken);
  EXPECT_TRUE(Take("work").empty()) << "the old token changed nothing";
  EXPECT_TRUE(store_->Ack(current.lock_token).ok());
  ExpectLost(store_->Ack(old.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Ack(current.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Abandon(current.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Renew(current.lock_token, kMinute).status(), LeaseLoss::kGone);
}

TEST_F(LeaseTest, AnAbandonedMessageComesBackAtItsOldPlace) {
  Put("work", "1");
  Put("work", "2");
  const Delivery first = TakeOne("work");
  clock_.Advance(kSecond);
  Put("work", "3");
  ASSERT_TRUE(store_->Abandon(first.lock_token).ok());
  ExpectLost(store_->Ack(first.lock_token), LeaseLoss::kGone);
  const auto all = Take("work", {.max_messages = 9});
  EXPECT_EQ(TextsOf(all), (Texts{"1", "2", "3"}));
  EXPECT_EQ(all[0].delivery_count, 2U);
  EXPECT_EQ(all[1].delivery_count, 1U);
}

TEST_F(LeaseTest, ADelayedAbandonHidesTheMessageForThatLong) {
  Put("work", "1");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kSecond}).ok());
  Put("work", "2");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"2"});
  clock_.Advance(kSecond - std::chrono::microseconds(1));
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(std::chrono::microseconds(1));
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(delivery.payload, "1");
  EXPECT_EQ(delivery.delivery_count, 2U);
}

TEST_F(LeaseTest, ADelayedAbandonKeepsEverythingOfTheMessageOverReopen) {
  const Timestamp enqueued_at = clock_.Now();
  const MessageId id = Put("work", "payload", {.key = "k"});
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kSecond}).ok());
  Reopen();
  EXPECT_TRUE(Take("work").empty()) << "only leases end at open, not delays";
  clock_.Advance(kSecond);
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(delivery.id, id);
  EXPECT_EQ(delivery.key, "k");
  EXPECT_EQ(delivery.payload, "payload");
  EXPECT_EQ(delivery.enqueued_at, enqueued_at);
  EXPECT_EQ(delivery.delivery_count, 2U);
}

TEST_F(LeaseTest, TheLongestDelayAndLeaseDoNotWrapAround) {
  Put("work", "1");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = milliseconds::max()}).ok());
  EXPECT_TRUE(Take("work").empty());
  Put("work", "2");
  const Delivery delivery = TakeOne("work", {.lease = milliseconds::max()});
  EXPECT_EQ(delivery.payload, "2");
  clock_.Advance(std::chrono::hours(24));
  EXPECT_TRUE(Take("work").empty());
  const auto renewed = store_->Renew(delivery.lock_token, milliseconds::max());
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(*renewed, kNever);
}

TEST_F(LeaseTest, AnUncountedAbandonTakesTheDeliveryBack) {
  Put("work", "job");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token).ok());
  for (int i = 0; i < 3; ++i) {
    const Delivery delivery = TakeOne("work");
    EXPECT_EQ(delivery.delivery_count, 2U);
    ASSERT_TRUE(store_->Abandon(delivery.lock_token, {.count = false}).ok());
  }
  Reopen();
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(delivery.delivery_count, 2U);
  ASSERT_TRUE(store_->Abandon(delivery.lock_token, {.delay = kSecond, .count = false}).ok());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeOne("work").delivery_count, 2U);
}

TEST_F(LeaseTest, AnUncountedAbandonOfTheFirstDeliveryLeavesNoTrace) {
  Put("work", "job");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.count = false}).ok());
  EXPECT_EQ(TakeOne("work").delivery_count, 1U);
}

TEST_F(LeaseTest, ReopenEndsAllLeasesAndKeepsTheCounts) {
  Put("work", "1");
  Put("work", "2", {.group = "g"});
  Put("work", "3", {.group = "g"});
  const Delivery alone = TakeOne("work");
  const auto group = Take("work", {.max_messages = 9});
  ASSERT_EQ(group.size(), 2U);
  Reopen();
  ExpectLost(store_->Ack(alone.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Renew(group[0].lock_token, kMinute).status(), LeaseLoss::kGone);
  const Delivery again = TakeOne("work");
  EXPECT_EQ(again.payload, "1");
  EXPECT_EQ(again.delivery_count, 2U);
  const auto group_again = Take("work", {.max_messages = 9});
  EXPECT_EQ(TextsOf(group_again), (Texts{"2", "3"}));
  EXPECT_EQ(group_again[1].delivery_count, 2U);
  ExpectLost(store_->Ack(alone.lock_token), LeaseLoss::kTaken);
  ExpectLost(store_->Ack(group[0].lock_token), LeaseLoss::kTaken);
}

TEST_F(LeaseTest, RenewMovesTheEnd) {
  Put("work", "job");
  const Delivery delivery = TakeOne("work", {.lease = kSecond});
  const auto end = store_->Renew(delivery.lock_token, kSecond * 3);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, clock_.Now() + kSecond * 3);
  clock_.Advance(kSecond * 2);
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"job"});
  ExpectLost(store_->Renew(delivery.lock_token, kSecond).status(), LeaseLoss::kTaken);
}

TEST_F(LeaseTest, RenewNeverShortens) {
  Put("work", "job");
  const Timestamp end = clock_.Now() + kMinute;
  const Delivery delivery = TakeOne("work", {.lease = kMinute});
  const auto renewed = store_->Renew(delivery.lock_token, kSecond);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(*renewed, end);
  clock_.Advance(kSecond * 59);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(LeaseTest, AnExpiredLeaseThatNobodyTookCanBeRenewed) {
  Put("work", "1");
  const Delivery delivery = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kMinute);
  ASSERT_TRUE(store_->Renew(delivery.lock_token, kSecond).ok());
  EXPECT_TRUE(Take("work").empty()) << "renewed, so hidden again";
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"1"});
  ExpectLost(store_->Renew(delivery.lock_token, kSecond).status(), LeaseLoss::kTaken);
}

TEST_F(LeaseTest, AnOfferedLeaseThatIsRenewedIsWithdrawn) {
  Put("work", "1");
  Put("work", "2");
  TakeOne("work", {.lease = kSecond});
  const Delivery second = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeOne("work", {.lease = kMinute}).payload, "1");  // offers "2"
  ASSERT_TRUE(store_->Renew(second.lock_token, kSecond).ok());
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"2"}) << "offered again when the renewed lease has run out";
}

TEST_F(LeaseTest, RenewRefusesNoDuration) {
  Put("work", "job");
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(store_->Renew(delivery.lock_token, milliseconds(0)).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Abandon(delivery.lock_token, {.delay = milliseconds(-1)}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->Ack(delivery.lock_token).ok());
}

}  // namespace
}  // namespace tandem
