// Two builds of a program on one store, during a deployment: what only one of them has the code for
// goes to that one, and does not wait for long because the other was faster.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::milliseconds;
using std::chrono::seconds;

class TwoBuildsTest : public RuntimeFixture {
 protected:
  std::unique_ptr<Runtime> StartBuild(const Registry& registry) {
    RuntimeOptions options;
    options.orchestration_threads = 1;
    options.activity_threads = 1;
    return StartOne(registry, options);
  }

  // True when all that waits in the runtime's queues waits for time to pass.
  bool WaitsForTime() {
    tandem::ProviderAdmin& admin = *provider.target().admin();
    std::uint64_t delayed = 0;
    for (const std::string_view queue : {internal::kTurnQueue, internal::kWorkQueue}) {
      const auto statistics = admin.Statistics(std::string(queue));
      EXPECT_TRUE(statistics.ok()) << statistics.status();
      if (statistics->ready + statistics->leased > 0) return false;
      delayed += statistics->delayed;
    }
    return delayed > 0;
  }
};
INSTANTIATE_TEST_SUITE_P(, TwoBuildsTest, ::testing::ValuesIn(ProviderKindsOfOneRuntime()),
                         KindName);

TEST_P(TwoBuildsTest, TurnOfAnotherBuildIsHandedOverAtOnce) {
  const tandem::Timestamp before = clock.Now();
  auto old_build = StartBuild(Registry());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  log.Await(kHandedOver + "orchestration 'once' is not registered");
  EXPECT_EQ(old_build->Shutdown(), ShutdownResult::kDrained);
  EXPECT_EQ(old_build->Stats().handed_over, 1u);
  EXPECT_EQ(old_build->Stats().parked, 0u);
  EXPECT_EQ(client.GetStatus("i")->diagnosis, "") << "nothing is wrong yet";
  const auto new_build = StartBuild(Working());
  clock.Advance(internal::tuning::kHandOverDelay);
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(clock.Now() - before, milliseconds(50));
}

TEST_P(TwoBuildsTest, ActivityOfAnotherBuildIsHandedOverUncounted) {
  Registry without_activities;
  without_activities.Add(kOnce, EchoOnce);
  auto old_build = StartBuild(without_activities);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  log.Await(kHandedOver + "activity 'echo' is not registered");
  EXPECT_EQ(old_build->Shutdown(), ShutdownResult::kDrained);
  EXPECT_EQ(old_build->Stats().handed_over, 1u);
  Registry counting;
  counting.Add(kOnce, EchoOnce);
  counting.Add(kEcho, [](ActivityContext& context, const std::string& text) {
    return Result<std::string>(text + std::to_string(context.delivery_count()));
  });
  const auto new_build = StartBuild(counting);
  clock.Advance(internal::tuning::kHandOverDelay);
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x1");
}

// Every message may go to the wrong build first, and each of the two may be faster any time: it
// took 1 s, doubling up to 60 s, whenever it was the wrong one.
TEST_P(TwoBuildsTest, WorkflowThatOnlyTheNewBuildHasIsNotHeldUpByTheOld) {
  constexpr int kInstances = 4;
  constexpr int kSteps = 30;
  const auto old_build = StartBuild(Registry());
  const auto new_build = StartBuild(Working());
  const tandem::Timestamp before = clock.Now();
  for (int i = 0; i < kInstances; ++i) {
    ASSERT_TRUE(client.Start(kSequence, Numbered("i", i), kSteps).ok());
  }
  const auto all_finished = [&] {
    for (int i = 0; i < kInstances; ++i) {
      if (!client.GetStatus(Numbered("i", i))->finished()) return false;
    }
    return true;
  };
  while (clock.Now() - before < seconds(60)) {
    const std::uint64_t ends = provider.ends();  // before looking: nothing is missed
    if (all_finished()) break;
    if (WaitsForTime()) {
      clock.Advance(internal::tuning::kHandOverDelay);
    } else {
      provider.ends().Await(ends + 1);
    }
  }
  EXPECT_LE(clock.Now() - before, seconds(20));
  for (int i = 0; i < kInstances; ++i) {
    EXPECT_EQ(client.GetStatus(Numbered("i", i))->state, InstanceState::kCompleted);
  }
}

}  // namespace
}  // namespace duroxide
