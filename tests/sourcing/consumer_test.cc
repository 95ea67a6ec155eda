#include "tandem/sourcing/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "tandem/base/mutex.h"
#include "tandem/tests/sourcing/shaky_provider.h"
#include "tandem/tests/sourcing/sourcing_fixture.h"

namespace sourcing {
namespace {

using namespace std::chrono_literals;
using tandem::Batch;
using tandem::Delivery;
using ::testing::HasSubstr;

// What one thread has seen, for another that waits for it.
template <typename T>
class Seen {
 public:
  void Put(T value) {
    const tandem::MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.NotifyAll();
  }
  T Take() {
    const tandem::MutexLock lock(mutex_);
    while (values_.empty()) changed_.Wait(mutex_);
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  tandem::Mutex mutex_;
  tandem::CondVar changed_;
  std::deque<T> values_ TANDEM_GUARDED_BY(mutex_);
};

struct Failed {
  Unhandled outcome;
  std::chrono::milliseconds retry_after;
  std::string reason;
};

void AwaitStop(const std::stop_token& stop) {
  tandem::Signal signal;
  const tandem::NotifyOnStop notify(stop, signal);
  while (!stop.stop_requested()) signal.Wait();
}

class ConsumerTest : public testing::SourcingTest {
 protected:
  ConsumerOptions Options() {
    return ConsumerOptions().OnFailure([this](const HandlingFailure& failure) {
      failures_.Put({failure.outcome, failure.retry_after, failure.reason.ToString()});
    });
  }
  void Send(const std::string& payload, const std::string& key = "") {
    tandem::EnqueueOptions options;
    options.key = key;
    ASSERT_TRUE(store().Enqueue("mail", payload, options).ok());
  }
  std::uint64_t Messages() { return store().admin()->Statistics("mail")->messages(); }
  Version Events() { return store().Read("sent", {})->head; }
  static Batch Sent() {
    Batch batch;
    batch.Append("sent", "a mail");
    return batch;
  }

  Seen<Failed> failures_;
};

TEST_P(ConsumerTest, WhatAHandlerWantsCommitsWithTheAcknowledgement) {
  Send("hello");
  Seen<std::string> handled;
  Consumer consumer(store(), "mail", Options(), [&](const Delivery& mail) -> Result<Batch> {
    handled.Put(mail.payload);
    return Sent();
  });
  EXPECT_EQ(handled.Take(), "hello");
  consumer.Stop();
  EXPECT_EQ(Events(), 1U);
  EXPECT_EQ(Messages(), 0U);
  EXPECT_TRUE(consumer.status().ok());
}

TEST_P(ConsumerTest, SeveralWorkersHandleEachMessageOnce) {
  constexpr int kMessages = 40;
  for (int i = 0; i < kMessages; ++i) Send(std::to_string(i));
  Seen<std::string> handled;
  Consumer consumer(store(), "mail", Options().Workers(4), [&](const Delivery& mail) {
    handled.Put(mail.payload);
    return Sent();
  });
  std::map<std::string, int> times;
  for (int i = 0; i < kMessages; ++i) ++times[handled.Take()];
  consumer.Stop();
  EXPECT_EQ(times.size(), std::size_t{kMessages});
  EXPECT_EQ(Events(), Version{kMessages});
}

TEST_P(ConsumerTest, AFailureComesAgainLaterAndLater) {
  Send("hello");
  double random = 1;
  Consumer consumer(store(), "mail", Options().Backoff(1s, 3s).Random([&random] {
    return std::exchange(random, 0);
  }),
                    [](const Delivery&) -> Result<Batch> {
                      return Status::Unavailable("the mail server is away");
                    });
  for (const auto expected : {1000ms, 1000ms, 1500ms, 1500ms}) {  // the first one whole, then half
    const Failed failed = failures_.Take();
    EXPECT_EQ(failed.outcome, Unhandled::kRetried);
    EXPECT_EQ(failed.retry_after, expected);
    EXPECT_THAT(failed.reason, HasSubstr("the mail server is away"));
    clock_.Advance(failed.retry_after);
  }
}

TEST_P(ConsumerTest, AHandlerThatAlwaysThrowsEndsAmongTheDeadLetters) {
  Send("poison");
  Consumer consumer(store(), "mail", Options().MaxDeliveries(2).Backoff(1s, 1s),
                    [](const Delivery&) -> Result<Batch> { throw std::runtime_error("no ink"); });
  const Failed first = failures_.Take();
  EXPECT_EQ(first.outcome, Unhandled::kRetried);
  EXPECT_THAT(first.reason, HasSubstr("the handler of 'mail' threw no ink"));
  clock_.Advance(1s);
  EXPECT_EQ(failures_.Take().outcome, Unhandled::kDeadLetter);
  tandem::DequeueOptions wait;
  wait.wait = std::chrono::hours::max();
  const auto dead = store().DequeueOne(tandem::DeadLetterQueue("mail"), wait);
  ASSERT_TRUE(dead.ok() && dead->has_value());
  EXPECT_EQ((*dead)->payload, "poison");
  EXPECT_EQ((*dead)->dead_letter->deliveries, 2U);
}

TEST_P(ConsumerTest, ABatchThatIsRefusedLosesNoMessage) {
  Send("hello");
  std::atomic<bool> wrong = true;
  Seen<int> handled;
  Consumer consumer(store(), "mail", Options().Backoff(1s, 1s), [&](const Delivery&) {
    Batch batch = Sent();
    if (wrong) batch.CheckVersion("sent", tandem::Expected::Exactly(7));
    handled.Put(1);
    return batch;
  });
  const Failed failed = failures_.Take();
  EXPECT_EQ(failed.outcome, Unhandled::kRetried);
  EXPECT_THAT(failed.reason, HasSubstr("Conflict"));
  EXPECT_EQ(handled.Take(), 1);
  EXPECT_EQ(Events(), 0U);
  wrong = false;
  clock_.Advance(1s);
  EXPECT_EQ(handled.Take(), 1);
  consumer.Stop();
  EXPECT_EQ(Events(), 1U);
  EXPECT_EQ(Messages(), 0U);
}

TEST_P(ConsumerTest, TheLeaseIsRenewedWhileAHandlerRuns) {
  Send("hello");
  testing::ShakyProvider shaky(store());
  Seen<int> renewals;
  Seen<int> running;
  tandem::Signal finish;
  shaky.renew = [&renewals] {
    renewals.Put(1);
    return Status::Ok();
  };
  Consumer consumer(shaky, "mail", Options().Lease(30s), [&](const Delivery&) {
    running.Put(1);
    finish.Wait();
    return Sent();
  });
  EXPECT_EQ(running.Take(), 1);
  for (int i = 0; i < 6; ++i) {
    clock_.Advance(10s);
    shaky.time.Advance(10s);
    EXPECT_EQ(renewals.Take(), 1);
  }
  const auto other = store().DequeueOne("mail");
  EXPECT_TRUE(other.ok() && !other->has_value());
  finish.Notify();
  consumer.Stop();
  EXPECT_EQ(Events(), 1U);
}

TEST_P(ConsumerTest, ALostLeaseIsReportedAndCommitsNothing) {
  Send("hello", "key");
  Seen<int> running;
  Consumer consumer(store(), "mail", Options().Lease(30s),
                    [&](const Delivery&, const std::stop_token& stop) {
                      running.Put(1);
                      AwaitStop(stop);
                      return Sent();
                    });
  EXPECT_EQ(running.Take(), 1);
  Batch cancel;
  cancel.Cancel("mail", "key");
  ASSERT_TRUE(store().AtomicBatch(std::move(cancel)).ok());
  clock_.Advance(10s);
  EXPECT_EQ(failures_.Take().outcome, Unhandled::kLeaseLost);
  EXPECT_EQ(Events(), 0U);
}

TEST_P(ConsumerTest, AStopWaitsForTheHandlerThatRuns) {
  Send("hello");
  Send("the next");
  Seen<int> running;
  Consumer consumer(store(), "mail", Options(), [&](const Delivery&, const std::stop_token& stop) {
    running.Put(1);
    AwaitStop(stop);
    return Sent();
  });
  EXPECT_EQ(running.Take(), 1);
  consumer.Stop();
  EXPECT_EQ(Events(), 1U) << "what the handler wanted was committed";
  EXPECT_EQ(Messages(), 1U) << "no other was taken";
}

TEST_P(ConsumerTest, AHandlerThatIsCancelledByAStopWasNotTried) {
  Send("hello");
  {
    Seen<int> running;
    Consumer consumer(store(), "mail", Options(),
                      [&](const Delivery&, const std::stop_token& stop) -> Result<Batch> {
                        running.Put(1);
                        AwaitStop(stop);
                        return Status::Cancelled("it would take too long");
                      });
    EXPECT_EQ(running.Take(), 1);
  }
  EXPECT_EQ(failures_.Take().outcome, Unhandled::kGivenBack);
  const auto again = store().DequeueOne("mail");
  ASSERT_TRUE(again.ok() && again->has_value());
  EXPECT_EQ((*again)->delivery_count, 1U);
}

TEST_P(ConsumerTest, TroubleOfTheStorePasses) {
  Send("hello");
  testing::ShakyProvider shaky(store());
  std::atomic<int> dequeues = 0;
  shaky.dequeue = [&dequeues] {
    return ++dequeues == 1 ? Status::Unavailable("a cable is loose") : Status::Ok();
  };
  Seen<int> handled;
  Consumer consumer(shaky, "mail", Options(), [&](const Delivery&) {
    handled.Put(1);
    return Batch();
  });
  shaky.time.AwaitWaiters(2);  // the renewals, and the worker
  EXPECT_THAT(consumer.status().message(), HasSubstr("a cable is loose"));
  shaky.time.Advance(1s);
  EXPECT_EQ(handled.Take(), 1);
  consumer.Stop();
  EXPECT_EQ(Messages(), 0U);
}

TANDEM_SOURCING_TEST_SUITE(ConsumerTest);

}  // namespace
}  // namespace sourcing
