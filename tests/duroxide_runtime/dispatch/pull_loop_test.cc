// What a loop says of the store that it pulls from.

#include "tandem/duroxide_runtime/internal/dispatch/pull_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "tandem/batch/memory_provider.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide::internal {
namespace {

using duroxide::testing::CollectingLog;

class PullLoopTest : public ::testing::Test {
 protected:
  static tandem::MemoryOptions WithClock(tandem::ManualClock& clock) {
    tandem::MemoryOptions options;
    options.clock = &clock;
    return options;
  }

  // Its handler fails for "fails", waits for `released_` at "slow".
  void Start(std::size_t threads) {
    PullLoop::Setup setup;
    setup.queues = {"queue"};
    setup.threads = threads;
    setup.options = [] { return tandem::DequeueOptions(); };
    setup.handler = [this](const std::vector<tandem::Delivery>& deliveries) {
      return Handle(deliveries.front().payload);
    };
    setup.on_end = [] {};
    loop_ = std::make_unique<PullLoop>(store_, log_, std::move(setup));
  }

  tandem::Status Handle(const std::string& payload) {
    if (payload == "fails") return tandem::Status::Unavailable("the store has stopped");
    if (payload == "slow") {
      slow_began_.count_down();
      released_.wait();
    }
    handled_.count_down();
    return tandem::Status::Ok();
  }

  void Enqueue(const std::string& payload) { ASSERT_TRUE(store_.Enqueue("queue", payload).ok()); }

  tandem::ManualClock clock_;
  tandem::MemoryProvider store_{WithClock(clock_)};
  CollectingLog log_;
  std::latch slow_began_{1};
  std::latch released_{1};
  std::latch handled_{1};
  std::unique_ptr<PullLoop> loop_;
};

TEST_F(PullLoopTest, WhatBeganBeforeTheStoreStoppedDoesNotSayThatItWorksAgain) {
  Start(2);
  Enqueue("slow");
  slow_began_.wait();
  Enqueue("fails");
  log_.Await("the store is in trouble");
  loop_->RequestStop();
  released_.count_down();
  handled_.wait();
  loop_ = nullptr;
  EXPECT_EQ(log_.Count("works again"), 0U);
}

TEST_F(PullLoopTest, WhatBeganAfterwardsDoes) {
  Start(1);
  Enqueue("fails");
  log_.Await("the store is in trouble");
  clock_.AwaitWaiters(1);
  Enqueue("goes well");
  clock_.Advance(std::chrono::seconds(1));
  handled_.wait();
  log_.Await("the store works again");
}

}  // namespace
}  // namespace duroxide::internal
