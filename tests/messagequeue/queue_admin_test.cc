// What operators see of queues, and what they do with them.

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

using std::chrono::microseconds;

class QueueAdminTest : public testing::QueueTest {
 protected:
  QueueStatistics Statistics(const std::string& queue) {
    const auto statistics = store_->admin()->Statistics(queue);
    EXPECT_TRUE(statistics.ok()) << statistics.status();
    return statistics.ok() ? *statistics : QueueStatistics();
  }

  // In pages of `limit`.
  std::vector<BrowsedMessage> BrowseAll(const std::string& queue, std::size_t limit = 2) {
    std::vector<BrowsedMessage> messages;
    BrowseOptions options{.limit = limit};
    do {
      auto page = store_->admin()->Browse(queue, options);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (BrowsedMessage& message : page->messages) messages.push_back(std::move(message));
      options.after = page->next;
    } while (!options.after.empty());
    return messages;
  }

  static Texts TextsOf(const std::vector<BrowsedMessage>& messages) {
    Texts texts;
    for (const BrowsedMessage& message : messages) texts.push_back(message.payload);
    return texts;
  }

  // A dead letter of the queue.
  void PutDead(const std::string& payload, const EnqueueOptions& options = {}) {
    Put("work", payload, options);
    ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token).ok());
    ASSERT_TRUE(Take("work", {.max_deliveries = 1}).empty());
  }

  RedriveResult Redrive() {
    const auto result = store_->admin()->Redrive("work");
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RedriveResult();
  }
};

TEST_F(QueueAdminTest, ListsQueuesThatHaveMessages) {
  Put("b", "1");
  Put("a", "1");
  Put("ab", "1", {.delay = kMinute});
  Put(std::string("a\0", 2), "1");
  ASSERT_TRUE(store_->Ack(TakeOne("b").lock_token).ok());
  for (int round = 0; round < 2; ++round) {
    const auto all = store_->admin()->ListQueues({});
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->names, (Texts{"a", std::string("a\0", 2), "ab"}));
    EXPECT_FALSE(all->more);
    Reopen();
  }
}

TEST_F(QueueAdminTest, ListsQueuesInPagesAndByPrefix) {
  for (const std::string queue : {"a1", "a2", "a3", "b1"}) Put(queue, "x");
  auto page = store_->admin()->ListQueues({.prefix = "a", .limit = 2});
  EXPECT_EQ(page->names, (Texts{"a1", "a2"}));
  EXPECT_TRUE(page->more);
  page = store_->admin()->ListQueues({.prefix = "a", .after = "a2", .limit = 2});
  EXPECT_EQ(page->names, Texts{"a3"});
  EXPECT_FALSE(page->more) << "b1 does not start with the prefix";
  EXPECT_EQ(store_->admin()->ListQueues({.limit = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(QueueAdminTest, EachMessageIsReadyDelayedOrLeased) {
  Put("work", "leased");
  TakeOne("work");
  Put("work", "ready");
  Put("work", "later", {.delay = kMinute});
  Put("work", "first of the group", {.group = "g"});
  Put("work", "behind it", {.group = "g"});
  Put("work", "later member", {.delay = kMinute, .group = "g"});
  Put("work", "later group", {.delay = kMinute, .group = "h"});
  QueueStatistics statistics = Statistics("work");
  EXPECT_EQ(statistics.leased, 1U);
  EXPECT_EQ(statistics.ready, 3U);
  EXPECT_EQ(statistics.delayed, 3U);
  EXPECT_EQ(statistics.messages(), 7U);
  clock_.Advance(kMinute);
  statistics = Statistics("work");
  EXPECT_EQ(statistics.leased, 0U) << "it has run out";
  EXPECT_EQ(statistics.ready, 7U);
  Reopen();
  EXPECT_EQ(Statistics("work").ready, 7U);
}

TEST_F(QueueAdminTest, ADelayedGroupIsDelayedWhole) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.delay = kSecond, .group = "g"});
  const Delivery held = TakeOne("work");
  EXPECT_EQ(Statistics("work").delayed, 1U);
  ASSERT_TRUE(store_->Abandon(held.lock_token, {.delay = kMinute}).ok());
  EXPECT_EQ(Statistics("work").delayed, 2U);
  clock_.Advance(kSecond);
  EXPECT_EQ(Statistics("work").delayed, 2U);
  clock_.Advance(kMinute);
  EXPECT_EQ(Statistics("work").ready, 2U);
}

TEST_F(QueueAdminTest, TheOldestAgeIsThatOfTheFirstThatIsReady) {
  EXPECT_FALSE(Statistics("work").oldest_age.has_value());
  Put("work", "leased");
  TakeOne("work");
  clock_.Advance(kSecond);
  Put("work", "later", {.delay = kMinute});
  EXPECT_FALSE(Statistics("work").oldest_age.has_value());
  Put("work", "ready");
  clock_.Advance(kSecond * 2);
  EXPECT_EQ(Statistics("work").oldest_age, microseconds(kSecond * 2));
}

TEST_F(QueueAdminTest, TheOldestMayStandBehindALeasedMember) {
  Put("work", "1", {.group = "g"});
  TakeOne("work");
  clock_.Advance(kSecond);
  Put("work", "2", {.group = "g"});
  clock_.Advance(kSecond);
  Put("work", "alone");
  clock_.Advance(kSecond);
  EXPECT_EQ(Statistics("work").oldest_age, microseconds(kSecond * 2));
}

TEST_F(QueueAdminTest, BrowseShowsEveryMessageOnceInOrder) {
  Put("work", "member of h", {.group = "h"});
  Put("work", "later", {.delay = kMinute});
  Put("work", "1");
  Put("work", "member of g", {.group = "g", .key = "k"});
  Put("work", "2");
  Put("work", "second of g", {.delay = kSecond, .group = "g"});
  const Texts expected = {"1", "2", "later", "member of g", "second of g", "member of h"};
  for (std::size_t limit = 1; limit <= 7; ++limit) {
    EXPECT_EQ(TextsOf(BrowseAll("work", limit)), expected) << "pages of " << limit;
  }
  EXPECT_TRUE(BrowseAll("elsewhere").empty());
}

TEST_F(QueueAdminTest, BrowseTellsTheStateAndChangesNothing) {
  const MessageId id = Put("work", "leased", {.key = "k"});
  Put("work", "later", {.delay = kMinute});
  const Delivery held = TakeOne("work");
  for (int round = 0; round < 2; ++round) {
    const auto messages = BrowseAll("work");
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].id, id);
    EXPECT_EQ(messages[0].key, "k");
    EXPECT_EQ(messages[0].state, MessageState::kLeased);
    EXPECT_EQ(messages[0].delivery_count, 1U);
    EXPECT_EQ(messages[1].state, MessageState::kDelayed);
    EXPECT_EQ(messages[1].visible_at, clock_.Now() + kMinute);
  }
  clock_.Advance(kMinute);
  EXPECT_EQ(BrowseAll("work")[0].state, MessageState::kReady) << "the lease has run out";
  EXPECT_TRUE(store_->Ack(held.lock_token).ok()) << "and nobody has taken it";
}

TEST_F(QueueAdminTest, ABrowsePageEndsAtItsBytes) {
  for (int i = 0; i < 3; ++i) Put("work", std::string(100, 'x'));
  auto page = store_->admin()->Browse("work", {.max_bytes = 250});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->messages.size(), 2U);
  page = store_->admin()->Browse("work", {.after = page->next, .max_bytes = 1});
  EXPECT_EQ(page->messages.size(), 1U) << "one at least";
  EXPECT_TRUE(page->next.empty());
}

TEST_F(QueueAdminTest, BrowseRefusesWhatNoPageReturned) {
  Put("other", "x");
  Put("other", "y");
  const std::string foreign = store_->admin()->Browse("other", {.limit = 1})->next;
  for (const std::string& after : {std::string("nonsense"), foreign}) {
    EXPECT_EQ(store_->admin()->Browse("work", {.after = after}).status().code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(store_->admin()->Browse("work", {.limit = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(QueueAdminTest, PurgeRemovesEverything) {
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(store_
                    ->AtomicBatch({Enqueue{"work", "x", {.group = i % 3 == 0 ? "g" : ""}}},
                                  {Durability::kBuffered})
                    .ok());
  }
  Put("work", "later", {.delay = kMinute, .key = "k"});
  const Delivery alone = TakeOne("work", {.lease = kMinute});
  const Delivery member = TakeOne("work", {.lease = kMinute});
  ASSERT_NE(alone.group, member.group);
  const auto purged = store_->admin()->Purge("work");
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(*purged, 601U);
  for (const Delivery& delivery : {alone, member}) {
    ExpectLost(store_->Ack(delivery.lock_token), LeaseLoss::kGone);
  }
  EXPECT_EQ(Statistics("work").messages(), 0U);
  EXPECT_EQ(store_->Enqueue("work", "y", {.key = "k"})->outcome, EnqueueOutcome::kQueued);
  Reopen();
  EXPECT_EQ(TakeTexts("work"), Texts{"y"});
  EXPECT_EQ(*store_->admin()->Purge("nothing"), 0U);
}

TEST_F(QueueAdminTest, RedriveMakesDeadLettersMessagesAgain) {
  PutDead("alone", {.key = "k"});
  PutDead("member", {.group = "g"});
  clock_.Advance(kSecond);
  const RedriveResult result = Redrive();
  EXPECT_EQ(result.moved, 2U);
  EXPECT_EQ(result.kept, 0U);
  EXPECT_EQ(Statistics("work").dead, 0U);
  Reopen();
  for (const std::string payload : {"alone", "member"}) {
    const Delivery delivery = TakeOne("work");
    EXPECT_EQ(delivery.payload, payload);
    EXPECT_EQ(delivery.delivery_count, 1U);
    EXPECT_FALSE(delivery.dead_letter.has_value());
  }
  EXPECT_EQ(store_->Enqueue("work", "again", {.key = "k"})->outcome, EnqueueOutcome::kDuplicate);
}

TEST_F(QueueAdminTest, RedriveKeepsWhatIsLeasedOrWhoseKeyIsHeld) {
  PutDead("leased");
  PutDead("key is held", {.key = "k"});
  PutDead("free", {.key = "free"});
  const Delivery held = TakeOne("work/dead", {.lease = kMinute});
  ASSERT_EQ(held.payload, "leased");
  Put("work", "holder", {.key = "k"});
  RedriveResult result = Redrive();
  EXPECT_EQ(result.moved, 1U);
  EXPECT_EQ(result.kept, 2U);
  clock_.Advance(kMinute);
  result = Redrive();
  EXPECT_EQ(result.moved, 1U) << "the lease has run out";
  EXPECT_EQ(result.kept, 1U);
  ExpectLost(store_->Ack(held.lock_token), LeaseLoss::kGone);
}

TEST_F(QueueAdminTest, RedriveTakesWhatSomebodyEnqueuedThere) {
  Put("work/dead", "by hand", {.delay = kMinute, .key = "k"});
  Put("work/dead", "member", {.delay = kMinute, .group = "g"});
  EXPECT_EQ(Redrive().moved, 2U);
  EXPECT_EQ(TakeTexts("work"), Texts{"by hand"}) << "visible now";
  EXPECT_EQ(TakeTexts("work"), Texts{"member"});
  EXPECT_EQ(store_->Enqueue("work", "x", {.key = "k"})->outcome, EnqueueOutcome::kDuplicate);
  EXPECT_EQ(store_->Enqueue("work/dead", "x", {.key = "k"})->outcome, EnqueueOutcome::kQueued);
}

TEST_F(QueueAdminTest, RedriveOfManyKeepsTheirOrder) {
  constexpr int kMany = 600;
  Batch batch;
  Texts numbers;
  for (int i = 0; i < kMany; ++i) {
    numbers.push_back(std::to_string(i));
    batch.Add(Enqueue{"work/dead", numbers.back(), {.group = i < 300 ? "" : "g"}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  EXPECT_EQ(Redrive().moved, kMany);
  Texts texts;
  while (true) {
    const auto deliveries = Take("work", {.max_messages = 1000});
    if (deliveries.empty()) break;
    for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
  }
  EXPECT_EQ(texts, numbers);
}

}  // namespace
}  // namespace tandem
