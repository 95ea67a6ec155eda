// Dequeueing without waiting: order, limits, counts (D1, D2, D7, D8, D11).

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Dequeue)

namespace {

using DequeueTest = ConformanceTest;

CONFORMANCE_CASE(Dequeue, TheOldestVisibleComesFirst, Shows("D1")) {
  Put(kQueue, "3", {.delay = 3 * kSecond});
  Put(kQueue, "1", {.delay = kSecond});
  Put(kQueue, "2a", {.delay = 2 * kSecond});
  Put(kQueue, "2b", {.visible_at = clock().Now() + 2 * kSecond});
  Put(kQueue, "0");
  clock().Advance(kMinute);
  Put(kQueue, "4");
  EXPECT_EQ(TextsOf(Drain(kQueue)), (Texts{"0", "1", "2a", "2b", "3", "4"}));
}

CONFORMANCE_CASE(Dequeue, TheOldestOfAllGivenQueuesComesFirst, Shows("D1")) {
  for (const std::string queue : {"b", "a", "c", "a", "b"}) {
    Put(queue, queue);
    clock().Advance(kMicrosecond);
  }
  Put("other", "other");
  Texts all;
  for (int i = 0; i < 5; ++i) {
    for (const Delivery& delivery : TakeFrom({"c", "b", "a"})) {
      EXPECT_EQ(delivery.queue, delivery.payload);
      all.push_back(delivery.payload);
    }
  }
  EXPECT_EQ(all, (Texts{"b", "a", "c", "a", "b"}));
}

// A list in braces is also how a string is made of two iterators.
CONFORMANCE_CASE(Dequeue, QueuesCanBeGivenInEveryForm, Shows("D1", "D11")) {
  const DequeueOptions many = {.max_messages = 10};
  const Texts names = {"a", "b"};
  const std::string a = "a";
  const std::string b = "b";
  const auto put = [&] {
    Put("a", "in a");
    Put("b", "in b");
  };
  const Texts both = {"in a", "in b"};
  EXPECT_FALSE(Must(store().DequeueOne("a")).has_value());

  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue({"a", "b"}, many))), both);
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue({a, b}, many))), both);
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue(names, many))), both);
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue(std::span(names), many))), both);
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue({"a", "b"}))), Texts{"in a"});
  EXPECT_EQ(TextsOf(Must(store().Dequeue({"b"}))), Texts{"in b"});
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue({"a"}, many))), Texts{"in a"});
  EXPECT_EQ(TextsOf(Must(store().Dequeue("b", many))), Texts{"in b"});
  put();
  EXPECT_EQ(TextsOf(Must(store().Dequeue(a))), Texts{"in a"});
  EXPECT_EQ(TextsOf(Must(store().Dequeue("b"))), Texts{"in b"});
  EXPECT_EQ(Code(store().Dequeue({}, many)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue({})), StatusCode::kInvalidArgument);
}

CONFORMANCE_CASE(Dequeue, QueuesOfAnAsynchronousCallCanBeInBraces,
                 Shows("D10").Needs(Part::kAsynchronous)) {
  Put("a", "in a");
  Put("b", "in b");
  const Answer<Deliveries> taken([&](const DequeueCallback& callback) {
    store().DequeueAsync({"a", "b"}, {.max_messages = 10}, callback);
  });
  EXPECT_EQ(TextsOf(Must(taken.Get())), (Texts{"in a", "in b"}));
}

CONFORMANCE_CASE(Dequeue, ACallTakesAsManyAsItMay, Shows("D2")) {
  for (int i = 0; i < 10; ++i) {
    Batch batch(std::vector<Operation>(500, tandem::Enqueue{kQueue, "x", {}}));
    Commit(std::move(batch), {tandem::Durability::kBuffered, {}});
  }
  EXPECT_EQ(Take(kQueue, {.max_messages = 700}).size(), 700U);
  EXPECT_EQ(Take(kQueue, {.max_messages = 10'000}).size(), 4096U);
  EXPECT_EQ(Take(kQueue, {.max_messages = 10'000}).size(), 5000U - 700U - 4096U);
}

CONFORMANCE_CASE(Dequeue, TheLongestDurationsAreForever, Shows("D13")) {
  constexpr std::chrono::hours kForever = std::chrono::hours::max();
  const auto later = [&] { clock().Advance(1'000'000 * kHour); };

  Put(kQueue, "never visible", {.delay = kForever, .key = "k"});
  later();
  EXPECT_TRUE(Take(kQueue).empty());
  EXPECT_TRUE(Cancel(kQueue, "k"));

  auto waiter = BlockedTake({kQueue}, {.lease = kForever, .wait = kForever});
  later();
  EXPECT_FALSE(IsReady(waiter));
  Put(kQueue, "x");
  const Deliveries held = waiter.get();
  ASSERT_EQ(TextsOf(held), Texts{"x"});
  later();
  EXPECT_TRUE(Take(kQueue).empty()) << "the lease holds";
  EXPECT_EQ(Must(store().Renew(held[0].lock_token, kForever)), kNever);

  Abandon(held[0].lock_token, {.delay = kForever});
  Put(kQueue, "member", {.group = "g"});
  Abandon(TakeOne(kQueue, {.lease = kSecond}).lock_token, {.delay = kForever});
  later();
  EXPECT_TRUE(Take(kQueue).empty());
}

CONFORMANCE_CASE(Dequeue, TheShortestDurationsAreNegative, Shows("Q4", "D11", "L7")) {
  constexpr std::chrono::hours kShortest = std::chrono::hours::min();
  EXPECT_EQ(Code(store().Enqueue(kQueue, "x", {.delay = kShortest})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue(kQueue, {.lease = kShortest})), StatusCode::kInvalidArgument);
  EXPECT_TRUE(Must(store().Dequeue(kQueue, {.wait = kShortest})).empty());
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue);
  EXPECT_EQ(Code(store().Renew(held.lock_token, kShortest)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Abandon(held.lock_token, {.delay = kShortest})),
            StatusCode::kInvalidArgument);
  Ack(held.lock_token);
}

CONFORMANCE_CASE(Dequeue, AGroupAndTheOthersShareOneOrder, Shows("D1", "D3")) {
  PutIn("", "1");
  PutIn("g", "2");
  PutIn("", "3");
  PutIn("h", "4");
  for (const std::string& payload : Numbered("", 4)) EXPECT_EQ(TakeOne(kQueue).payload, payload);
}

CONFORMANCE_CASE(Dequeue, EachMessageHasATokenOfItsOwn, Shows("D2")) {
  for (const std::string& payload : Numbered("", 10)) Put(kQueue, payload);
  std::set<LockToken> tokens;
  const Deliveries all = Drain(kQueue);
  for (const Delivery& delivery : all) tokens.insert(delivery.lock_token);
  EXPECT_EQ(tokens.size(), 10U);
  Ack(all[3].lock_token);
  clock().Advance(kHour);
  EXPECT_EQ(Drain(kQueue).size(), 9U);
}

CONFORMANCE_CASE(Dequeue, MaxMessagesLimitsACall, Shows("D2")) {
  for (const std::string& payload : Numbered("", 5)) Put(kQueue, payload);
  EXPECT_EQ(TakeTexts(kQueue), Texts{"1"}) << "one is the default";
  EXPECT_LE(Take(kQueue, {.max_messages = 3}).size(), 3U);
  EXPECT_LE(Drain(kQueue).size(), 3U);
}

CONFORMANCE_CASE(Dequeue, MaxBytesLimitsACallThatDeliversOne, Shows("D2")) {
  for (const std::string payload : {"12345", "12345", "1234567890", "1"}) Put(kQueue, payload);
  std::size_t bytes = 0;
  for (const std::string& text : TakeTexts(kQueue, {.max_messages = 9, .max_bytes = 10})) {
    bytes += text.size();
  }
  EXPECT_GT(bytes, 0U);
  EXPECT_LE(bytes, 10U);
  Put("large", "1234567890");
  EXPECT_EQ(TakeOne("large", {.max_messages = 9, .max_bytes = 1}).payload, "1234567890");
}

CONFORMANCE_CASE(Dequeue, WhereNothingIsNothingIsDelivered, Shows("D7")) {
  EXPECT_TRUE(Take("unknown").empty());
  Put(kQueue, "later", {.delay = kHour});
  EXPECT_TRUE(Take(kQueue).empty());
  EXPECT_TRUE(TakeFrom({kQueue, "unknown"}).empty());
  Put("emptied", "x");
  Ack(TakeOne("emptied").lock_token);
  EXPECT_TRUE(Take("emptied").empty());
}

CONFORMANCE_CASE(Dequeue, AQueueThatIsNamedTwiceCountsOnce, Shows("D7")) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  Texts all;
  for (int i = 0; i < 3; ++i) {
    for (const Delivery& delivery : TakeFrom({kQueue, kQueue}, All())) {
      all.push_back(delivery.payload);
    }
  }
  EXPECT_EQ(all, Numbered("", 2));
}

CONFORMANCE_CASE(Dequeue, TheDeliveryCountIsThatOfLeases, Shows("D8", "L5")) {
  Put(kQueue, "x");
  EXPECT_EQ(TakeOne(kQueue, {.lease = kSecond}).delivery_count, 1U);
  clock().Advance(kSecond);
  const Delivery second = TakeOne(kQueue);
  EXPECT_EQ(second.delivery_count, 2U);
  Abandon(second.lock_token);
  const Delivery third = TakeOne(kQueue);
  EXPECT_EQ(third.delivery_count, 3U);
  Abandon(third.lock_token, {.count = false});
  EXPECT_EQ(TakeOne(kQueue).delivery_count, 3U);
}

CONFORMANCE_CASE(Dequeue, TheDeliveryCountHoldsOverReopen, Shows("D8", "L9").Needs(Part::kReopen)) {
  Put(kQueue, "x");
  PutIn("g", "y");
  for (std::uint32_t round = 1; round <= 3; ++round) {
    const Deliveries all = Drain(kQueue);
    ASSERT_EQ(TextsOf(all), (Texts{"x", "y"}));
    EXPECT_EQ(all[0].delivery_count, round);
    EXPECT_EQ(all[1].delivery_count, round);
    Reopen();
  }
}

CONFORMANCE_CASE(Dequeue, ADequeueThatIsWrongIsRefused, Shows("D11")) {
  using std::chrono::milliseconds;
  const Texts none;
  const Texts many(kDequeueQueuesMax + 1, kQueue);
  EXPECT_EQ(Code(store().Dequeue(none, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue(many, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue(kQueue, {.max_messages = 0})), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue(kQueue, {.max_groups = 0})), StatusCode::kInvalidArgument);
  for (const milliseconds lease : {milliseconds(0), milliseconds(-1)}) {
    EXPECT_EQ(Code(store().Dequeue(kQueue, {.lease = lease})), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Code(store().Dequeue("")), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().Dequeue(std::string(kNameBytesMax + 1, 'q'))), StatusCode::kTooLarge);
}

CONFORMANCE_CASE(Dequeue, AsManyQueuesAsAllowedAreSearched, Shows("D11", "D1")) {
  const Texts queues = Numbered("q", static_cast<int>(kDequeueQueuesMax));
  for (const std::string& queue : queues) Put(queue, queue);
  Texts all;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    for (const Delivery& delivery : TakeFrom(queues)) all.push_back(delivery.payload);
  }
  EXPECT_EQ(all, queues);
}

}  // namespace
}  // namespace tandem::conformance
