// DequeueAsync: waiting without a thread. A test that hangs has found a lost wake-up.

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "tandem/tests/messagequeue/queue_fixture.h"
#include "tandem/tests/messagequeue/queue_rig.h"

namespace tandem {
namespace {

using std::chrono::hours;

class AsyncDequeueTest : public testing::QueueTest {
 protected:
  using Answer = Result<std::vector<Delivery>>;

  std::future<Answer> Start(std::vector<std::string> queues, const DequeueOptions& options) {
    auto promise = std::make_shared<std::promise<Answer>>();
    std::future<Answer> answer = promise->get_future();
    store_->DequeueAsync(std::move(queues), options,
                         [promise](Answer result) { promise->set_value(std::move(result)); });
    return answer;
  }
  std::future<Answer> Start(const std::string& queue) {
    return Start({queue}, {.lease = hours(100), .wait = hours(1)});
  }

  static Texts TextsOfAnswer(std::future<Answer> answer) {
    const Answer result = answer.get();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? TextsOf(*result) : Texts();
  }
};

TEST_F(AsyncDequeueTest, TakesWhatIsReady) {
  Put("work", "job");
  EXPECT_EQ(TextsOfAnswer(Start("work")), Texts{"job"});
}

TEST_F(AsyncDequeueTest, WithoutAWaitAnEmptyQueueGivesNothing) {
  EXPECT_EQ(TextsOfAnswer(Start({"work"}, {})), Texts());
}

TEST_F(AsyncDequeueTest, AnEnqueueAnswersIt) {
  auto answer = Start("work");
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  Put("work", "job");
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts{"job"});
}

TEST_F(AsyncDequeueTest, TheTimeOfVisibilityAnswersIt) {
  Put("work", "job", {.delay = kSecond});
  auto answer = Start("work");
  clock_.AwaitWaiters(1);
  clock_.Advance(kSecond);
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts{"job"});
}

TEST_F(AsyncDequeueTest, AMoveToTheDeadLettersAnswersWhoWaitsForThem) {
  Put("work", "bad");
  ASSERT_TRUE(store_->Abandon(TakeOne("work").lock_token).ok());
  auto answer = Start("work/dead");
  EXPECT_TRUE(Take("work", {.max_deliveries = 1}).empty());
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts{"bad"});
}

TEST_F(AsyncDequeueTest, TheEndOfItsWaitAnswersIt) {
  auto answer = Start("work");
  clock_.AwaitWaiters(1);
  clock_.Advance(hours(1));
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts());
}

TEST_F(AsyncDequeueTest, AStopRequestAnswersItEmpty) {
  std::stop_source stop;
  auto answer = Start({"work"}, {.wait = hours(1), .stop = stop.get_token()});
  stop.request_stop();
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts());
}

TEST_F(AsyncDequeueTest, ABadArgumentIsToldByTheCallback) {
  EXPECT_EQ(Start(std::vector<std::string>(), {}).get().status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Start({"work"}, {.max_messages = 0}).get().status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(AsyncDequeueTest, CallsBackOnAnotherThread) {
  Put("work", "job");
  std::promise<std::thread::id> called_on;
  store_->DequeueAsync({"work"}, {}, [&](const Answer& /*result*/) {
    called_on.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(called_on.get_future().get(), std::this_thread::get_id());
}

TEST_F(AsyncDequeueTest, ClosingTheStoreCancelsIt) {
  auto waiting = Start("work");
  auto with_time = Start({"work", "other"}, {.wait = std::chrono::milliseconds::max()});
  store_.reset();
  EXPECT_EQ(waiting.get().status().code(), StatusCode::kCancelled);
  EXPECT_EQ(with_time.get().status().code(), StatusCode::kCancelled);
}

TEST_F(AsyncDequeueTest, WhoIsStoppedHandsOnWhatHeWasWokenFor) {
  for (int round = 0; round < 50; ++round) {
    std::stop_source stop;
    auto stopped = Start({"work"}, {.wait = hours(1), .stop = stop.get_token()});
    auto patient = Start("work");
    std::jthread stopper([&stop] { stop.request_stop(); });
    Put("work", "job");
    const Answer first = stopped.get();
    ASSERT_TRUE(first.ok()) << first.status();
    if (!first->empty()) Put("work", "another");
    EXPECT_EQ(TextsOfAnswer(std::move(patient)), Texts{first->empty() ? "job" : "another"});
  }
}

TEST_F(AsyncDequeueTest, BlockingAndAsynchronousWaitersShareTheMessages) {
  auto blocking = std::async(std::launch::async, [this] {
    return TakeTexts("work", {.lease = hours(100), .wait = hours(1)});
  });
  auto answer = Start("work");
  Put("work", "job");
  Put("work", "job");
  EXPECT_EQ(blocking.get(), Texts{"job"});
  EXPECT_EQ(TextsOfAnswer(std::move(answer)), Texts{"job"});
}

TEST_F(AsyncDequeueTest, AThousandWaitersGetAThousandMessages) {
  constexpr int kWaiters = 1000;
  std::latch answered(kWaiters);
  std::mutex mutex;
  std::multiset<MessageId> taken;
  for (int i = 0; i < kWaiters; ++i) {
    store_->DequeueAsync({"work"}, {.lease = hours(100), .wait = hours(1)}, [&](Answer result) {
      {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(result.ok()) << result.status();
        if (result.ok()) {
          for (const Delivery& delivery : *result) taken.insert(delivery.id);
        }
      }
      answered.count_down();
    });
  }
  std::set<MessageId> put;
  for (int i = 0; i < kWaiters; ++i) {
    const auto result = store_->AtomicBatch({Enqueue{"work", "job", {}}}, {Durability::kBuffered});
    ASSERT_TRUE(result.ok()) << result.status();
    put.insert(std::get<EnqueueResult>(result->operations[0]).id);
  }
  answered.wait();
  EXPECT_EQ(std::set<MessageId>(taken.begin(), taken.end()), put);
  EXPECT_EQ(taken.size(), put.size()) << "each was delivered to one";
}

TEST_F(AsyncDequeueTest, ACallbackMayDequeueAgain) {
  struct Consumer {
    RocksDbProvider* store;
    std::atomic<int> left{100};
    std::promise<void> done;
    void Next() {
      store->DequeueAsync({"work"}, {.lease = hours(100), .wait = hours(1)},
                          [this](const Answer& result) {
                            if (!result.ok()) return;
                            if (--left == 0) return done.set_value();
                            Next();
                          });
    }
  };
  Consumer consumer{store_.get()};
  consumer.Next();
  for (int i = 0; i < 100; ++i) Put("work", "job");
  consumer.done.get_future().get();
}

class AsyncDequeueRigTest : public testing::QueueRigTest {};

TEST_F(AsyncDequeueRigTest, AStoreThatStopsEndsIt) {
  std::promise<Status> ended;
  queue_->DequeueAsync({"work"}, {.wait = hours(1)},
                       [&](const auto& result) { ended.set_value(result.status()); });
  clock_.AwaitWaiters(1);
  door_->Stop(Status::Unavailable("the disk is gone"));
  queue_->WakeAll();
  EXPECT_EQ(ended.get_future().get().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tandem
