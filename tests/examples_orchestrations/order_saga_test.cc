// The saga: whatever happens, an order is shipped and paid, or it has left no trace.

#include "examples/orchestrations/order_saga.h"

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT

class Shop {
 public:
  Shop(std::uint64_t seed, const SimulationOptions& options, std::uint64_t trouble_percent)
      : world_(std::make_shared<World>(Trouble{trouble_percent, seed})),
        sim_(seed, MakeRegistry(), options) {}

  Simulation& sim() { return sim_; }
  void Take(const std::string& id, const Order& order) {
    ASSERT_TRUE(sim_.client().Start(kOrderSaga, id, order).ok());
  }
  std::vector<std::string> Journal() const { return world_->Journal(); }

  // The invariant; returns the state in which the order ended.
  InstanceState CheckOrder(const std::string& id) {
    const duroxide::InstanceStatus status = StatusOf(sim_, id);
    EXPECT_TRUE(status.finished()) << status.diagnosis;
    const bool completed = status.state == InstanceState::kCompleted;
    for (const std::string step : {"reserve ", "charge ", "ship "}) {
      EXPECT_EQ(world_->StateOf(step + id) == World::State::kDone, completed)
          << step << id << " of an order that is " << duroxide::InstanceStateName(status.state);
    }
    return status.state;
  }

 private:
  duroxide::Registry MakeRegistry() {
    duroxide::Registry registry;
    RegisterOrderSaga(registry, world_);
    return registry;
  }

  std::shared_ptr<World> world_;
  Simulation sim_;
};

TEST(OrderSagaTest, AnOrderIsReservedChargedAndShipped) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    Shop shop(seed, options, 0);
    shop.Take("o", Order("book", 1'000, "here"));
    Finish(shop.sim());
    EXPECT_EQ(shop.CheckOrder("o"), InstanceState::kCompleted);
    EXPECT_EQ(*OutputOf(shop.sim(), kOrderSaga, "o"), "parcel of o");
    EXPECT_EQ(shop.Journal(),
              (std::vector<std::string>{"do reserve o", "do charge o", "do ship o"}));
  });
}

TEST(OrderSagaTest, AFailureUndoesWhatWasBegunTheLastStepFirst) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    Shop shop(seed, options, 0);
    shop.Take("o", Order("book", 1'000, "nowhere"));
    Finish(shop.sim());
    EXPECT_EQ(shop.CheckOrder("o"), InstanceState::kFailed);
    EXPECT_EQ(StatusOf(shop.sim(), "o").failure->code, duroxide::StatusCode::kInvalidArgument);
    EXPECT_EQ(shop.Journal(),
              (std::vector<std::string>{"do reserve o", "do charge o", "undo ship o",
                                        "undo charge o", "undo reserve o"}));
  });
}

TEST(OrderSagaTest, ANoIsNotAskedAgain) {
  Shop shop(1, SimulationOptions::Calm(), 0);
  shop.Take("o", Order("yacht", kCentsMax + 1, "here"));
  Finish(shop.sim());
  EXPECT_EQ(shop.CheckOrder("o"), InstanceState::kFailed);
  EXPECT_EQ(CountEvents<duroxide::ActivityFailed>(HistoriesOf(shop.sim(), "o").front()), 1U);
}

TEST(OrderSagaTest, BusyServicesAreAskedAgain) {
  ForSeeds(200, [](std::uint64_t seed, const SimulationOptions& options) {
    Shop shop(seed, options, 40);
    for (int i = 0; i < 5; ++i) {
      shop.Take("o" + std::to_string(i), Order("book", 1'000, i == 3 ? "nowhere" : "here"));
    }
    Finish(shop.sim());
    for (int i = 0; i < 5; ++i) shop.CheckOrder("o" + std::to_string(i));
  });
}

// Cancelled at a random moment: before it began, during any step, while it is undone, or too late.
TEST(OrderSagaTest, ACancelledOrderLeavesNoTraceOrIsDone) {
  std::size_t cancelled = 0;
  ForSeeds(400, [&cancelled](std::uint64_t seed, const SimulationOptions& options) {
    std::mt19937_64 random(seed);
    Shop shop(seed, options, seed % 2 == 0 ? 30 : 0);
    shop.Take("o", Order("book", 1'000, seed % 3 == 0 ? "nowhere" : "here"));
    TakeSteps(shop.sim(), random() % 25);
    ASSERT_TRUE(shop.sim().client().Cancel("o", "no longer wanted").ok());
    Finish(shop.sim());
    cancelled += shop.CheckOrder("o") == InstanceState::kCancelled ? 1 : 0;
  });
  EXPECT_GT(cancelled, 0U);
}

}  // namespace
}  // namespace orchestrations
