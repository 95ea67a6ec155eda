// The rollout: instances of yesterday's code go on with today's.

#include "examples/orchestrations/versioned_rollout.h"

#include <chrono>

#include "tandem/tests/examples_orchestrations/harness.h"

namespace orchestrations {
namespace {

using namespace orchestrations::testing;  // NOLINT
using duroxide::OrchestrationContext;
using duroxide::Result;
using duroxide::Task;

constexpr std::int64_t kMonth = 30 * 86'400;
constexpr std::int64_t kPrice = 1'000;
constexpr std::int64_t kWithTax = kPrice * (100 + kTaxPercent) / 100;

// What 1.0.0 was before there were receipts.
Task<Result<std::int64_t>> Yesterday(OrchestrationContext ctx, Subscription subscription) {
  duroxide::RetryPolicy policy;
  policy.Attempts(20).Backoff(std::chrono::milliseconds(200), 2, std::chrono::seconds(10));
  const std::int64_t paid =
      co_await duroxide::OrFail(CallWithRetry(ctx, kBill, subscription.cents, policy));
  subscription.paid += paid;
  if (--subscription.months == 0) co_return subscription.paid;
  co_await ctx.Sleep(std::chrono::seconds(subscription.month_seconds));
  co_return ctx.ContinueAsNew(kSubscription, subscription);
}

// Starts a subscription on 1.0.0 where 2.0.0 is the latest.
constexpr duroxide::Orchestration<duroxide::Unit(Subscription)> kStarter("starter");
Task<Result<duroxide::Unit>> StartOld(OrchestrationContext ctx, Subscription subscription) {
  ctx.StartDetached(kSubscription, "s", subscription, kFirstVersion);
  co_return duroxide::Unit();
}

duroxide::Registry Today(const std::shared_ptr<World>& world) {
  duroxide::Registry registry;
  RegisterVersionedRollout(registry, world);
  registry.Add(kStarter, StartOld);
  return registry;
}

duroxide::Registry OfYesterday(const std::shared_ptr<World>& world) {
  duroxide::Registry registry;
  registry.Add(kSubscription, Yesterday);
  RegisterBilling(registry, world);
  return registry;
}

std::vector<std::string> VersionsOf(const std::vector<RecordedHistory>& executions) {
  std::vector<std::string> versions;
  for (const RecordedHistory& execution : executions) {
    versions.push_back(
        std::get<duroxide::Started>(execution.history.front().body).version.ToString());
  }
  return versions;
}

TEST(VersionedRolloutTest, ANewSubscriptionIsOnTheLatestVersion) {
  ForSeeds(100, [](std::uint64_t seed, const SimulationOptions& options) {
    const auto world = std::make_shared<World>(Trouble{20, seed});
    Simulation sim(seed, Today(world), options);
    ASSERT_TRUE(sim.client().Start(kSubscription, "s", Subscription(kPrice, 3, kMonth, 0)).ok());
    Finish(sim);
    EXPECT_EQ(*OutputOf(sim, kSubscription, "s"), 3 * kWithTax);
    EXPECT_EQ(VersionsOf(HistoriesOf(sim, "s")),
              (std::vector<std::string>{"2.0.0", "2.0.0", "2.0.0"}));
    EXPECT_EQ(world->CountDone("bill "), 3U);
    EXPECT_EQ(world->CountDone("receipt "), 3U);
  });
}

TEST(VersionedRolloutTest, AnOldSubscriptionIsUpgradedWhenItContinuesAsNew) {
  ForSeeds(100, [](std::uint64_t seed, const SimulationOptions& options) {
    const auto world = std::make_shared<World>(Trouble{20, seed});
    Simulation sim(seed, Today(world), options);
    ASSERT_TRUE(sim.client().Start(kStarter, "start", Subscription(kPrice, 3, kMonth, 0)).ok());
    Finish(sim);
    EXPECT_EQ(*OutputOf(sim, kSubscription, "s"), kPrice + 2 * kWithTax);
    EXPECT_EQ(VersionsOf(HistoriesOf(sim, "s")),
              (std::vector<std::string>{"1.0.0", "2.0.0", "2.0.0"}));
  });
}

TEST(VersionedRolloutTest, APinnedVersionStays) {
  const auto world = std::make_shared<World>();
  duroxide::Registry registry = Today(world);
  registry.Pin(kSubscription.name(), kFirstVersion);
  Simulation sim(1, std::move(registry), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kSubscription, "s", Subscription(kPrice, 3, kMonth, 0)).ok());
  Finish(sim);
  EXPECT_EQ(*OutputOf(sim, kSubscription, "s"), 3 * kPrice);
  EXPECT_EQ(world->CountDone("receipt "), 3U) << "the patch is open for new executions";
}

// The histories that instances have written before the new code comes.
TEST(VersionedRolloutTest, TodaysCodeReplaysYesterdaysHistories) {
  const auto world = std::make_shared<World>();
  Simulation sim(1, OfYesterday(world), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kSubscription, "s", Subscription(kPrice, 2, kMonth, 0)).ok());
  Finish(sim);
  for (const RecordedHistory& recorded : HistoriesOf(sim, "s")) {
    EXPECT_EQ(duroxide::testing::FindDivergence(recorded, Today(world)), std::nullopt);
  }
}

// Without the patch the change would be a divergence: the test above can fail.
Task<Result<std::int64_t>> Careless(OrchestrationContext ctx, Subscription subscription) {
  const std::int64_t paid = co_await duroxide::OrFail(ctx.Call(kBill, subscription.cents));
  co_await duroxide::OrFail(ctx.Call(kReceipt, paid));
  co_return paid;
}

TEST(VersionedRolloutTest, TheSameChangeWithoutAPatchIsADivergence) {
  const auto world = std::make_shared<World>();
  Simulation sim(1, OfYesterday(world), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kSubscription, "s", Subscription(kPrice, 1, kMonth, 0)).ok());
  Finish(sim);
  duroxide::Registry careless;
  careless.Add(kSubscription, Careless);
  RegisterBilling(careless, world);
  EXPECT_TRUE(duroxide::testing::FindDivergence(HistoriesOf(sim, "s").front(), careless));
}

}  // namespace
}  // namespace orchestrations
