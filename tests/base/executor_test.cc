#include "tandem/base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <set>
#include <thread>
#include <vector>

#include "tandem/base/manual_clock.h"

namespace tandem {
namespace {

using std::chrono::hours;

TEST(ExecutorTest, RunsWhatIsPosted) {
  ManualClock clock;
  Executor executor(&clock, 4);
  std::latch done(100);
  for (int i = 0; i < 100; ++i) executor.Post([&done] { done.count_down(); });
  done.wait();
}

TEST(ExecutorTest, OneThreadRunsTasksInTheirOrder) {
  ManualClock clock;
  std::vector<int> order;
  {
    Executor executor(&clock, 1);
    for (int i = 0; i < 100; ++i) executor.Post([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100U) << "the destructor runs what was posted to its end";
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ExecutorTest, RunsAsManyTasksAtATimeAsItHasThreads) {
  ManualClock clock;
  std::latch all_run(3);  // outlives the threads that wait for it
  Executor executor(&clock, 3);
  for (int i = 0; i < 3; ++i) executor.Post([&all_run] { all_run.arrive_and_wait(); });
  all_run.wait();
}

TEST(ExecutorTest, ATaskThatIsPostedByATaskIsRunBeforeTheEnd) {
  ManualClock clock;
  std::atomic<int> runs = 0;
  {
    Executor executor(&clock, 2);
    executor.Post([&] { executor.Post([&] { executor.Post([&runs] { ++runs; }); }); });
  }
  EXPECT_EQ(runs, 1);
}

// The thread that has posted the task may still be about to wake a worker.
TEST(ExecutorTest, WhoseTaskHasRunMayTakeTheExecutorAway) {
  ManualClock clock;
  for (int i = 0; i < 500; ++i) {
    auto executor = std::make_unique<Executor>(&clock, 2);
    std::latch idle(1);
    executor->Post([&idle] { idle.count_down(); });  // a worker waits for what comes next
    idle.wait();
    std::binary_semaphore ran(0);
    std::jthread poster(
        [&ran, &posts_to = *executor] { posts_to.Post([&ran] { ran.release(); }); });
    ran.acquire();
    executor = nullptr;
  }
}

TEST(ExecutorTest, WhatATaskHasCapturedMayPostWhenItIsDestroyed) {
  struct PostsAtItsEnd {
    ~PostsAtItsEnd() {
      executor.Post([&posted = posted] { posted.count_down(); });
    }
    Executor& executor;
    std::latch& posted;
  };
  ManualClock clock;
  Executor executor(&clock, 1);
  std::latch posted(2);
  executor.Post([captured = std::make_shared<PostsAtItsEnd>(executor, posted)] {});
  const auto alarm = executor.PostAt(
      clock.Now() + hours(1), [captured = std::make_shared<PostsAtItsEnd>(executor, posted)] {});
  EXPECT_TRUE(executor.Cancel(alarm));
  posted.wait();
}

TEST(ExecutorTest, AnAlarmGoesOffWhenItsTimeHasCome) {
  ManualClock clock;
  Executor executor(&clock, 1);
  std::binary_semaphore first(0);
  std::binary_semaphore second(0);
  executor.PostAt(clock.Now() + hours(2), [&second] { second.release(); });
  executor.PostAt(clock.Now() + hours(1), [&first] { first.release(); });
  clock.AwaitWaiters(1);
  clock.Advance(hours(1));
  first.acquire();
  EXPECT_FALSE(second.try_acquire());
  clock.Advance(hours(1));
  second.acquire();
}

TEST(ExecutorTest, AnAlarmOfThePastGoesOffAtOnce) {
  ManualClock clock;
  Executor executor(&clock, 1);
  std::latch done(1);
  executor.PostAt(clock.Now() - hours(1), [&done] { done.count_down(); });
  done.wait();
}

TEST(ExecutorTest, ACancelledAlarmNeverGoesOff) {
  ManualClock clock;
  std::atomic<int> runs = 0;
  {
    Executor executor(&clock, 1);
    const auto cancelled = executor.PostAt(clock.Now() + hours(1), [&runs] { ++runs; });
    std::latch done(1);
    executor.PostAt(clock.Now() + hours(1), [&done] { done.count_down(); });
    EXPECT_TRUE(executor.Cancel(cancelled));
    EXPECT_FALSE(executor.Cancel(cancelled));
    EXPECT_FALSE(executor.Cancel(0));
    clock.Advance(hours(1));
    done.wait();
  }
  EXPECT_EQ(runs, 0);
}

TEST(ExecutorTest, TheEndForgetsAlarms) {
  ManualClock clock;
  std::atomic<int> runs = 0;
  {
    Executor executor(&clock, 1);
    executor.PostAt(clock.Now() + hours(1), [&runs] { ++runs; });
  }
  clock.Advance(hours(1));
  EXPECT_EQ(runs, 0);
}

TEST(ExecutorTest, WorkMayPostItselfAgain) {
  class Again final : public Executor::Work {
   public:
    explicit Again(Executor& executor) : executor_(executor) {}
    void Run() override {
      if (++runs < 100) executor_.Post(*this);
    }
    int runs = 0;

   private:
    Executor& executor_;
  };
  ManualClock clock;
  auto executor = std::make_unique<Executor>(&clock, 1);
  Again work(*executor);
  executor->Post(work);
  executor = nullptr;
  EXPECT_EQ(work.runs, 100);
}

TEST(ExecutorTest, KnowsItsOwnThreads) {
  Executor executor(nullptr, 1);
  Executor other(nullptr, 1);
  EXPECT_FALSE(executor.RunsThisThread());
  std::latch done(1);
  executor.Post([&] {
    EXPECT_TRUE(executor.RunsThisThread());
    EXPECT_FALSE(other.RunsThisThread());
    done.count_down();
  });
  done.wait();
}

}  // namespace
}  // namespace tandem
