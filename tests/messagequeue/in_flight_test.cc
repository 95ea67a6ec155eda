// What the queue decides while the group before is published but still in flight: the shortest of
// the moments that the commit pipeline knows, held open here by a door of our own.

#include "tandem/tests/messagequeue/queue_rig.h"

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

TEST_F(InFlightTest, AnEmptyDequeueDoesNotWaitForWhatIsBeingFlushed) {
  OneOperation<Enqueue> alone(*queue_, Enqueue{"work", "job", {}});
  OneOperation<Enqueue> member(*queue_, Enqueue{"work", "job", {.group = "g"}});
  for (Proposal* proposal : {static_cast<Proposal*>(&alone), static_cast<Proposal*>(&member)}) {
    door_->HoldNextWrite();
    ASSERT_TRUE(door_->Commit(*proposal).ok());
    const int commits = door_->commits();
    EXPECT_TRUE(Take("work").empty());
    EXPECT_EQ(door_->commits(), commits) << "whatever goes through the door waits for the flush";
    Do(Enqueue{"other", "x", {}});
    EXPECT_EQ(TakeOne("work").payload, "job");
  }
}

TEST_F(InFlightTest, AMessageIsAbandonedWholeWhileWhatPutItIsInFlight) {
  Do(Enqueue{"work", "job", {}});
  ASSERT_TRUE(Take("work", {.max_deliveries = 1}).size() == 1);
  clock_.Advance(std::chrono::minutes(1));
  // Moved to the dead letters, back by hand, taken and put off: each while the move before is in
  // flight, so that the view shows it without its payload.
  ASSERT_TRUE(Take("work", {.max_deliveries = 1}).empty());
  ASSERT_EQ(queue_->Redrive("work")->moved, 1U);
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(delivery.payload, "job");
  Do(AbandonMessages{delivery.lock_token, std::chrono::seconds(1), true});
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(TakeOne("work").payload, "job");
}

TEST_F(InFlightTest, RedriveLeavesAloneWhatIsNotWritten) {
  for (const std::string group : {"", "g"}) {
    OneOperation<Enqueue> proposal(*queue_, Enqueue{"work/dead", "letter", {.group = group}});
    door_->HoldNextWrite();
    ASSERT_TRUE(door_->Commit(proposal).ok());
    ASSERT_EQ(queue_->Redrive("work")->moved, 0U);
    ASSERT_EQ(queue_->Redrive("work")->moved, 1U);
    EXPECT_EQ(TakeOne("work").payload, "letter");
  }
}

TEST_F(InFlightTest, DeleteGroupFreesTheKeyOfAMemberThatIsNotWritten) {
  OneOperation<Enqueue> proposal(
      *queue_,
      Enqueue{"work", "job", {.delay = std::chrono::minutes(1), .group = "g", .key = "k"}});
  door_->HoldNextWrite();
  ASSERT_TRUE(door_->Commit(proposal).ok());
  Do(DeleteGroup{"work", "g"});
  Do(Enqueue{"work", "next", {.key = "k"}});
  EXPECT_EQ(TakeOne("work").payload, "next");
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->messages, 1U);
}

TEST_F(InFlightTest, PurgeFreesTheKeyOfAMessageThatIsPutOff) {
  Do(Enqueue{"work", "job", {.key = "k"}});
  const Delivery delivery = TakeOne("work");
  OneOperation<AbandonMessages> proposal(
      *queue_, AbandonMessages{delivery.lock_token, std::chrono::minutes(1), true});
  door_->HoldNextWrite();
  ASSERT_TRUE(door_->Commit(proposal).ok());
  EXPECT_EQ(*queue_->Purge("work"), 1U);
  Do(Enqueue{"work", "next", {.key = "k"}});
  EXPECT_EQ(TakeOne("work").payload, "next");
}

}  // namespace
}  // namespace tandem
