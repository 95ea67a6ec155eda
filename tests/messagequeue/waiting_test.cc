// A blocking Dequeue: what wakes it, how many are woken, and that no wake-up is lost. A test that
// hangs has found a lost one.

#include <atomic>
#include <future>
#include <memory>
#include <random>
#include <semaphore>
#include <string>
#include <thread>

#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

using std::chrono::hours;

class WaitingTest : public testing::QueueTest {
 protected:
  using Deliveries = std::vector<Delivery>;

  std::future<Deliveries> TakeInBackground(std::vector<std::string> queues,
                                           DequeueOptions options) {
    return std::async(std::launch::async, [this, queues = std::move(queues), options] {
      Deliveries deliveries = TakeFrom(queues, options);
      if (!deliveries.empty()) taken_.release();
      return deliveries;
    });
  }
  std::future<Deliveries> TakeInBackground(const std::string& queue) {
    return TakeInBackground({queue}, {.lease = hours(100), .wait = hours(1)});
  }

  // Returns when `count` calls in the background have taken something.
  void AwaitTaken(int count) {
    for (int i = 0; i < count; ++i) taken_.acquire();
  }

  std::counting_semaphore<> taken_{0};
};

TEST_F(WaitingTest, AnEnqueueWakesAWaiter) {
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  Put("work", "job");
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"job"});
}

TEST_F(WaitingTest, AnEnqueueElsewhereDoesNot) {
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  Put("other", "job");
  Put("work", "later", {.delay = hours(2)});
  EXPECT_EQ(waiter.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  clock_.Advance(hours(1));
  EXPECT_TRUE(waiter.get().empty());
}

TEST_F(WaitingTest, AWaiterOnSeveralQueuesIsWokenByEach) {
  for (const std::string queue : {"a", "b", "c"}) {
    auto waiter = TakeInBackground({"a", "b", "c"}, {.wait = hours(1)});
    clock_.AwaitWaiters(1);
    Put(queue, queue);
    EXPECT_EQ(TextsOf(waiter.get()), Texts{queue});
  }
}

TEST_F(WaitingTest, TheTimeOfVisibilityWakesAWaiter) {
  Put("work", "job", {.delay = kSecond});
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"job"});
}

TEST_F(WaitingTest, ADelayedMessageThatArrivesDuringTheWaitIsWaitedFor) {
  Put("work", "latest", {.delay = kMinute});
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  Put("work", "later", {.delay = kSecond * 2});
  Put("work", "sooner", {.delay = kSecond});
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"sooner"});
}

TEST_F(WaitingTest, TheEndOfALeaseWakesAWaiter) {
  Put("work", "job");
  TakeOne("work", {.lease = kSecond});
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  clock_.Advance(kSecond);
  const Deliveries deliveries = waiter.get();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].delivery_count, 2U);
}

TEST_F(WaitingTest, ALeaseThatIsTakenDuringTheWaitIsWatched) {
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  Put("work", "1", {.delay = kSecond});
  Put("work", "2", {.delay = kSecond});
  clock_.Advance(kSecond);
  const Deliveries first = waiter.get();
  ASSERT_EQ(first.size(), 1U);
  auto second = TakeInBackground({"work"}, {.lease = kSecond, .wait = hours(1)});
  ASSERT_EQ(second.get().size(), 1U);
  auto third = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOf(third.get()), Texts{"2"}) << "the shorter lease ends first";
}

TEST_F(WaitingTest, ARenewedLeaseIsWaitedForLonger) {
  Put("work", "job");
  const Delivery held = TakeOne("work", {.lease = kSecond});
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  ASSERT_TRUE(store_->Renew(held.lock_token, kSecond * 10).ok());
  clock_.Advance(kSecond * 5);
  EXPECT_TRUE(store_->Renew(held.lock_token, kSecond).ok()) << "nobody has taken it";
  clock_.Advance(kSecond * 5);
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"job"});
}

TEST_F(WaitingTest, AnAbandonWakesAWaiter) {
  for (const std::string group : {"", "g"}) {
    Put("work", "job", {.group = group});
    const Delivery held = TakeOne("work");
    auto waiter = TakeInBackground("work");
    clock_.AwaitWaiters(1);
    ASSERT_TRUE(store_->Abandon(held.lock_token).ok());
    const Deliveries deliveries = waiter.get();
    ASSERT_EQ(deliveries.size(), 1U);
    ASSERT_TRUE(store_->Ack(deliveries[0].lock_token).ok());
  }
}

TEST_F(WaitingTest, AnAckOfAGroupWakesAWaiterForTheRest) {
  Put("work", "1", {.group = "g"});
  Put("work", "2", {.group = "g"});
  const Delivery held = TakeOne("work");
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  ASSERT_TRUE(store_->Ack(held.lock_token).ok());
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"2"});
}

TEST_F(WaitingTest, ACancelInALeasedGroupWakesAWaiterForTheOthers) {
  Put("work", "1", {.group = "g", .key = "k"});
  Put("work", "2", {.group = "g"});
  ASSERT_EQ(Take("work", {.max_messages = 2}).size(), 2U);
  auto waiter = TakeInBackground("work");
  clock_.AwaitWaiters(1);
  ASSERT_TRUE(store_->AtomicBatch({CancelMessage{"work", "k"}}).ok());
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"2"});
}

TEST_F(WaitingTest, StopEndsAWait) {
  std::stop_source stop;
  auto waiter = TakeInBackground({"work"}, {.wait = hours(1), .stop = stop.get_token()});
  clock_.AwaitWaiters(1);
  stop.request_stop();
  EXPECT_TRUE(waiter.get().empty());
}

TEST_F(WaitingTest, AStopThatCameBeforeStillTakesWhatIsReady) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(Take("work", {.wait = hours(1), .stop = stop.get_token()}).empty());
  Put("work", "job");
  EXPECT_EQ(Take("work", {.wait = hours(1), .stop = stop.get_token()}).size(), 1U);
}

TEST_F(WaitingTest, AWaitForTheLongestTimeIsAWait) {
  auto waiter = TakeInBackground({"work"}, {.wait = std::chrono::milliseconds::max()});
  clock_.AwaitWaiters(1);
  clock_.Advance(hours(24));
  Put("work", "job");
  EXPECT_EQ(TextsOf(waiter.get()), Texts{"job"});
}

// Whatever makes messages ready: as many waiters return as there are messages, the others wait on.
class OneWaiterPerMessageTest : public WaitingTest {
 protected:
  static constexpr int kWaiters = 8;

  void StartWaiters() {
    for (int i = 0; i < kWaiters; ++i) waiters_.push_back(TakeInBackground("work"));
    clock_.AwaitWaiters(kWaiters);
  }

  void ExpectTakenByExactly(int count) {
    AwaitTaken(count);
    clock_.Advance(hours(1));
    int returned_with_one = 0;
    for (auto& waiter : waiters_) {
      const Deliveries deliveries = waiter.get();
      EXPECT_LE(deliveries.size(), 1U);
      returned_with_one += deliveries.size() == 1 ? 1 : 0;
    }
    EXPECT_EQ(returned_with_one, count);
  }

  std::vector<std::future<Deliveries>> waiters_;
};

TEST_F(OneWaiterPerMessageTest, ForSingleEnqueues) {
  StartWaiters();
  for (int i = 0; i < 5; ++i) Put("work", std::to_string(i));
  ExpectTakenByExactly(5);
}

TEST_F(OneWaiterPerMessageTest, ForABatch) {
  StartWaiters();
  Batch batch(std::vector<Operation>(5, Enqueue{"work", "x", {}}));
  ASSERT_TRUE(store_->AtomicBatch(batch).ok());
  ExpectTakenByExactly(5);
}

TEST_F(OneWaiterPerMessageTest, ForGroups) {
  StartWaiters();
  Batch batch;
  for (int i = 0; i < 10; ++i) {
    batch.Add(Enqueue{"work", "x", {.group = std::string(1, static_cast<char>('a' + i % 5))}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  AwaitTaken(5);
  clock_.Advance(std::chrono::seconds(1));  // the rest of each group is hidden, no lease has ended
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(hours(1));
  for (auto& waiter : waiters_) waiter.get();
}

TEST_F(OneWaiterPerMessageTest, ForATimeAtWhichSeveralBecomeVisible) {
  for (int i = 0; i < 5; ++i) Put("work", "x", {.delay = kSecond});
  StartWaiters();
  clock_.Advance(kSecond);
  ExpectTakenByExactly(5);
}

TEST_F(OneWaiterPerMessageTest, ForSeveralLeasesThatEndTogether) {
  for (int i = 0; i < 5; ++i) Put("work", "x");
  ASSERT_EQ(Take("work", {.lease = kSecond, .max_messages = 5}).size(), 5U);
  StartWaiters();
  clock_.Advance(kSecond);
  AwaitTaken(5);
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(hours(1));
  for (auto& waiter : waiters_) waiter.get();
}

TEST_F(WaitingTest, WhenTheWatcherOfTheTimeLeavesAnotherWatches) {
  Put("work", "job", {.delay = kMinute});
  std::stop_source stop;
  auto stopped = TakeInBackground({"work"}, {.wait = hours(1), .stop = stop.get_token()});
  clock_.AwaitWaiters(1);
  auto timed_out = TakeInBackground({"work"}, {.wait = kSecond});
  clock_.AwaitWaiters(2);
  auto last = TakeInBackground("work");
  clock_.AwaitWaiters(3);
  stop.request_stop();
  EXPECT_TRUE(stopped.get().empty());
  clock_.Advance(kSecond);
  EXPECT_TRUE(timed_out.get().empty());
  clock_.Advance(kMinute);
  EXPECT_EQ(TextsOf(last.get()), Texts{"job"});
}

TEST_F(WaitingTest, EachQueueHasItsWatcherOfTheTime) {
  Put("a", "in a", {.delay = kSecond * 2});
  Put("b", "in b", {.delay = kSecond});
  auto on_a = TakeInBackground("a");
  clock_.AwaitWaiters(1);
  auto on_both = TakeInBackground({"a", "b"}, {.lease = hours(100), .wait = hours(1)});
  clock_.AwaitWaiters(2);
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOf(on_both.get()), Texts{"in b"});
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOf(on_a.get()), Texts{"in a"});
}

TEST_F(WaitingTest, AQueueNamedTwiceIsWaitedForOnce) {
  auto twice = TakeInBackground({"work", "work"}, {.wait = hours(1)});
  clock_.AwaitWaiters(1);
  auto once = TakeInBackground("work");
  clock_.AwaitWaiters(2);
  Put("work", "1");
  EXPECT_EQ(TextsOf(twice.get()), Texts{"1"});
  Put("work", "2");
  EXPECT_EQ(TextsOf(once.get()), Texts{"2"});
}

// One of two waiters is stopped at the moment that a message arrives: whoever of the two was woken
// for it, one of them takes it.
TEST_F(WaitingTest, AStoppedWaiterHandsOnWhatItWasWokenFor) {
  for (int round = 0; round < 150; ++round) {
    std::stop_source stop;
    auto first = TakeInBackground({"work"}, {.wait = hours(1), .stop = stop.get_token()});
    clock_.AwaitWaiters(1);
    std::stop_source end;
    auto second = TakeInBackground({"work"}, {.wait = hours(1), .stop = end.get_token()});
    clock_.AwaitWaiters(2);
    std::jthread stopper([&stop] { stop.request_stop(); });
    Put("work", "job", {.durability = Durability::kBuffered});
    AwaitTaken(1);
    end.request_stop();
    const Deliveries a = first.get();
    const Deliveries b = second.get();
    ASSERT_EQ(a.size() + b.size(), 1U) << "round " << round;
    ASSERT_TRUE(store_->Ack((a.empty() ? b : a).front().lock_token).ok());
  }
}

// Producers and consumers on three queues, with groups, abandons and polling consumers in between.
// The clock stands still: only wake-ups let it end.
TEST_F(WaitingTest, NoWakeUpIsLostUnderStress) {
  constexpr int kProducers = 3;
  constexpr int kConsumers = 6;
  constexpr int kPerProducer = 150;
  constexpr int kMessages = kProducers * kPerProducer;
  const std::vector<std::string> queues = {"a", "b", "c"};
  std::stop_source all_done;
  std::atomic<int> acked = 0;
  std::vector<std::jthread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&, producer] {
      std::mt19937 random(static_cast<unsigned>(producer));
      int put = 0;
      while (put < kPerProducer) {
        Batch batch;
        for (auto i = 1 + random() % 3; i > 0 && put < kPerProducer; --i, ++put) {
          EnqueueOptions options;
          if (random() % 2 == 0) options.group = std::to_string(random() % 4);
          batch.Add(Enqueue{queues[random() % 3], std::string(1 + random() % 9, 'x'), options});
        }
        const auto done = store_->AtomicBatch(
            std::move(batch), {random() % 2 == 0 ? Durability::kSync : Durability::kBuffered});
        ASSERT_TRUE(done.ok()) << done.status();
      }
    });
  }
  for (int consumer = 0; consumer < kConsumers; ++consumer) {
    threads.emplace_back([&, consumer] {
      std::mt19937 random(static_cast<unsigned>(1000 + consumer));
      while (acked < kMessages) {
        DequeueOptions options{.lease = hours(100),
                               .max_messages = 1 + random() % 4,
                               .max_bytes = random() % 20,
                               .wait = hours(1),
                               .stop = all_done.get_token()};
        // The last one polls from time to time, and so takes from the waiting ones.
        if (consumer == kConsumers - 1 && random() % 2 == 0) options.wait = hours(0);
        std::vector<std::string> mine = {queues[static_cast<std::size_t>(consumer) % 3]};
        if (random() % 2 == 0) mine.push_back(queues[random() % 3]);
        const auto deliveries = store_->Dequeue(mine, options);
        ASSERT_TRUE(deliveries.ok()) << deliveries.status();
        LockToken last;
        for (const Delivery& delivery : *deliveries) {
          if (delivery.lock_token == last) {
            ++acked;  // of a group, whose token is acked already
            continue;
          }
          const bool give_up = delivery.delivery_count < 3 && random() % 4 == 0;
          const Status status =
              give_up ? store_->Abandon(delivery.lock_token) : store_->Ack(delivery.lock_token);
          ASSERT_TRUE(status.ok()) << status;
          if (give_up && !delivery.group.empty()) break;
          if (!give_up) ++acked;
          last = delivery.lock_token;
        }
        if (acked >= kMessages) all_done.request_stop();
      }
    });
  }
  threads.clear();  // joins
  EXPECT_EQ(acked, kMessages);
  for (const std::string& queue : queues) EXPECT_TRUE(Take(queue).empty());
}

}  // namespace
}  // namespace tandem
