// Offered leases: those that ran out, and that a dequeue has found but not taken.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class LeaseTest : public testing::QueueTest {};

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

TEST_F(LeaseTest, AnOfferedMessageIsCancelled) {
  Put("work", "other");
  Put("work", "job", {.key = "k"});
  const auto both = Take("work", {.max_messages = 2});
  ASSERT_EQ(both.size(), 2U);
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeOne("work").payload, "other");  // "job" is offered now
  ASSERT_TRUE(store_->AtomicBatch({CancelMessage{"work", "k"}}).ok());
  EXPECT_TRUE(Take("work").empty());
  ExpectLost(store_->Ack(both[1].lock_token), LeaseLoss::kGone);
}

}  // namespace
}  // namespace tandem
