// Waiting for messages: what ends a wait, and that nobody sleeps while a message waits (D9, D10,
// D12). A case that hangs has found a wake-up that was lost.

#include <array>
#include <atomic>
#include <future>
#include <random>
#include <semaphore>
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

  // So many calls that wait on kQueue for as long. Each says when it has taken something.
  static constexpr std::size_t kWaiters = 6;
  void StartWaiters() {
    for (std::size_t i = 0; i < kWaiters; ++i) {
      waiters_.push_back(Blocked(
          [this] {
            Deliveries deliveries = Take(kQueue, Long());
            if (!deliveries.empty()) taken_.release();
            return deliveries;
          },
          i));
    }
  }
  // As many of them take one message each; the others wait to their end.
  void ExpectTakenByExactly(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) taken_.acquire();
    clock().Advance(kHour);
    std::size_t with_one = 0;
    for (auto& waiter : waiters_) {
      const Deliveries deliveries = waiter.get();
      EXPECT_LE(deliveries.size(), 1U);
      with_one += deliveries.size();
    }
    EXPECT_EQ(with_one, count);
  }

 private:
  std::counting_semaphore<> taken_{0};
  std::vector<std::future<Deliveries>> waiters_;
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

CONFORMANCE_CASE(Waiting, OfTwoLeasesTheOneThatEndsFirstEndsAWait, Shows("D9")) {
  Put(kQueue, "1");
  Put(kQueue, "2");
  TakeOne(kQueue, {.lease = kHour});
  TakeOne(kQueue, {.lease = kSecond});
  auto waiter = Waiter();
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"2"});
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

CONFORMANCE_CASE(Waiting, SingleMessagesEndAsManyWaits, Shows("D12")) {
  StartWaiters();
  for (const std::string& payload : Numbered("", 4)) Put(kQueue, payload);
  ExpectTakenByExactly(4);
}

CONFORMANCE_CASE(Waiting, ABatchOfMessagesEndsAsManyWaits, Shows("D12")) {
  StartWaiters();
  Batch batch;
  for (int i = 0; i < 4; ++i) {
    batch.Add(Enqueue{kQueue, "x", {.group = i % 2 == 0 ? "" : "g" + std::to_string(i)}});
  }
  Commit(std::move(batch));
  ExpectTakenByExactly(4);
}

CONFORMANCE_CASE(Waiting, GroupsEndAsManyWaits, Shows("D12", "D4")) {
  StartWaiters();
  Batch batch;
  for (int i = 0; i < 8; ++i) {
    batch.Add(Enqueue{kQueue, "x", {.group = "g" + std::to_string(i % 4)}});
  }
  Commit(std::move(batch));
  ExpectTakenByExactly(4);
}

CONFORMANCE_CASE(Waiting, ATimeAtWhichSeveralAreVisibleEndsAsManyWaits, Shows("D12")) {
  for (int i = 0; i < 4; ++i) Put(kQueue, "x", {.delay = kSecond});
  StartWaiters();
  clock().Advance(kSecond);
  ExpectTakenByExactly(4);
}

CONFORMANCE_CASE(Waiting, LeasesThatEndTogetherEndAsManyWaits, Shows("D12", "L4")) {
  for (int i = 0; i < 4; ++i) Put(kQueue, "x");
  ASSERT_EQ(Take(kQueue, {.lease = kSecond, .max_messages = 4}).size(), 4U);
  StartWaiters();
  clock().Advance(kSecond);
  ExpectTakenByExactly(4);
}

// However a provider watches the time for those who wait: whoever leaves takes no wake-up along.
CONFORMANCE_CASE(Waiting, ATimeIsNotMissedWhenOthersStopWaitingForIt, Shows("D9", "D12")) {
  Put(kQueue, "x", {.delay = kMinute});
  std::stop_source stop;
  DequeueOptions stopped = Long();
  stopped.stop = stop.get_token();
  auto first = BlockedTake({kQueue}, stopped);
  auto second = BlockedTake({kQueue}, {.wait = kSecond}, 1);
  auto last = BlockedTake({kQueue}, Long(), 2);
  stop.request_stop();
  EXPECT_TRUE(first.get().empty());
  clock().Advance(kSecond);
  EXPECT_TRUE(second.get().empty());
  clock().Advance(kMinute);
  EXPECT_EQ(TextsOf(last.get()), Texts{"x"});
}

CONFORMANCE_CASE(Waiting, EachQueueIsWatchedForItsTime, Shows("D9", "D12")) {
  Put("a", "in a", {.delay = 2 * kSecond});
  Put("b", "in b", {.delay = kSecond});
  auto on_a = BlockedTake({"a"}, Long());
  auto on_both = BlockedTake({"a", "b"}, Long(), 1);
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(on_both.get()), Texts{"in b"});
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(on_a.get()), Texts{"in a"});
}

CONFORMANCE_CASE(Waiting, AQueueThatIsNamedTwiceIsWaitedForOnce, Shows("D12", "D7")) {
  auto twice = BlockedTake({kQueue, kQueue}, Long());
  auto once = BlockedTake({kQueue}, Long(), 1);
  Put(kQueue, "1");
  Put(kQueue, "2");
  std::set<std::string> all;
  for (auto* waiter : {&twice, &once}) {
    for (const Delivery& delivery : waiter->get()) all.insert(delivery.payload);
  }
  EXPECT_EQ(all, (std::set<std::string>{"1", "2"}));
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

// One call in five gives up what it has taken.
CONFORMANCE_CASE(Waiting, AGroupHasOneHolderAndStaysInOrder, Shows("D12", "D3", "D4", "L5")) {
  constexpr std::size_t kGroups = 4;
  constexpr int kPerGroup = 80;
  std::array<std::atomic<bool>, kGroups> held = {};
  std::array<std::atomic<int>, kGroups> next = {};
  std::atomic<std::size_t> done_groups = 0;
  std::stop_source stop;
  std::vector<std::future<void>> consumers;
  for (std::size_t consumer = 0; consumer < 5; ++consumer) {
    consumers.push_back(std::async(std::launch::async, [&, consumer] {
      DequeueOptions options = Long();
      options.max_messages = 1 + consumer;
      options.stop = stop.get_token();
      for (unsigned turn = 0; done_groups < kGroups; ++turn) {
        const Deliveries members = Take(kQueue, options);
        if (members.empty()) continue;
        const LockToken& token = members.front().lock_token;
        const auto group = static_cast<std::size_t>(members.front().group[0] - 'a');
        ASSERT_FALSE(held[group].exchange(true)) << "two holders";
        int expected = next[group];
        for (const Delivery& member : members) {
          ASSERT_EQ(member.lock_token, token);
          ASSERT_EQ(member.payload, std::to_string(expected++));
        }
        const bool give_up = turn % 5 == 4;
        if (!give_up) next[group] = expected;
        held[group] = false;  // before the lease ends
        give_up ? Abandon(token) : Ack(token);
        if (!give_up && expected == kPerGroup && ++done_groups == kGroups) stop.request_stop();
      }
    }));
  }
  for (int i = 0; i < kPerGroup; ++i) {
    for (std::size_t group = 0; group < kGroups; ++group) {
      Put(kQueue, std::to_string(i),
          {.group = std::string(1, static_cast<char>('a' + group)),
           .durability = i % 2 == 0 ? Durability::kSync : Durability::kBuffered});
    }
  }
  for (auto& consumer : consumers) consumer.get();
  for (const auto& count : next) EXPECT_EQ(count, kPerGroup);
  EXPECT_TRUE(Take(kQueue).empty());
}

// Producers and consumers on three queues, with groups, abandons and a consumer that polls. The
// clock stands still: only wake-ups let the case end.
CONFORMANCE_CASE(Waiting, NoWakeUpIsLostUnderStress, Shows("D9", "D12")) {
  constexpr unsigned kProducers = 3;
  constexpr unsigned kConsumers = 6;
  constexpr int kPerProducer = 150;
  constexpr int kMessages = kProducers * kPerProducer;
  const Texts queues = {"a", "b", "c"};
  std::stop_source all_done;
  std::atomic<int> acked = 0;
  std::vector<std::future<void>> threads;
  for (unsigned producer = 0; producer < kProducers; ++producer) {
    threads.push_back(std::async(std::launch::async, [&, producer] {
      std::mt19937 random(producer);
      for (int put = 0; put < kPerProducer;) {
        Batch batch;
        for (auto i = 1 + random() % 3; i > 0 && put < kPerProducer; --i, ++put) {
          EnqueueOptions options;
          if (random() % 2 == 0) options.group = std::to_string(random() % 4);
          batch.Add(Enqueue{queues[random() % 3], std::string(1 + random() % 9, 'x'), options});
        }
        Commit(std::move(batch),
               {random() % 2 == 0 ? Durability::kSync : Durability::kBuffered, {}});
      }
    }));
  }
  for (unsigned consumer = 0; consumer < kConsumers; ++consumer) {
    threads.push_back(std::async(std::launch::async, [&, consumer] {
      std::mt19937 random(1000 + consumer);
      while (acked < kMessages) {
        DequeueOptions options = Long();
        options.max_messages = 1 + random() % 4;
        options.max_bytes = random() % 20;
        options.stop = all_done.get_token();
        // The last one polls from time to time, and so takes from those who wait.
        if (consumer == kConsumers - 1 && random() % 2 == 0) options.wait = {};
        Texts mine = {queues[consumer % 3]};
        if (random() % 2 == 0) mine.push_back(queues[random() % 3]);
        LockToken last;
        for (const Delivery& delivery : TakeFrom(mine, options)) {
          if (delivery.lock_token == last) {
            ++acked;  // of a group, whose token is acked already
            continue;
          }
          const bool give_up = delivery.delivery_count < 3 && random() % 4 == 0;
          give_up ? Abandon(delivery.lock_token) : Ack(delivery.lock_token);
          if (give_up && !delivery.group.empty()) break;
          if (!give_up) ++acked;
          last = delivery.lock_token;
        }
        if (acked >= kMessages) all_done.request_stop();
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  EXPECT_EQ(acked, kMessages);
  for (const std::string& queue : queues) EXPECT_TRUE(Take(queue).empty());
}

}  // namespace
}  // namespace tandem::conformance
