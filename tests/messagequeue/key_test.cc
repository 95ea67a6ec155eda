// Keys name messages from enqueue until removal; CancelMessage removes by key.

#include <string>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class KeyTest : public testing::QueueTest {
 protected:
  EnqueueResult PutKey(const std::string& payload, EnqueueOptions options = {}) {
    options.key = "k";
    const auto result = store_->Enqueue("work", payload, options);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  bool Cancel(const std::string& queue, const std::string& key) {
    const auto result = store_->AtomicBatch({CancelMessage{queue, key}});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() && std::get<CancelResult>(result->operations[0]).cancelled;
  }

  void ExpectHeldBy(MessageId id) {
    const EnqueueResult result = PutKey("duplicate");
    EXPECT_EQ(result.outcome, EnqueueOutcome::kDuplicate);
    EXPECT_EQ(result.id, id);
  }

  void ExpectFree() {
    EXPECT_EQ(PutKey("new").outcome, EnqueueOutcome::kQueued);
    EXPECT_TRUE(Cancel("work", "k"));
  }
};

TEST_F(KeyTest, AHeldKeyStoresNothingAndNamesItsHolder) {
  const MessageId id = PutKey("first").id;
  ExpectHeldBy(id);
  Reopen();
  ExpectHeldBy(id);
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"first"});
}

TEST_F(KeyTest, KeysBelongToTheirQueue) {
  PutKey("first");
  EXPECT_EQ(store_->Enqueue("work2", "x", {.key = "k"})->outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(store_->Enqueue("work", "x", {.key = "k2"})->outcome, EnqueueOutcome::kQueued);
  EXPECT_EQ(store_->Enqueue("work", "x", {.key = std::string("k\0", 2)})->outcome,
            EnqueueOutcome::kQueued);
}

TEST_F(KeyTest, AKeyIsHeldAcrossGroups) {
  const MessageId id = PutKey("first", {.group = "g"}).id;
  ExpectHeldBy(id);
  EXPECT_EQ(PutKey("other group", {.group = "h"}).outcome, EnqueueOutcome::kDuplicate);
}

TEST_F(KeyTest, ADelayedMessageHoldsItsKey) {
  ExpectHeldBy(PutKey("later", {.delay = kMinute}).id);
}

TEST_F(KeyTest, ALeasedMessageHoldsItsKeyUntilTheAck) {
  const MessageId id = PutKey("job").id;
  const Delivery delivery = TakeOne("work");
  ExpectHeldBy(id);
  clock_.Advance(kMinute);
  ExpectHeldBy(id);
  ASSERT_TRUE(store_->Ack(delivery.lock_token).ok());
  ExpectFree();
}

TEST_F(KeyTest, AnAbandonedMessageHoldsItsKey) {
  const MessageId id = PutKey("job").id;
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token).ok());
  ExpectHeldBy(id);
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token, {.delay = kMinute}).ok());
  ExpectHeldBy(id);
  EXPECT_TRUE(Cancel("work", "k"));
  clock_.Advance(kMinute);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, AckOfAGroupFreesTheKeysOfWhatWasDelivered) {
  PutKey("1", {.group = "g"});
  const MessageId other = Put("work", "2", {.group = "g", .key = "k2"});
  const Delivery delivery = TakeOne("work");
  ASSERT_TRUE(store_->Ack(delivery.lock_token).ok());
  ExpectFree();
  EXPECT_EQ(store_->Enqueue("work", "x", {.key = "k2"})->id, other);
}

TEST_F(KeyTest, AWaitingMessageIsCancelled) {
  PutKey("job");
  EXPECT_TRUE(Cancel("work", "k"));
  EXPECT_FALSE(Cancel("work", "k"));
  EXPECT_TRUE(Take("work").empty());
  ExpectFree();
  Reopen();
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, ADelayedMessageIsCancelled) {
  PutKey("job", {.delay = kMinute});
  EXPECT_TRUE(Cancel("work", "k"));
  clock_.Advance(kMinute);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, AnUnknownKeyIsNotCancelled) {
  PutKey("job");
  EXPECT_FALSE(Cancel("work", "other"));
  EXPECT_FALSE(Cancel("other", "k"));
  EXPECT_EQ(TakeTexts("work"), Texts{"job"});
}

TEST_F(KeyTest, ALeasedMessageIsCancelledAndItsTokenIsLost) {
  PutKey("job");
  const Delivery delivery = TakeOne("work");
  EXPECT_TRUE(Cancel("work", "k"));
  ExpectLost(store_->Ack(delivery.lock_token), LeaseLoss::kGone);
  ExpectLost(store_->Renew(delivery.lock_token, kMinute).status(), LeaseLoss::kGone);
  clock_.Advance(kMinute * 2);
  EXPECT_TRUE(Take("work").empty());
  ExpectFree();
}

TEST_F(KeyTest, AMessageWithAnExpiredLeaseIsCancelled) {
  Put("work", "other");
  PutKey("job");
  const auto both = Take("work", {.max_messages = 2});
  ASSERT_EQ(both.size(), 2U);
  clock_.Advance(kMinute);
  EXPECT_EQ(TakeOne("work").payload, "other");  // "job" is offered now
  EXPECT_TRUE(Cancel("work", "k"));
  EXPECT_TRUE(Take("work").empty());
  ExpectLost(store_->Ack(both[1].lock_token), LeaseLoss::kGone);
}

TEST_F(KeyTest, AMemberOfAWaitingGroupIsCancelled) {
  Put("work", "1", {.group = "g", .key = "k1"});
  Put("work", "2", {.group = "g", .key = "k2"});
  Put("work", "3", {.group = "g", .key = "k3"});
  EXPECT_TRUE(Cancel("work", "k2"));
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), (Texts{"1", "3"}));
}

TEST_F(KeyTest, CancellingTheFirstOfAGroupMovesTheGroupToItsNext) {
  Put("work", "1", {.group = "g", .key = "k1"});
  clock_.Advance(kSecond);
  Put("work", "alone");
  Put("work", "2", {.group = "g", .key = "k2"});
  EXPECT_TRUE(Cancel("work", "k1"));
  EXPECT_EQ(TakeTexts("work"), Texts{"alone"});
  EXPECT_EQ(TakeTexts("work"), Texts{"2"});
}

TEST_F(KeyTest, CancellingTheLastOfAGroupEmptiesIt) {
  Put("work", "1", {.group = "g", .key = "k1"});
  EXPECT_TRUE(Cancel("work", "k1"));
  EXPECT_TRUE(Take("work").empty());
  Put("work", "2", {.group = "g"});
  EXPECT_EQ(TakeTexts("work"), Texts{"2"});
}

TEST_F(KeyTest, CancellingOneOfALeasedGroupReturnsTheOthersUncountedAndInOrder) {
  for (const std::string i : {"1", "2", "3"}) Put("work", i, {.group = "g", .key = "k" + i});
  ASSERT_TRUE(store_->Abandon(Take("work", {.max_messages = 3}).front().lock_token).ok());
  const auto leased = Take("work", {.max_messages = 3});
  ASSERT_EQ(leased.size(), 3U);
  EXPECT_EQ(leased[0].delivery_count, 2U);
  EXPECT_TRUE(Cancel("work", "k2"));
  ExpectLost(store_->Ack(leased[0].lock_token), LeaseLoss::kGone);
  const auto rest = Take("work", {.max_messages = 3});
  EXPECT_EQ(TextsOf(rest), (Texts{"1", "3"}));
  EXPECT_EQ(rest[0].delivery_count, 2U);
  EXPECT_EQ(rest[1].delivery_count, 2U);
  ExpectLost(store_->Ack(leased[0].lock_token), LeaseLoss::kTaken);
  EXPECT_TRUE(store_->Ack(rest[0].lock_token).ok());
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, CancellingWhatALeaseDoesNotCoverLeavesTheLease) {
  Put("work", "1", {.group = "g", .key = "k1"});
  Put("work", "2", {.group = "g", .key = "k2"});
  const Delivery first = TakeOne("work");
  EXPECT_TRUE(Cancel("work", "k2"));
  EXPECT_TRUE(Take("work").empty());
  EXPECT_TRUE(store_->Ack(first.lock_token).ok());
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, CancellingTwoOfALeasedGroupInOneBatchTakesTheDeliveryBackOnce) {
  for (const std::string i : {"1", "2", "3"}) Put("work", i, {.group = "g", .key = "k" + i});
  ASSERT_TRUE(store_->Abandon(Take("work", {.max_messages = 3}).front().lock_token).ok());
  ASSERT_EQ(Take("work", {.max_messages = 3}).size(), 3U);
  ASSERT_TRUE(store_->AtomicBatch({CancelMessage{"work", "k1"}, CancelMessage{"work", "k3"}}).ok());
  const Delivery rest = TakeOne("work", {.max_messages = 3});
  EXPECT_EQ(rest.payload, "2");
  EXPECT_EQ(rest.delivery_count, 2U);
}

TEST_F(KeyTest, AbandonAfterCancelInOneBatchTakesTheDeliveryBackOnce) {
  for (const std::string i : {"1", "2"}) Put("work", i, {.group = "g", .key = "k" + i});
  ASSERT_TRUE(store_->Abandon(Take("work", {.max_messages = 3}).front().lock_token).ok());
  const auto leased = Take("work", {.max_messages = 3});
  ASSERT_EQ(leased.size(), 2U);
  const auto done = store_->AtomicBatch(
      {CancelMessage{"work", "k1"}, AbandonMessages{leased[0].lock_token, {}, /*count=*/false}});
  ASSERT_TRUE(done.ok()) << done.status();
  const Delivery rest = TakeOne("work", {.max_messages = 3});
  EXPECT_EQ(rest.payload, "2");
  EXPECT_EQ(rest.delivery_count, 2U);
}

TEST_F(KeyTest, AckAfterCancelInOneBatchRemovesTheOthers) {
  for (const std::string i : {"1", "2"}) Put("work", i, {.group = "g", .key = "k" + i});
  Put("work", "3", {.group = "g"});
  const auto leased = Take("work", {.max_messages = 2});
  ASSERT_EQ(leased.size(), 2U);
  const auto done =
      store_->AtomicBatch({CancelMessage{"work", "k1"}, DeleteMessages{leased[0].lock_token}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"3"});
}

TEST_F(KeyTest, AckThenCancelOfTheSameMessageInOneBatchFindsNothing) {
  PutKey("job");
  const Delivery delivery = TakeOne("work");
  const auto done =
      store_->AtomicBatch({DeleteMessages{delivery.lock_token}, CancelMessage{"work", "k"}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_FALSE(std::get<CancelResult>(done->operations[1]).cancelled);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, RescheduleIsCancelAndEnqueueOfTheSameKey) {
  const MessageId old = PutKey("old").id;
  const Delivery leased = TakeOne("work");
  const auto done = store_->AtomicBatch({CancelMessage{"work", "k"},
                                         Enqueue{"work", "new", {.delay = kSecond, .key = "k"}},
                                         Enqueue{"work", "dup", {.key = "k"}}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(std::get<CancelResult>(done->operations[0]).cancelled);
  const auto& queued = std::get<EnqueueResult>(done->operations[1]);
  EXPECT_EQ(queued.outcome, EnqueueOutcome::kQueued);
  EXPECT_GT(queued.id, old);
  EXPECT_EQ(std::get<EnqueueResult>(done->operations[2]).outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(std::get<EnqueueResult>(done->operations[2]).id, queued.id);
  ExpectLost(store_->Ack(leased.lock_token), LeaseLoss::kGone);
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"new"});
}

TEST_F(KeyTest, AckOfTheOldMessageAfterARescheduleInTheSameBatchLeavesTheNewOne) {
  PutKey("old");
  const Delivery leased = TakeOne("work");
  const auto done =
      store_->AtomicBatch({CancelMessage{"work", "k"}, Enqueue{"work", "new", {.key = "k"}},
                           DeleteMessages{leased.lock_token}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(PutKey("dup").outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"new"});
}

TEST_F(KeyTest, EnqueueAndCancelInOneBatchLeaveNothing) {
  const auto done = store_->AtomicBatch(
      {Enqueue{"work", "x", {.key = "k"}}, CancelMessage{"work", "k"},
       Enqueue{"work", "y", {.group = "g", .key = "k"}}, CancelMessage{"work", "k"}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(std::get<CancelResult>(done->operations[3]).cancelled);
  EXPECT_TRUE(Take("work").empty());
  ExpectFree();
  Reopen();
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(KeyTest, AGroupDoesNotInheritThePlaceOfAMessageThatNeverWas) {
  EXPECT_TRUE(Take("work").empty());  // the queue is known from here on
  ASSERT_TRUE(store_
                  ->AtomicBatch({Enqueue{"work", "never", {.group = "g", .key = "k"}},
                                 CancelMessage{"work", "k"}})
                  .ok());
  Put("work", "older");
  Put("work", "younger", {.group = "g"});
  EXPECT_EQ(TakeTexts("work"), Texts{"older"});
  EXPECT_EQ(TakeTexts("work"), Texts{"younger"});
}

}  // namespace
}  // namespace tandem
