// max_deliveries, and the queue where the messages go that were delivered so often.

#include <algorithm>

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class DeadLetterTest : public testing::QueueTest {
 protected:
  const DequeueOptions twice_{.max_messages = 10, .max_deliveries = 2};

  // Delivers what is ready until it has been delivered twice.
  void DeliverTwice(const std::string& queue) {
    for (int i = 0; i < 2; ++i) {
      for (const Delivery& delivery : Take(queue, {.max_messages = 100})) {
        const Status status = store_->Abandon(delivery.lock_token);
        ASSERT_TRUE(status.ok() || status.code() == StatusCode::kLeaseLost) << status;
      }
    }
  }
};

TEST_F(DeadLetterTest, AMessageThatWasDeliveredTooOftenMoves) {
  clock_.Advance(kSecond);
  const Timestamp enqueued_at = clock_.Now();
  const MessageId id = Put("work", "bad", {.key = "k"});
  DeliverTwice("work");
  clock_.Advance(kMinute);
  EXPECT_TRUE(Take("work", twice_).empty());
  const Delivery letter = TakeOne("work/dead");
  EXPECT_EQ(letter.id, id);
  EXPECT_EQ(letter.payload, "bad");
  EXPECT_EQ(letter.key, "k");
  EXPECT_EQ(letter.enqueued_at, enqueued_at);
  EXPECT_EQ(letter.delivery_count, 1U);
  ASSERT_TRUE(letter.dead_letter.has_value());
  EXPECT_EQ(letter.dead_letter->queue, "work");
  EXPECT_EQ(letter.dead_letter->deliveries, 2U);
}

TEST_F(DeadLetterTest, WithoutALimitAMessageIsDeliveredForEver) {
  Put("work", "bad");
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const Delivery delivery = TakeOne("work");
    EXPECT_EQ(delivery.delivery_count, i);
    EXPECT_FALSE(delivery.dead_letter.has_value());
    ASSERT_TRUE(store_->Abandon(delivery.lock_token).ok());
  }
}

TEST_F(DeadLetterTest, OthersAreDeliveredByTheSameCall) {
  Put("work", "bad");
  Put("work", "bad, too");
  DeliverTwice("work");
  Put("work", "good");
  EXPECT_EQ(TakeTexts("work", twice_), Texts{"good"});
  EXPECT_EQ(TakeTexts("work/dead", {.max_messages = 10}), (Texts{"bad", "bad, too"}));
}

TEST_F(DeadLetterTest, ADeadLetterHoldsItsKeyNowhere) {
  const MessageId dead = Put("work", "bad", {.key = "k"});
  DeliverTwice("work");
  ASSERT_TRUE(Take("work", twice_).empty());
  const auto fresh = store_->Enqueue("work", "fresh", {.key = "k"});
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->outcome, EnqueueOutcome::kQueued);
  const auto beside = store_->Enqueue("work/dead", "beside", {.key = "k"});
  ASSERT_TRUE(beside.ok());
  EXPECT_EQ(beside->outcome, EnqueueOutcome::kQueued);
  // Its end leaves the keys to those who hold them.
  const Delivery letter = TakeOne("work/dead");
  ASSERT_EQ(letter.id, dead);
  ASSERT_TRUE(store_->Ack(letter.lock_token).ok());
  const auto again = store_->Enqueue("work/dead", "again", {.key = "k"});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(again->id, beside->id);
}

TEST_F(DeadLetterTest, MembersOfAGroupDieOneByOne) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.group = "g"});
  DeliverTwice("work");
  Put("work", "3", {.group = "g"});
  EXPECT_EQ(TakeTexts("work", twice_), Texts{"3"});
  const auto letters = Take("work/dead", {.max_messages = 10});
  EXPECT_EQ(TextsOf(letters), (Texts{"1", "2"}));
  EXPECT_EQ(letters[0].group, "g");
  EXPECT_EQ(letters[0].lock_token, letters[1].lock_token);
}

TEST_F(DeadLetterTest, OnlyTheMemberThatWasDeliveredTooOftenDies) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.group = "g"});
  for (int i = 0; i < 2; ++i) {
    const auto both = Take("work", {.max_messages = 2});
    ASSERT_EQ(both.size(), 2U);
    const bool count = i == 0;
    ASSERT_TRUE(store_->Abandon(both[0].lock_token, {.count = count}).ok());
  }
  // Both were delivered once: of the next two deliveries only the first member has one.
  const Delivery first = TakeOne("work");
  ASSERT_TRUE(store_->Abandon(first.lock_token).ok());
  const auto alive = Take("work", twice_);
  ASSERT_EQ(TextsOf(alive), Texts{"2"});
  EXPECT_EQ(TakeTexts("work/dead"), Texts{"1"});
  ASSERT_TRUE(store_->Ack(alive[0].lock_token).ok());
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(DeadLetterTest, AGroupWithoutLivingMembersIsGone) {
  Put("work", "1", {.group = "g"});
  DeliverTwice("work");
  EXPECT_TRUE(Take("work", twice_).empty());
  const auto statistics = store_->admin()->Statistics("work");
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_EQ(statistics->messages(), 0U);
  EXPECT_EQ(statistics->dead, 1U);
}

TEST_F(DeadLetterTest, AMessageWhoseLeaseRanOutDiesWhenItIsTaken) {
  Put("work", "bad");
  const Delivery held = TakeOne("work", {.lease = kSecond});
  clock_.Advance(kSecond);
  EXPECT_TRUE(Take("work", {.max_deliveries = 1}).empty());
  ExpectLost(store_->Ack(held.lock_token), LeaseLoss::kGone);
  EXPECT_EQ(TakeTexts("work/dead"), Texts{"bad"});
}

TEST_F(DeadLetterTest, AThousandOfThemAreMovedByOneCall) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) batch.Add(Enqueue{"work", "bad", {}});
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  int delivered = 0;
  while (!Take("work", {.lease = kSecond, .max_messages = 500}).empty()) ++delivered;
  EXPECT_GE(delivered, 2);
  clock_.Advance(kSecond);
  Put("work", "good");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10, .max_deliveries = 1}), Texts{"good"});
  EXPECT_EQ(store_->admin()->Statistics("work")->dead, 1000U);
}

TEST_F(DeadLetterTest, AGroupOfAThousandIsMovedByOneCall) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Add(Enqueue{"work", std::to_string(i), {.group = "g"}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  ASSERT_EQ(Take("work", {.lease = kSecond, .max_messages = 1000}).size(), 1000U);
  clock_.Advance(kSecond);
  Put("work", "good", {.group = "g"});
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10, .max_deliveries = 1}), Texts{"good"});
  const auto letters = Take("work/dead", {.max_messages = 1000});
  ASSERT_EQ(letters.size(), 1000U);
  EXPECT_EQ(letters[999].payload, "999");
}

TEST_F(DeadLetterTest, TheyAndTheirQueuesSurviveAReopen) {
  Put("work", "bad", {.group = "g", .key = "k"});
  DeliverTwice("work");
  EXPECT_TRUE(Take("work", twice_).empty());
  Reopen();
  const Delivery letter = TakeOne("work/dead");
  EXPECT_EQ(letter.payload, "bad");
  EXPECT_EQ(letter.key, "k");
  ASSERT_TRUE(letter.dead_letter.has_value());
  EXPECT_EQ(letter.dead_letter->deliveries, 2U);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(DeadLetterTest, ADeadLetterMayDieAgain) {
  Put("work", "bad");
  DeliverTwice("work");
  EXPECT_TRUE(Take("work", twice_).empty());
  DeliverTwice("work/dead");
  EXPECT_TRUE(Take("work/dead", twice_).empty());
  const Delivery letter = TakeOne("work/dead/dead");
  ASSERT_TRUE(letter.dead_letter.has_value());
  EXPECT_EQ(letter.dead_letter->queue, "work/dead");
}

TEST_F(DeadLetterTest, AQueueWhoseDeadLettersHaveTooLongANameIsRefused) {
  const std::string queue(1024, 'q');
  EXPECT_EQ(store_->Dequeue(queue, twice_).status().code(), StatusCode::kTooLarge);
  EXPECT_TRUE(store_->Dequeue(queue).ok());
}

}  // namespace
}  // namespace tandem
