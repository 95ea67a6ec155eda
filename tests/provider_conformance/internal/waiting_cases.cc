// Waiting for messages: what ends a wait, and that nobody sleeps while a message waits (D9, D10,
// D12). A case that hangs has found a wake-up that was lost.

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Waiting)

namespace {

class WaitingTest : public ConformanceTest {
 protected:
  // Waits for longer than any case lasts, and then holds as long.
  static DequeueOptions Long() { return {.lease = 1000 * kHour, .wait = kHour}; }

  std::future<Deliveries> Waiter(const Texts& queues = {kQueue}) {
    return BlockedTake(queues, Long());
  }
};

CONFORMANCE_CASE(Waiting, AnEnqueueEndsAWait, Shows("D9")) {
  auto waiter = Waiter();
  Put("other", "no");
  Put(kQueue, "later", {.delay = kMinute});
  EXPECT_FALSE(IsReady(waiter));
  Put(kQueue, "yes");
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"yes"});
}

CONFORMANCE_CASE(Waiting, EachOfItsQueuesEndsAWait, Shows("D9")) {
  for (const std::string queue : {"a", "b", "c"}) {
    auto waiter = Waiter({"a", "b", "c"});
    Put(queue, queue);
    EXPECT_EQ(TextsOf(waiter.get()), Texts{queue});
  }
}

CONFORMANCE_CASE(Waiting, WhatIsReadyIsDeliveredAtOnce, Shows("D9")) {
  Put(kQueue, "x");
  EXPECT_EQ(TextsOf(Take(kQueue, Long())), Texts{"x"});
}

CONFORMANCE_CASE(Waiting, TheTimeOfVisibilityEndsAWait, Shows("D9")) {
  Put(kQueue, "latest", {.delay = kMinute});
  auto waiter = Waiter();
  Put(kQueue, "later", {.delay = 2 * kSecond});
  Put(kQueue, "sooner", {.delay = kSecond});
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"sooner"});
}

CONFORMANCE_CASE(Waiting, TheEndOfALeaseEndsAWait, Shows("D9")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    TakeOne(kQueue, {.lease = kSecond});
    auto waiter = Waiter();
    clock().Advance(kSecond);
    const Deliveries deliveries = waiter.get();
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].delivery_count, 2U);
  }
}

CONFORMANCE_CASE(Waiting, ARenewedLeaseIsWaitedForLonger, Shows("D9", "L7")) {
  Put(kQueue, "x");
  const Delivery held = TakeOne(kQueue, {.lease = kSecond});
  auto waiter = Waiter();
  Must(store().Renew(held.lock_token, 10 * kSecond));
  clock().Advance(5 * kSecond);
  Must(store().Renew(held.lock_token, kSecond));
  EXPECT_FALSE(IsReady(waiter));
  clock().Advance(5 * kSecond);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"x"});
}

CONFORMANCE_CASE(Waiting, AnAbandonEndsAWait, Shows("D9")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const Delivery held = TakeOne(kQueue);
    auto waiter = Waiter();
    Abandon(held.lock_token);
    EXPECT_EQ(TextsOf(waiter.get()), Texts{"x"});
  }
}

CONFORMANCE_CASE(Waiting, TheEndOfADelayAfterAnAbandonEndsAWait, Shows("D9", "L6")) {
  for (const std::string group : {"", "g"}) {
    PutIn(group, "x");
    const Delivery held = TakeOne(kQueue);
    auto waiter = Waiter();
    Abandon(held.lock_token, {.delay = kSecond});
    clock().Advance(kSecond);
    EXPECT_EQ(TextsOf(waiter.get()), Texts{"x"});
  }
}

CONFORMANCE_CASE(Waiting, AnAckLetsTheRestOfTheGroupEndAWait, Shows("D9", "D4")) {
  PutIn("g", "1");
  PutIn("g", "2");
  const Delivery held = TakeOne(kQueue);
  auto waiter = Waiter();
  Ack(held.lock_token);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"2"});
}

CONFORMANCE_CASE(Waiting, ACancelInALeasedGroupEndsAWait, Shows("D9", "C2")) {
  Put(kQueue, "1", {.group = "g", .key = "k"});
  PutIn("g", "2");
  Take(kQueue, All());
  auto waiter = Waiter();
  EXPECT_TRUE(Cancel(kQueue, "k"));
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"2"});
}

CONFORMANCE_CASE(Waiting, AWaitEndsWithItsTime, Shows("D9")) {
  auto waiter = BlockedTake({kQueue}, {.wait = kSecond});
  clock().Advance(kSecond - kMicrosecond);
  EXPECT_FALSE(IsReady(waiter));
  clock().Advance(kMicrosecond);
  EXPECT_TRUE(waiter.get().empty());
}

CONFORMANCE_CASE(Waiting, AStopEndsAWaitButTakesWhatIsReady, Shows("D9")) {
  std::stop_source stop;
  DequeueOptions options = Long();
  options.stop = stop.get_token();
  auto waiter = BlockedTake({kQueue}, options);
  stop.request_stop();
  EXPECT_TRUE(waiter.get().empty());
  EXPECT_TRUE(Take(kQueue, options).empty());
  Put(kQueue, "x");
  EXPECT_EQ(TextsOf(Take(kQueue, options)), Texts{"x"});
}

CONFORMANCE_CASE(Waiting, EachMessageEndsOneWait, Shows("D12")) {
  constexpr std::size_t kWaiters = 6;
  std::vector<std::future<Deliveries>> waiters;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiters.push_back(BlockedTake({kQueue}, Long(), i));
  }
  for (const std::string& payload : Numbered("", kWaiters)) Put(kQueue, payload);
  std::set<std::string> all;
  for (auto& waiter : waiters) {
    const Deliveries deliveries = waiter.get();
    ASSERT_EQ(deliveries.size(), 1U);
    all.insert(deliveries[0].payload);
  }
  EXPECT_EQ(all.size(), kWaiters);
}

CONFORMANCE_CASE(Waiting, ABatchOfMessagesEndsAsManyWaits, Shows("D12")) {
  constexpr std::size_t kWaiters = 4;
  std::vector<std::future<Deliveries>> waiters;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiters.push_back(BlockedTake({kQueue}, Long(), i));
  }
  Batch batch;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    batch.Add(Enqueue{kQueue, "x", {.group = i % 2 == 0 ? "" : "g" + std::to_string(i)}});
  }
  Commit(std::move(batch));
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().size(), 1U);
}

CONFORMANCE_CASE(Waiting, AMessageGoesToAnotherWhenAWaiterIsStopped, Shows("D12", "D9")) {
  for (int round = 0; round < 50; ++round) {
    std::stop_source stop;
    DequeueOptions stopped = Long();
    stopped.stop = stop.get_token();
    auto first = BlockedTake({kQueue}, stopped);
    auto second = BlockedTake({kQueue}, Long(), 1);
    auto stopper = std::async(std::launch::async, [&stop] { stop.request_stop(); });
    Put(kQueue, "1");
    if (!first.get().empty()) Put(kQueue, "2");
    EXPECT_EQ(second.get().size(), 1U);
  }
}

CONFORMANCE_CASE(Waiting, ManyConsumersTakeEachMessageOnce, Shows("D12", "L1")) {
  constexpr int kConsumers = 4;
  constexpr int kMessages = 400;
  std::atomic<int> acked = 0;
  std::stop_source stop;
  std::vector<std::future<Texts>> consumers;
  for (int consumer = 0; consumer < kConsumers; ++consumer) {
    consumers.push_back(std::async(std::launch::async, [&] {
      DequeueOptions options{.lease = 1000 * kHour, .max_messages = 3, .wait = kHour};
      options.stop = stop.get_token();
      Texts mine;
      while (acked < kMessages) {
        LockToken last;
        for (const Delivery& delivery : TakeFrom({"a", "b"}, options)) {
          EXPECT_EQ(delivery.delivery_count, 1U);
          mine.push_back(delivery.payload);
          if (delivery.lock_token != last) Ack(delivery.lock_token);
          last = delivery.lock_token;
          if (++acked == kMessages) stop.request_stop();
        }
      }
      return mine;
    }));
  }
  for (int i = 0; i < kMessages; ++i) {
    const std::string group = i % 3 == 0 ? "g" + std::to_string(i % 5) : "";
    Put(i % 2 == 0 ? "a" : "b", std::to_string(i),
        {.group = group, .durability = Durability::kBuffered});
  }
  std::multiset<std::string> all;
  for (auto& consumer : consumers) {
    for (const std::string& payload : consumer.get()) all.insert(payload);
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kMessages));
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), static_cast<std::size_t>(kMessages));
}

CONFORMANCE_CASE(Waiting, AGroupStaysInOrderWithManyConsumers, Shows("D12", "D3", "D4")) {
  constexpr int kMessages = 100;
  std::atomic<int> next = 1;
  std::stop_source stop;
  std::vector<std::future<void>> consumers;
  for (int consumer = 0; consumer < 3; ++consumer) {
    consumers.push_back(std::async(std::launch::async, [&] {
      DequeueOptions options{.lease = 1000 * kHour, .max_messages = 4, .wait = kHour};
      options.stop = stop.get_token();
      while (next <= kMessages) {
        const Deliveries members = Take(kQueue, options);
        for (const Delivery& member : members) {
          EXPECT_EQ(member.payload, std::to_string(next.load()));
          if (next++ == kMessages) stop.request_stop();
        }
        if (!members.empty()) Ack(members.front().lock_token);
      }
    }));
  }
  for (const std::string& payload : Numbered("", kMessages)) PutIn("g", payload);
  for (auto& consumer : consumers) consumer.get();
}

}  // namespace
}  // namespace tandem::conformance
