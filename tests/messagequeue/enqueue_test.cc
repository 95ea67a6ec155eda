// When and in what order messages are delivered.

#include <string>
#include <vector>

#include "tandem/base/limits.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

class EnqueueTest : public testing::QueueTest {};

TEST_F(EnqueueTest, AMessageIsDeliveredWithAllThatBelongsToIt) {
  const Timestamp enqueued_at = clock_.Now();
  const MessageId id = Put("work", "job", {.group = "g", .key = "k"});
  clock_.Advance(kSecond);
  const Delivery delivery = TakeOne("work");
  EXPECT_EQ(delivery.queue, "work");
  EXPECT_EQ(delivery.id, id);
  EXPECT_EQ(delivery.key, "k");
  EXPECT_EQ(delivery.group, "g");
  EXPECT_EQ(delivery.delivery_count, 1U);
  EXPECT_EQ(delivery.enqueued_at, enqueued_at);
  EXPECT_EQ(delivery.payload, "job");
  EXPECT_FALSE(delivery.lock_token.bytes.empty());
}

TEST_F(EnqueueTest, AnEmptyOrUnknownQueueDeliversNothing) {
  EXPECT_TRUE(Take("work").empty());
  Put("work2", "x");
  Put("wor", "x");
  Put(std::string("work\0", 5), "x");
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(EnqueueTest, NamesAndPayloadsAreBinary) {
  const std::vector<std::string> names = {std::string(1, '\0'),
                                          std::string(2, '\0'),
                                          std::string("\0\1", 2),
                                          std::string("\0\xFF", 2),
                                          "\xFF",
                                          "\xFF\xFF",
                                          "a",
                                          std::string("a\0", 2)};
  for (const std::string& queue : names) {
    for (const std::string& name : names) {
      Put(queue, queue + "/" + name, {.group = name, .key = name});
    }
    Put(queue, "", {});
  }
  Reopen();
  for (const std::string& queue : names) {
    for (const std::string& name : names) {
      const Delivery delivery = TakeOne(queue, {.max_messages = 10});
      EXPECT_EQ(delivery.payload, queue + "/" + name);
      EXPECT_EQ(delivery.group, name);
      EXPECT_EQ(delivery.key, name);
      EXPECT_TRUE(store_->Ack(delivery.lock_token).ok());
    }
    EXPECT_EQ(TakeTexts(queue), Texts{""});
    EXPECT_TRUE(Take(queue).empty());
  }
}

TEST_F(EnqueueTest, IdsGrowAlsoOverReopen) {
  const MessageId first = Put("work", "1");
  const MessageId second = Put("other", "2");
  Reopen();
  const MessageId third = Put("work", "3");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_F(EnqueueTest, MessagesOfOneTimeComeAsEnqueued) {
  for (int i = 0; i < 5; ++i) Put("work", std::to_string(i));
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10}), (Texts{"0", "1", "2", "3", "4"}));
}

TEST_F(EnqueueTest, ADelayedMessageIsHiddenUntilItsTime) {
  Put("work", "later", {.delay = kSecond});
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond - std::chrono::microseconds(1));
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(std::chrono::microseconds(1));
  EXPECT_EQ(TakeTexts("work"), Texts{"later"});
}

TEST_F(EnqueueTest, ADelaySurvivesReopen) {
  Put("work", "later", {.delay = kSecond});
  Reopen();
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"later"});
}

TEST_F(EnqueueTest, VisibleAtWinsOverDelay) {
  Put("work", "at", {.delay = kMinute, .visible_at = clock_.Now() + kSecond});
  clock_.Advance(kSecond);
  EXPECT_EQ(TakeTexts("work"), Texts{"at"});
}

TEST_F(EnqueueTest, APastTimeCountsAsNow) {
  Put("work", "1");
  Put("work", "2", {.visible_at = clock_.Now() - kMinute});
  Put("work", "3", {.visible_at = Timestamp()});
  Put("work", "4", {.visible_at = Timestamp::min()});
  Put("work", "5", {.visible_at = Timestamp(std::chrono::microseconds(-1))});
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10}), (Texts{"1", "2", "3", "4", "5"}));
}

TEST_F(EnqueueTest, TheFarthestTimesAreInTheFuture) {
  Put("work", "never", {.visible_at = kNever});
  Put("work", "longest", {.delay = std::chrono::milliseconds::max()});
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(std::chrono::hours(24 * 365 * 100));
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(EnqueueTest, OrderIsByTimeOfVisibilityThenById) {
  Put("work", "c", {.delay = kSecond * 2});
  Put("work", "a", {.delay = kSecond});
  Put("work", "now");
  Put("work", "b", {.delay = kSecond});
  clock_.Advance(kMinute);
  Put("work", "last");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 10}), (Texts{"now", "a", "b", "c", "last"}));
}

TEST_F(EnqueueTest, TheOldestAcrossTheGivenQueuesComesFirst) {
  Put("b", "1");
  Put("a", "2");
  clock_.Advance(kSecond);
  Put("c", "3");
  Put("a", "4");
  Put("b", "5");
  const std::vector<std::string> all = {"a", "b", "c"};
  EXPECT_EQ(TextsOf(TakeFrom(all)), Texts{"1"});
  EXPECT_EQ(TextsOf(TakeFrom({"a", "c"}, {.max_messages = 2})), (Texts{"2", "3"}));
  EXPECT_EQ(TextsOf(TakeFrom(all, {.max_messages = 9})), (Texts{"4", "5"}));
}

TEST_F(EnqueueTest, AQueueNamedTwiceDeliversOnce) {
  Put("a", "1");
  Put("a", "2");
  EXPECT_EQ(TextsOf(TakeFrom({"a", "a"}, {.max_messages = 9})), (Texts{"1", "2"}));
  EXPECT_TRUE(TakeFrom({"a", "a"}).empty());
}

TEST_F(EnqueueTest, MaxMessagesIsALimit) {
  for (int i = 0; i < 5; ++i) Put("work", std::to_string(i));
  EXPECT_EQ(TakeTexts("work", {.max_messages = 2}), (Texts{"0", "1"}));
  EXPECT_EQ(TakeTexts("work", {.max_messages = 2}), (Texts{"2", "3"}));
  EXPECT_EQ(TakeTexts("work", {.max_messages = 2}), Texts{"4"});
}

TEST_F(EnqueueTest, MaxBytesCountsPayloadsButOneMessageIsAlwaysDelivered) {
  for (const std::size_t size : {10U, 10U, 10U, 50U, 1U}) Put("work", std::string(size, 'x'));
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 20}).size(), 2U);
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 0}).size(), 1U);
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 10}).size(), 1U)
      << "a message larger than max_bytes comes alone";
  EXPECT_EQ(Take("work", {.max_messages = 9, .max_bytes = 10}).size(), 1U);
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(EnqueueTest, WhatDoesNotFitStaysReady) {
  Put("work", "1234567890");
  Put("work", "1234567890", {.group = "g"});
  Put("work", "x");
  EXPECT_EQ(Take("work", {.max_messages = 9}).size(), 1U) << "a group comes alone";
  EXPECT_EQ(Take("work", {.max_messages = 9}).front().group, "g");
  EXPECT_EQ(TakeTexts("work", {.max_messages = 9}), Texts{"x"});
}

TEST_F(EnqueueTest, ADamagedCallIsRefused) {
  const auto code = [](const auto& result) { return result.status().code(); };
  EXPECT_EQ(code(store_->Enqueue("", "x")), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(store_->Enqueue(std::string(kNameBytesMax + 1, 'q'), "x")), StatusCode::kTooLarge);
  EXPECT_EQ(code(store_->Enqueue("q", std::string(kPayloadBytesMax + 1, 'x'))),
            StatusCode::kTooLarge);
  const std::string long_name(kNameBytesMax + 1, 'n');
  EXPECT_EQ(code(store_->Enqueue("q", "x", {.group = long_name})), StatusCode::kTooLarge);
  EXPECT_EQ(code(store_->Enqueue("q", "x", {.key = long_name})), StatusCode::kTooLarge);
  EXPECT_EQ(code(store_->Enqueue("q", "x", {.delay = std::chrono::milliseconds(-1)})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code(store_->Dequeue("")), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(store_->Dequeue("q", {.max_messages = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(store_->Dequeue("q", {.lease = std::chrono::milliseconds(0)})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code(store_->Dequeue(std::span<const std::string>(), {})),
            StatusCode::kInvalidArgument);
  const std::vector<std::string> many(kDequeueQueuesMax + 1, "q");
  EXPECT_FALSE(store_->Dequeue(many, {}).ok());
  EXPECT_TRUE(Take("q").empty());
}

TEST_F(EnqueueTest, TheLargestPayloadAndNamesAreDelivered) {
  const std::string name(kNameBytesMax, '\0');
  const std::string payload(kPayloadBytesMax, 'p');
  Put(name, payload, {.group = name, .key = name});
  Reopen();
  const Delivery delivery = TakeOne(name);
  EXPECT_TRUE(delivery.payload == payload);
  EXPECT_TRUE(delivery.key == name);
  EXPECT_TRUE(store_->Ack(delivery.lock_token).ok());
}

}  // namespace
}  // namespace tandem
