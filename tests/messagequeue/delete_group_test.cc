// DeleteGroup: all messages of a group at once.

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class DeleteGroupTest : public testing::QueueTest {
 protected:
  std::vector<OperationResult> Do(Batch operations) {
    auto result = store_->AtomicBatch(std::move(operations));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->operations : std::vector<OperationResult>();
  }

  std::uint64_t Delete(const std::string& group) {
    const auto results = Do({DeleteGroup{"work", group}});
    return results.size() == 1 ? std::get<DeleteGroupResult>(results[0]).messages : 0;
  }
};

TEST_F(DeleteGroupTest, RemovesReadyAndDelayedMembersAndTellsHowMany) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.group = "g", .key = "k"});
  Put("work", "3", {.delay = kMinute, .group = "g"});
  Put("work", "other", {.group = "h"});
  Put("work", "alone");
  EXPECT_EQ(Delete("g"), 3U);
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeTexts("work"), Texts{"other"});
  EXPECT_EQ(TakeTexts("work"), Texts{"alone"});
  EXPECT_TRUE(Take("work").empty());
  EXPECT_EQ(Delete("g"), 0U);
}

TEST_F(DeleteGroupTest, OfAGroupThatIsNotThereRemovesNothing) { EXPECT_EQ(Delete("g"), 0U); }

TEST_F(DeleteGroupTest, FreesTheKeys) {
  Put("work", "1", {.group = "g", .key = "k"});
  EXPECT_EQ(Delete("g"), 1U);
  EXPECT_EQ(store_->Enqueue("work", "2", {.key = "k"})->outcome, EnqueueOutcome::kQueued);
}

TEST_F(DeleteGroupTest, EndsTheLease) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.group = "g"});
  const Delivery held = TakeOne("work");
  EXPECT_EQ(Delete("g"), 2U);
  ExpectLost(store_->Ack(held.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Renew(held.lock_token, kMinute).status(), LeaseLoss::kGone);
  Put("work", "3", {.group = "g"});
  const Delivery next = TakeOne("work");
  EXPECT_EQ(next.payload, "3");
  EXPECT_EQ(next.delivery_count, 1U);
}

TEST_F(DeleteGroupTest, AppliesInListOrder) {
  Put("work", "old", {.group = "g", .key = "old"});
  const auto results =
      Do({Enqueue{"work", "staged", {.group = "g", .key = "k"}}, DeleteGroup{"work", "g"},
          Enqueue{"work", "new", {.group = "g", .key = "k"}}, CancelMessage{"work", "old"}});
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(std::get<DeleteGroupResult>(results[1]).messages, 2U);
  EXPECT_EQ(std::get<EnqueueResult>(results[2]).outcome, EnqueueOutcome::kQueued)
      << "the key of a member that the batch itself had staged is free";
  EXPECT_FALSE(std::get<CancelResult>(results[3]).cancelled);
  Reopen();
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10}), Texts{"new"});
}

TEST_F(DeleteGroupTest, AnAckOrAbandonOfWhatItRemovedFindsNothing) {
  for (const bool abandons : {false, true}) {
    Put("work", "old", {.group = "g"});
    const Delivery held = TakeOne("work");
    Batch batch = {DeleteGroup{"work", "g"}, Enqueue{"work", "new", {.group = "g"}}};
    if (abandons) {
      batch.Add(AbandonMessages{held.lock_token, kMinute, true});
    } else {
      batch.Add(DeleteMessages{held.lock_token});
    }
    Do(std::move(batch));
    const Delivery next = TakeOne("work");
    EXPECT_EQ(next.payload, "new") << "not delayed by the abandon of others";
    ASSERT_TRUE(store_->Ack(next.lock_token).ok());
  }
}

TEST_F(DeleteGroupTest, BringsAQueueBackToNothing) {
  Put("work", "1", {.delay = kMinute, .group = "g"});
  Put("work", "2", {.group = "g"});
  EXPECT_EQ(Delete("g"), 2U);
  const auto statistics = store_->admin()->Statistics("work");
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_EQ(statistics->messages(), 0U);
  EXPECT_TRUE(store_->admin()->ListQueues({})->names.empty());
}

TEST_F(DeleteGroupTest, LeavesTheKeyOfADeadLetterToItsHolder) {
  Put("work", "bad", {.group = "g", .key = "k"});
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token).ok());
  ASSERT_TRUE(Take("work", {.max_deliveries = 1}).empty());
  const MessageId holder = Put("work/dead", "holder", {.key = "k"});
  Do({DeleteGroup{"work/dead", "g"}});
  EXPECT_EQ(store_->Enqueue("work/dead", "again", {.key = "k"})->id, holder);
}

}  // namespace
}  // namespace tandem
