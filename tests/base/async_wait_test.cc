#include "tandem/base/async_wait.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <new>
#include <semaphore>
#include <thread>
#include <vector>

#include "tandem/base/manual_clock.h"

namespace tandem {
namespace {

using std::chrono::hours;

// Counts its steps, and is done when `end` has come, stop is requested, or the owner closes.
class Counter final : public AsyncWait {
 public:
  Counter(Clock& clock, Timestamp end, std::stop_token stop = {})
      : AsyncWait(std::move(stop)), clock_(clock), end_(end) {}

  void FailNextStep() { fails_ = true; }
  void AwaitStep() { stepped_.acquire(); }
  void AwaitEnd() { ended_.wait(); }

  std::atomic<int> steps = 0;
  std::atomic<bool> closed = false;
  StatusCode failure = StatusCode::kOk;  // set before the end

 private:
  std::optional<Timestamp> Step() override {
    EXPECT_FALSE(stepping_.exchange(true)) << "two threads step at a time";
    ++steps;
    if (fails_) throw std::bad_alloc();
    const bool closes = closing();
    closed = closes;
    stepping_ = false;
    stepped_.release();
    if (!closes && !stop_requested() && clock_.Now() < end_) return end_;
    ended_.count_down();
    return std::nullopt;
  }

  void Fail(const Status& status) noexcept override {
    failure = status.code();
    ended_.count_down();
  }

  Clock& clock_;
  const Timestamp end_;
  std::atomic<bool> fails_ = false;
  std::atomic<bool> stepping_ = false;
  std::counting_semaphore<> stepped_{0};
  std::latch ended_{1};
};

class AsyncWaitTest : public ::testing::Test {
 protected:
  std::shared_ptr<Counter> Start(Timestamp end, std::stop_token stop = {}) {
    auto wait = std::make_shared<Counter>(clock_, end, std::move(stop));
    waits_->Start(wait);
    return wait;
  }

  ManualClock clock_;
  Executor executor_{&clock_, 4};
  std::unique_ptr<AsyncWaits> waits_ = std::make_unique<AsyncWaits>(&executor_);
};

TEST_F(AsyncWaitTest, IsSteppedAtItsStartAndAtEachNotification) {
  const auto wait = Start(kNever);
  wait->AwaitStep();
  wait->Notify();
  wait->AwaitStep();
  EXPECT_EQ(wait->steps, 2);
}

TEST_F(AsyncWaitTest, IsSteppedWhenItsTimeHasComeAndThenNoMore) {
  const auto wait = Start(clock_.Now() + hours(1));
  wait->AwaitStep();
  clock_.AwaitWaiters(1);
  clock_.Advance(hours(1));
  wait->AwaitEnd();
  wait->Notify();
  EXPECT_EQ(wait->steps, 2);
}

TEST_F(AsyncWaitTest, AStopRequestStepsItAlsoIfItCameBefore) {
  std::stop_source later;
  const auto wait = Start(kNever, later.get_token());
  wait->AwaitStep();
  later.request_stop();
  wait->AwaitEnd();
  std::stop_source before;
  before.request_stop();
  Start(kNever, before.get_token())->AwaitEnd();
}

TEST_F(AsyncWaitTest, NotificationsOfManyThreadsAreNotLostAndNeverStepItTwiceAtATime) {
  const auto wait = Start(clock_.Now() + hours(1));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&wait] {
        for (int j = 0; j < 1000; ++j) wait->Notify();
      });
    }
  }
  clock_.Advance(hours(1));
  wait->Notify();  // after the time has come: the last step must see it
  wait->AwaitEnd();
}

TEST_F(AsyncWaitTest, ClosingEndsAllThatWait) {
  std::vector<std::shared_ptr<Counter>> all;
  for (int i = 0; i < 100; ++i) all.push_back(Start(kNever));
  waits_.reset();
  for (const auto& wait : all) {
    wait->AwaitEnd();
    EXPECT_TRUE(wait->closed);
  }
}

TEST_F(AsyncWaitTest, AStepThatFindsNoMemoryEndsTheWaitWithAStatus) {
  const auto wait = Start(clock_.Now() + hours(1));
  wait->AwaitStep();
  wait->FailNextStep();
  wait->Notify();
  wait->AwaitEnd();
  EXPECT_EQ(wait->failure, StatusCode::kUnavailable);
  waits_.reset();
  EXPECT_EQ(wait->steps, 2) << "no step after the end";
}

}  // namespace
}  // namespace tandem
