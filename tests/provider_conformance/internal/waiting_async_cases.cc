// Waiting for messages without a thread (D10, D12).

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(AsyncWaiting)

namespace {

class AsyncWaitingTest : public ConformanceTest {
 protected:
  static DequeueOptions Long() { return {.lease = 1000 * kHour, .wait = kHour}; }
};

CONFORMANCE_CASE(AsyncWaiting, ADequeueCallsBackOnce, Shows("D10").Needs(Part::kAsynchronous)) {
  Put(kQueue, "1");
  const auto found = TakeLater({kQueue}, {});
  EXPECT_EQ(TextsOf(Must(found.Get())), Texts{"1"});
  const auto empty = TakeLater({kQueue}, {});
  EXPECT_TRUE(Must(empty.Get()).empty());
  const auto waited = TakeLater({"other", kQueue}, Long());
  Put(kQueue, "2");
  EXPECT_EQ(TextsOf(Must(waited.Get())), Texts{"2"});
  Close();
  for (const auto& answer : {found, empty, waited}) {
    EXPECT_EQ(answer.count(), 1U);
    EXPECT_FALSE(answer.came_within_the_call());
  }
}

CONFORMANCE_CASE(AsyncWaiting, ABadArgumentIsToldByTheCallback,
                 Shows("D10", "D11").Needs(Part::kAsynchronous)) {
  for (const auto& answer : {TakeLater({}, {}), TakeLater({kQueue}, {.max_messages = 0})}) {
    EXPECT_EQ(Code(answer.Get()), StatusCode::kInvalidArgument);
    EXPECT_FALSE(answer.came_within_the_call());
  }
}

CONFORMANCE_CASE(AsyncWaiting, TimeEndsAWait, Shows("D10").Needs(Part::kAsynchronous)) {
  Put(kQueue, "x", {.delay = 2 * kSecond});
  const auto timed = TakeLater({kQueue}, {.wait = kSecond});
  const auto lasting = TakeLater({kQueue}, Long());
  clock().Advance(kSecond);
  EXPECT_TRUE(Must(timed.Get()).empty());
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(Must(lasting.Get())), Texts{"x"});
}

CONFORMANCE_CASE(AsyncWaiting, TheEndOfALeaseEndsAnAsyncWait,
                 Shows("D10").Needs(Part::kAsynchronous)) {
  Put(kQueue, "x");
  TakeOne(kQueue, {.lease = kSecond});
  const auto waiting = TakeLater({kQueue}, Long());
  clock().Advance(kSecond);
  EXPECT_EQ(TextsOf(Must(waiting.Get())), Texts{"x"});
}

CONFORMANCE_CASE(AsyncWaiting, AStopEndsAWait, Shows("D10").Needs(Part::kAsynchronous)) {
  std::stop_source stop;
  DequeueOptions options = Long();
  options.stop = stop.get_token();
  const auto waiting = TakeLater({kQueue}, options);
  stop.request_stop();
  EXPECT_TRUE(Must(waiting.Get()).empty());
  Put(kQueue, "x");
  EXPECT_EQ(TextsOf(Must(TakeLater({kQueue}, options).Get())), Texts{"x"})
      << "what is ready is taken after a stop, too";
}

CONFORMANCE_CASE(AsyncWaiting, ClosingEndsWaits, Shows("D10").Needs(Part::kAsynchronous)) {
  const auto waiting = TakeLater({kQueue}, Long());
  const auto forever = TakeLater({kQueue, "other"}, {.wait = std::chrono::milliseconds::max()});
  Close();
  for (const auto& answer : {waiting, forever}) {
    EXPECT_EQ(answer.count(), 1U) << "nobody calls back after the store is gone";
    EXPECT_EQ(Code(answer.Get()), StatusCode::kCancelled);
  }
}

CONFORMANCE_CASE(AsyncWaiting, AMoveToTheDeadLettersEndsAWait,
                 Shows("D10", "P5").Needs(Part::kAsynchronous)) {
  Put(kQueue, "bad");
  Abandon(TakeOne(kQueue).lock_token);
  const auto waiting = TakeLater({DeadLetterQueue(kQueue)}, Long());
  EXPECT_TRUE(Take(kQueue, {.max_deliveries = 1}).empty());
  EXPECT_EQ(TextsOf(Must(waiting.Get())), Texts{"bad"});
}

CONFORMANCE_CASE(AsyncWaiting, AMessageGoesToAnotherWhenAnAsyncWaitIsStopped,
                 Shows("D10", "D12").Needs(Part::kAsynchronous)) {
  for (int round = 0; round < 50; ++round) {
    std::stop_source stop;
    DequeueOptions options = Long();
    options.stop = stop.get_token();
    const auto stopped = TakeLater({kQueue}, options);
    const auto patient = TakeLater({kQueue}, Long());
    auto stopper = std::async(std::launch::async, [&stop] { stop.request_stop(); });
    Put(kQueue, "1");
    if (!Must(stopped.Get()).empty()) Put(kQueue, "2");
    EXPECT_EQ(Must(patient.Get()).size(), 1U);
  }
}

CONFORMANCE_CASE(AsyncWaiting, AThousandWaitAndEachMessageGoesToOne,
                 Shows("D10", "D12").Needs(Part::kAsynchronous)) {
  constexpr std::size_t kWaiters = 1000;
  std::vector<Answer<Deliveries>> answers;
  for (std::size_t i = 0; i < kWaiters; ++i) answers.push_back(TakeLater({kQueue}, Long()));
  Batch batch;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    batch.Add(Enqueue{kQueue, std::to_string(i), {}});
  }
  Commit(std::move(batch));
  std::set<std::string> all;
  for (const auto& answer : answers) {
    const Deliveries deliveries = Must(answer.Get());
    ASSERT_EQ(deliveries.size(), 1U);
    all.insert(deliveries[0].payload);
  }
  EXPECT_EQ(all.size(), kWaiters);
  Close();
  for (const auto& answer : answers) ASSERT_EQ(answer.count(), 1U);
}

CONFORMANCE_CASE(AsyncWaiting, BlockedAndAsynchronousWaitsShareTheMessages,
                 Shows("D12").Needs(Part::kAsynchronous)) {
  std::vector<std::future<Deliveries>> blocked;
  std::vector<Answer<Deliveries>> answers;
  for (std::size_t i = 0; i < 3; ++i) {
    blocked.push_back(BlockedTake({kQueue}, Long(), i));
    answers.push_back(TakeLater({kQueue}, Long()));
  }
  for (const std::string& payload : Numbered("", 6)) Put(kQueue, payload);
  std::set<std::string> all;
  for (auto& call : blocked) all.insert(call.get().at(0).payload);
  for (const auto& answer : answers) all.insert(Must(answer.Get()).at(0).payload);
  EXPECT_EQ(all.size(), 6U);
}

// A consumer without a thread: each callback acknowledges and asks for the next.
CONFORMANCE_CASE(AsyncWaiting, ACallbackMayMakeAsynchronousCalls,
                 Shows("D10", "B11").Needs(Part::kAsynchronous)) {
  constexpr int kMessages = 50;
  const Answer<int> consumed([this](Answer<int>::Callback done) {
    struct Consumer : std::enable_shared_from_this<Consumer> {
      Provider* store = nullptr;
      Answer<int>::Callback done;
      int count = 0;

      void Next() {
        store->DequeueAsync({kQueue}, Long(), [self = shared_from_this()](auto deliveries) {
          if (!deliveries.ok()) return self->done(deliveries.status());
          self->Remove(deliveries->front().lock_token);
        });
      }
      void Remove(const LockToken& token) {
        Batch batch = {DeleteMessages{token}};
        store->AtomicBatchAsync(std::move(batch), {}, [self = shared_from_this()](auto result) {
          if (!result.ok()) return self->done(result.status());
          if (++self->count == kMessages) return self->done(self->count);
          self->Next();
        });
      }
    };
    const auto consumer = std::make_shared<Consumer>();
    consumer->store = &store();
    consumer->done = std::move(done);
    consumer->Next();
  });
  for (const std::string& payload : Numbered("", kMessages)) Put(kQueue, payload);
  EXPECT_EQ(Must(consumed.Get()), kMessages);
  EXPECT_TRUE(Take(kQueue).empty());
}

}  // namespace
}  // namespace tandem::conformance
