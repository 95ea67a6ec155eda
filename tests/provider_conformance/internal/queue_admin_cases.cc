// Administration of messages: lists, browse, purge, redrive (A1, A3-A5).

#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(QueueAdmin)

namespace {

class QueueAdminTest : public ConformanceTest {
 protected:
  Texts Queues(const ListOptions& options = {}) { return Must(admin().ListQueues(options)).names; }
  std::vector<BrowsedMessage> Browse(const std::string& queue, std::size_t limit = 100) {
    std::vector<BrowsedMessage> all;
    BrowseOptions options{.after = "", .limit = limit};
    do {
      BrowsePage page = Must(admin().Browse(queue, options));
      EXPECT_LE(page.messages.size(), limit);
      for (BrowsedMessage& message : page.messages) all.push_back(std::move(message));
      options.after = page.next;
    } while (!options.after.empty());
    return all;
  }
  // Makes dead letters of all that is ready.
  void Bury() {
    for (const Delivery& delivery : Drain(kQueue)) {
      if (auto abandoned = store().Abandon(delivery.lock_token); !abandoned.ok()) {
        ExpectLost(abandoned, LeaseLoss::kGone);  // of a group that was abandoned already
      }
    }
    const DequeueOptions once{.max_messages = 1000, .max_deliveries = 1};
    EXPECT_TRUE(Take(kQueue, once).empty());
  }
  RedriveResult Redrive() { return Must(admin().Redrive(kQueue)); }

  const std::string dead_ = DeadLetterQueue(kQueue);
};

CONFORMANCE_CASE(QueueAdmin, QueuesWithMessagesAreListed, Shows("A1").Needs(Part::kAdmin)) {
  EXPECT_EQ(Queues(), Texts());
  for (const std::string& queue :
       {std::string("b"), std::string("a"), Bytes("a\0"), std::string("\xFF"), std::string("ab")}) {
    Put(queue, "x");
  }
  Put("delayed", "x", {.delay = kHour});
  Put("grouped", "x", {.group = "g"});
  Put("leased", "x");
  TakeOne("leased");
  Put("emptied", "x");
  Ack(TakeOne("emptied").lock_token);
  EXPECT_EQ(Queues(),
            (Texts{"a", Bytes("a\0"), "ab", "b", "delayed", "grouped", "leased", "\xFF"}));
  EXPECT_EQ(Queues({.prefix = "a", .after = "a"}), (Texts{Bytes("a\0"), "ab"}));
  Texts all;
  for (NamePage page{.names = {}, .more = true}; page.more;) {
    page = Must(admin().ListQueues({.after = all.empty() ? "" : all.back(), .limit = 1}));
    all.insert(all.end(), page.names.begin(), page.names.end());
  }
  EXPECT_EQ(all, Queues());
  const NamePage last = Must(admin().ListQueues({.prefix = "a", .after = "a", .limit = 2}));
  EXPECT_FALSE(last.more) << "'b' does not begin with the prefix";
  EXPECT_EQ(Code(admin().ListQueues({.limit = 0})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(QueueAdmin, QueuesAreListedAfterReopen,
                 Shows("A1").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  Put("emptied", "x");
  Put("delayed", "x", {.delay = kHour});
  Put("leased", "x");
  Ack(TakeOne("emptied").lock_token);
  TakeOne("leased");
  Reopen();
  EXPECT_EQ(Queues(), (Texts{"delayed", "leased"}));
}

CONFORMANCE_CASE(QueueAdmin, BrowseTellsWhatEachMessageIs, Shows("A3", "D8").Needs(Part::kAdmin)) {
  const Timestamp start = clock().Now();
  const MessageId id = Put(kQueue, "leased", {.key = "k"});
  TakeOne(kQueue);
  Put(kQueue, "delayed", {.delay = kMinute});
  clock().Advance(kSecond);
  Put(kQueue, "ready");
  const auto messages = Browse(kQueue);
  ASSERT_EQ(TextsOf(messages), (Texts{"leased", "ready", "delayed"}));
  EXPECT_EQ(messages[0].id, id);
  EXPECT_EQ(messages[0].key, "k");
  EXPECT_EQ(messages[0].state, MessageState::kLeased);
  EXPECT_EQ(messages[0].delivery_count, 1U);
  EXPECT_EQ(messages[0].enqueued_at, start);
  EXPECT_EQ(messages[0].visible_at, start);
  EXPECT_EQ(messages[1].state, MessageState::kReady);
  EXPECT_EQ(messages[1].delivery_count, 0U);
  EXPECT_EQ(messages[1].visible_at, start + kSecond);
  EXPECT_EQ(messages[2].state, MessageState::kDelayed);
  EXPECT_EQ(messages[2].visible_at, start + kMinute);
  clock().Advance(kHour);
  for (const BrowsedMessage& message : Browse(kQueue)) {
    EXPECT_EQ(message.state, MessageState::kReady) << message.payload;
  }
}

CONFORMANCE_CASE(QueueAdmin, BrowseShowsEveryMessageOnceInOrder, Shows("A3").Needs(Part::kAdmin)) {
  for (const std::string& i : Numbered("", 4)) {
    for (const std::string& group :
         {std::string("h"), std::string(), std::string("g"), Bytes("g\0")}) {
      PutIn(group, group + i);
    }
  }
  PutIn("g", "g later", kMinute);
  Texts expected = Numbered("", 4);
  for (const std::string& text : Numbered("g", 4)) expected.push_back(text);
  expected.emplace_back("g later");
  for (const std::string& text : Numbered(Bytes("g\0"), 4)) expected.push_back(text);
  for (const std::string& text : Numbered("h", 4)) expected.push_back(text);
  for (const std::size_t limit : {1U, 2U, 5U, 100U}) {
    EXPECT_EQ(TextsOf(Browse(kQueue, limit)), expected) << "in pages of " << limit;
  }
  EXPECT_EQ(Must(admin().Browse(kQueue, {.max_bytes = 1})).messages.size(), 1U);
  EXPECT_TRUE(Browse("unknown").empty());
}

CONFORMANCE_CASE(QueueAdmin, ABrowsePageEndsAtItsBytes, Shows("A3").Needs(Part::kAdmin)) {
  for (int i = 0; i < 3; ++i) Put(kQueue, std::string(100, 'x'));
  const BrowsePage two = Must(admin().Browse(kQueue, {.max_bytes = 250}));
  EXPECT_EQ(two.messages.size(), 2U);
  const BrowsePage last = Must(admin().Browse(kQueue, {.after = two.next, .max_bytes = 1}));
  EXPECT_EQ(last.messages.size(), 1U) << "one at least";
  EXPECT_EQ(last.next, "");
}

CONFORMANCE_CASE(QueueAdmin, BrowseChangesNothing, Shows("A3").Needs(Part::kAdmin)) {
  PutIn("", "1");
  PutIn("g", "2");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Browse(kQueue).size(), 2U);
  const Deliveries all = Drain(kQueue);
  ASSERT_EQ(TextsOf(all), Numbered("", 2));
  for (const Delivery& delivery : all) EXPECT_EQ(delivery.delivery_count, 1U);
  Browse(kQueue);
  for (const Delivery& delivery : all) Ack(delivery.lock_token);
}

CONFORMANCE_CASE(QueueAdmin, BrowseOfWhatIsWrongIsRefused, Shows("A3").Needs(Part::kAdmin)) {
  EXPECT_EQ(Code(admin().Browse(kQueue, {.limit = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(admin().Browse(kQueue, {.after = "rubbish"})), StatusCode::kInvalidArgument);
  for (int i = 0; i < 2; ++i) Put("other", "x");
  const std::string foreign = Must(admin().Browse("other", {.limit = 1})).next;
  EXPECT_EQ(Code(admin().Browse(kQueue, {.after = foreign})), StatusCode::kInvalidArgument)
      << "no page of this queue returned it";
  EXPECT_EQ(Code(admin().Browse("", {})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(QueueAdmin, PurgeRemovesEveryMessage,
                 Shows("A4", "L4").Needs(Part::kAdmin).Needs(Part::kReopen)) {
  Put(kQueue, "leased", {.key = "k1"});
  const LockToken token = TakeOne(kQueue).lock_token;
  PutIn("g", "grouped");
  const LockToken of_group = TakeOne(kQueue).lock_token;
  Put(kQueue, "delayed", {.delay = kHour, .key = "k2"});
  Put(kQueue, "ready");
  Put("work 2", "stays");
  EXPECT_EQ(Must(admin().Purge(kQueue)), 4U);
  EXPECT_EQ(Must(admin().Purge(kQueue)), 0U);
  ExpectLost(store().Ack(token), LeaseLoss::kGone);
  ExpectLost(store().Ack(of_group), LeaseLoss::kGone);
  for (const std::string key : {"k1", "k2"}) {
    EXPECT_EQ(Must(store().Enqueue("freed", "x", {.key = key})).outcome, EnqueueOutcome::kQueued);
    EXPECT_FALSE(Cancel(kQueue, key));
  }
  clock().Advance(2 * kHour);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Take(kQueue).empty());
    EXPECT_TRUE(Browse(kQueue).empty());
    Reopen();
  }
  EXPECT_EQ(TakeTexts("work 2"), Texts{"stays"});
  EXPECT_EQ(Code(admin().Purge("")), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(QueueAdmin, PurgeOfALargeQueueRemovesAll, Shows("A4").Needs(Part::kAdmin)) {
  constexpr std::uint64_t kMessages = 5000;
  Batch batch;
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    batch.Add(Enqueue{kQueue, "x", {.group = i % 2 == 0 ? "" : "g"}});
  }
  Commit(std::move(batch));
  EXPECT_EQ(Must(admin().Purge(kQueue)), kMessages);
  EXPECT_EQ(Queues(), Texts());
}

CONFORMANCE_CASE(QueueAdmin, RedriveBringsDeadLettersBack, Shows("A5", "P2").Needs(Part::kAdmin)) {
  const MessageId id = Put(kQueue, "1", {.key = "k"});
  PutIn("g", "2");
  PutIn("g", "3");
  Bury();
  clock().Advance(kSecond);
  const RedriveResult result = Redrive();
  EXPECT_EQ(result.moved, 3U);
  EXPECT_EQ(result.kept, 0U);
  EXPECT_TRUE(Take(dead_).empty());
  const Deliveries back = Drain(kQueue);
  ASSERT_EQ(TextsOf(back), Numbered("", 3));
  for (const Delivery& delivery : back) {
    EXPECT_EQ(delivery.delivery_count, 1U) << "as if never delivered";
    EXPECT_EQ(delivery.dead_letter, std::nullopt);
    EXPECT_EQ(delivery.queue, kQueue);
  }
  EXPECT_EQ(back[0].id, id);
  EXPECT_EQ(back[0].key, "k");
  EXPECT_EQ(back[1].group, "g");
  EXPECT_EQ(back[1].lock_token, back[2].lock_token);
  EXPECT_EQ(Must(store().Enqueue(kQueue, "x", {.key = "k"})).id, id) << "it holds its key again";
  EXPECT_EQ(Redrive().moved, 0U);
}

CONFORMANCE_CASE(QueueAdmin, RedriveKeepsWhatIsLeased, Shows("A5", "L1").Needs(Part::kAdmin)) {
  Put(kQueue, "leased");
  Put(kQueue, "not leased");
  Bury();
  const Delivery held = TakeOne(dead_, {.lease = kHour});
  const RedriveResult result = Redrive();
  EXPECT_EQ(result.moved, 1U);
  EXPECT_EQ(result.kept, 1U);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"not leased"});
  clock().Advance(kHour);
  EXPECT_EQ(Redrive().moved, 1U) << "the lease has run out";
  ExpectLost(store().Ack(held.lock_token), LeaseLoss::kGone);
  EXPECT_EQ(Redrive().kept, 0U);
}

CONFORMANCE_CASE(QueueAdmin, RedriveTakesWhatSomebodyEnqueuedThere,
                 Shows("A5", "Q3").Needs(Part::kAdmin)) {
  Put(dead_, "by hand", {.delay = kMinute, .key = "k"});
  Put(dead_, "member", {.delay = kMinute, .group = "g"});
  EXPECT_EQ(Redrive().moved, 2U);
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"by hand", "member"})) << "visible now";
  for (const auto& [queue, outcome] : {std::pair(std::string(kQueue), EnqueueOutcome::kDuplicate),
                                       {dead_, EnqueueOutcome::kQueued}}) {
    EXPECT_EQ(Must(store().Enqueue(queue, "x", {.key = "k"})).outcome, outcome) << queue;
  }
}

CONFORMANCE_CASE(QueueAdmin, RedriveOfManyKeepsTheirOrder, Shows("A5", "D1").Needs(Part::kAdmin)) {
  constexpr int kMany = 600;
  const Texts numbers = Numbered("", kMany);
  Batch batch;
  for (int i = 0; i < kMany; ++i) {
    batch.Add(Enqueue{dead_, numbers[i], {.group = i < kMany / 2 ? "" : "g"}});
  }
  Commit(std::move(batch));
  EXPECT_EQ(Redrive().moved, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(TextsOf(Drain(kQueue)), numbers);
}

CONFORMANCE_CASE(QueueAdmin, RedriveKeepsWhatLostItsKeyToAnother,
                 Shows("A5", "P3").Needs(Part::kAdmin)) {
  Put(kQueue, "old", {.key = "k"});
  Bury();
  Put(kQueue, "new", {.key = "k"});
  const RedriveResult kept = Redrive();
  EXPECT_EQ(kept.moved, 0U);
  EXPECT_EQ(kept.kept, 1U);
  EXPECT_EQ(TextsOf(Browse(dead_)), Texts{"old"});
  Ack(TakeOne(kQueue).lock_token);
  EXPECT_EQ(Redrive().moved, 1U);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"old"});
}

CONFORMANCE_CASE(QueueAdmin, RedriveWakesWhoWaits, Shows("A5", "D9").Needs(Part::kAdmin)) {
  Put(kQueue, "x");
  Bury();
  auto waiter = BlockedTake({kQueue}, {.wait = kHour});
  EXPECT_EQ(Redrive().moved, 1U);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"x"});
}

CONFORMANCE_CASE(QueueAdmin, BrowseTellsOfADeadLetterWhereItComesFrom,
                 Shows("A3", "P2").Needs(Part::kAdmin)) {
  Put(kQueue, "x", {.key = "k"});
  Bury();
  const auto messages = Browse(dead_);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].delivery_count, 0U);
  EXPECT_EQ(messages[0].state, MessageState::kReady);
  EXPECT_EQ(messages[0].key, "k");
  ASSERT_TRUE(messages[0].dead_letter.has_value());
  EXPECT_EQ(messages[0].dead_letter->queue, kQueue);
  EXPECT_EQ(messages[0].dead_letter->deliveries, 1U);
}

}  // namespace
}  // namespace tandem::conformance
