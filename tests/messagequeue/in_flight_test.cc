// What the queue decides while the group before is published but still in flight: the shortest of
// the moments that the commit pipeline knows, held open here by a door of our own.

#include "tests/messagequeue/queue_rig.h"

namespace tandem {
namespace {

using testing::OneOperation;

class InFlightTest : public testing::QueueRigTest {};

TEST_F(InFlightTest, AMessageIsDeliveredWholeAsSoonAsItIsPublished) {
  Do(Enqueue{"work", "job", {}});
  EXPECT_EQ(TakeOne().payload, "job");
}

TEST_F(InFlightTest, AMemberOfAGroupIsDeliveredWholeAsSoonAsItIsPublished) {
  Do(Enqueue{"work", "job", {.group = "g"}});
  EXPECT_EQ(TakeOne().payload, "job");
}

TEST_F(InFlightTest, ADelayedMessageIsDeliveredWholeWhenItComesBack) {
  Do(Enqueue{"work", "job", {.key = "k"}});
  const Delivery delivery = TakeOne();
  Do(AbandonMessages{delivery.lock_token, std::chrono::seconds(1), true});
  clock_.Advance(std::chrono::seconds(1));
  const Delivery again = TakeOne();
  EXPECT_EQ(again.payload, "job");
  EXPECT_EQ(again.key, "k");
}

TEST_F(InFlightTest, AWrittenMessageIsNotDeniedBeforeItIsPublished) {
  const std::string name = "work";
  ASSERT_TRUE(queue_->Dequeue(std::span(&name, 1), DequeueOptions())->empty());
  OneOperation<Enqueue> proposal(*queue_, Enqueue{"work", "job", {}});
  door_->HoldNext();
  ASSERT_TRUE(door_->Commit(proposal).ok());  // whoever reads the database sees its batch now
  EXPECT_EQ(TakeOne().payload, "job");
}

}  // namespace
}  // namespace tandem
