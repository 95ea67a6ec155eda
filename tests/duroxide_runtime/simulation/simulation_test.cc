// The simulation by itself, and random orchestrations in it.

#include "tandem/duroxide_runtime/testing/simulation.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tandem/tests/duroxide_runtime/samples.h"
#include "tandem/tests/duroxide_runtime/simulation/random_run.h"
#include "tandem/tests/support/random_seed.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

TEST(SimulationTest, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  const RandomRun first = RunRandomProgram(7, SimulationOptions());
  const RandomRun again = RunRandomProgram(7, SimulationOptions());
  EXPECT_EQ(first.wrong, "");
  EXPECT_EQ(first.trace, again.trace);
  EXPECT_EQ(first.result, again.result);
  EXPECT_NE(first.trace, RunRandomProgram(8, SimulationOptions()).trace);
}

Task<Result<std::string>> WaitAYear(OrchestrationContext ctx, std::string text) {
  for (int day = 0; day < 365; ++day) co_await ctx.Sleep(std::chrono::hours(24));
  co_return text;
}

TEST(SimulationTest, TimeIsSkipped) {
  constexpr Orchestration<std::string(std::string)> kYear("year");
  Registry registry;
  registry.Add(kYear, WaitAYear);
  Simulation sim(1, std::move(registry), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kYear, "y", "done").ok());
  ASSERT_TRUE(sim.Run().ok());
  const auto status = sim.client().GetStatus("y");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->output, "done");
  EXPECT_EQ(status->updated_at - status->created_at, std::chrono::hours(24 * 365));
  EXPECT_TRUE(sim.Check().ok());
}

TEST(SimulationTest, AWaitThatNobodyWorksForIsReported) {
  constexpr auto kLong = std::chrono::hours(1);
  Simulation sim(1, Working(), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kSequence, "s", 3).ok());
  const Status waits = sim.client().Wait(kSequence, "s", kLong).status();
  EXPECT_EQ(
      waits.ToString(),
      "InvalidArgument: waiting for an event of 'dx/i/s' in a simulation, where nobody works "
      "meanwhile: call Simulation::Run(), RunUntil() or Step() first, then ask without waiting "
      "(a timeout of 0, or GetStatus)");
  EXPECT_EQ(sim.client().WaitForKv<int>("s", "key", kLong).status().code(),
            StatusCode::kInvalidArgument);
  HistoryOptions follow;
  follow.from = 100;
  follow.wait = kLong;
  EXPECT_EQ(sim.client().ReadHistory("s", follow).status().code(), StatusCode::kInvalidArgument);
  tandem::DequeueOptions dequeue;
  dequeue.wait = kLong;
  const std::vector<std::string> queues(1, "empty");
  EXPECT_EQ(sim.provider().Dequeue(queues, dequeue).status().code(), StatusCode::kInvalidArgument);
  tandem::FeedOptions feed;
  feed.wait = kLong;
  const tandem::Position never = 1'000'000;
  EXPECT_EQ(sim.provider().ReadAll(never, feed).status().code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(sim.Run().ok());
  EXPECT_EQ(sim.client().Wait(kSequence, "s", kLong).value(), 6) << "nothing to wait for";
}

TEST(SimulationTest, RunUntilStopsInTheMiddle) {
  constexpr Orchestration<std::string(std::string)> kYear("year");
  Registry registry;
  registry.Add(kYear, WaitAYear);
  Simulation sim(1, std::move(registry), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kYear, "y", "done").ok());
  ASSERT_TRUE(sim.RunUntil(sim.now() + std::chrono::hours(24 * 10)).ok());
  EXPECT_EQ(sim.client().GetStatus("y")->state, InstanceState::kRunning);
  EXPECT_EQ(sim.Check().code(), StatusCode::kInternal) << "its timer is still there";
}

TEST(SimulationTest, FaultsHappenAndNothingIsLost) {
  SimulationOptions options;
  options.crash_at_commit = options.crash_between = options.lease_loss = 0.2;
  Simulation sim(tandem::testing::TestSeed(), Working(), options);
  ASSERT_TRUE(sim.client().Start(kSequence, "s", 30).ok());
  ASSERT_TRUE(sim.client().Start(kFanOut, "f", 30).ok());
  const Status run = sim.Run();
  ASSERT_TRUE(run.ok()) << run;
  EXPECT_EQ(sim.client().GetStatus("s")->output, "465");
  EXPECT_EQ(sim.client().GetStatus("f")->output, "465");
  EXPECT_GT(sim.counts().crashes, 0U);
  EXPECT_GT(sim.counts().lost_leases, 0U);
  const Status check = sim.Check();
  EXPECT_TRUE(check.ok()) << check;
}

TEST(SimulationTest, RandomProgramsGiveWhatTheyGiveWithoutFaults) {
  const std::uint64_t base = tandem::testing::TestSeed();
  for (std::uint64_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(CheckRandomProgram(base + i, SimulationOptions()), "") << "seed " << base + i;
  }
}

TEST(SimulationTest, RandomProgramsGiveTheSameLiveAndReplayedFusedAndNot) {
  const std::uint64_t base = tandem::testing::TestSeed();
  for (std::uint64_t i = 0; i < 300; ++i) {
    SimulationOptions options;
    options.runtimes = 1 + i % 3;
    options.live_instances = (i / 3) % 3 * 2;
    options.fused_commits = (i / 9) % 2 == 0;
    ASSERT_EQ(CheckRandomProgram(base + i, options), "") << "seed " << base + i << ", case " << i;
  }
}

TEST(SimulationTest, RandomProgramsSurviveAStormOfFaults) {
  SimulationOptions storm;
  storm.runtimes = 3;
  storm.crash_at_commit = storm.crash_between = storm.lease_loss = 0.15;
  const std::uint64_t base = tandem::testing::TestSeed();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(CheckRandomProgram(base + i, storm), "") << "seed " << base + i;
  }
}

// --- Children of children -----------------------------------------------------------------------

TEST(SimulationTest, ChildrenNestTwoHundredDeepAndTheirIdsDoNotGrow) {
  constexpr int kDepth = 200;
  Registry registry;
  registry.Add(kDescend, Descend);
  Simulation sim(tandem::testing::TestSeed(), std::move(registry));
  ASSERT_TRUE(sim.client().Start(kDescend, "root", kDepth).ok());
  const Status run = sim.Run();
  ASSERT_TRUE(run.ok()) << run;
  EXPECT_EQ(sim.client().GetStatus("root")->output, std::to_string(kDepth));
  const Status check = sim.Check();
  EXPECT_TRUE(check.ok()) << check;
  const auto tree = sim.client().admin().GetTree("root");
  ASSERT_TRUE(tree.ok()) << tree.status();
  std::set<std::string> ids;
  for (const TreeEntry& member : *tree) {
    EXPECT_LE(member.instance.size(), std::string("root::sub::0123456789abcdef").size());
    ids.insert(member.instance);
  }
  EXPECT_EQ(ids.size(), kDepth + 1U);
  EXPECT_TRUE(ids.contains("root::sub::1.1"));
}

// --- The checks can fail: engines that are broken on purpose are found out --------------------

using Operations = std::vector<tandem::Operation>;

// Whether one of some seeds shows that something is wrong.
bool IsFoundOut(std::function<void(Operations&)> tamper) {
  SimulationOptions options;
  options.steps_max = 10'000;
  options.tamper = std::move(tamper);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    if (!CheckRandomProgram(seed, options).empty()) return true;
  }
  return false;
}

// Asks the world instead of its context.
constexpr Activity<int(int)> kDouble("double");
int calls_of_the_careless = 0;
Task<Result<int>> Careless(OrchestrationContext ctx, int number) {
  ++calls_of_the_careless;
  co_return co_await ctx.Call(kDouble, number + calls_of_the_careless);
}

TEST(SimulationTest, AnOrchestrationThatIsNotDeterministicIsFoundOut) {
  constexpr Orchestration<int(int)> kCareless("careless");
  Registry registry;
  registry.Add(kCareless, Careless);
  registry.Add(kDouble, [](ActivityContext /*ctx*/, int number) { return 2 * number; });
  SimulationOptions options = SimulationOptions::Calm();
  options.steps_max = 1000;
  options.live_instances = 0;  // who stays in memory is not asked again
  Simulation sim(1, std::move(registry), options);
  ASSERT_TRUE(sim.client().Start(kCareless, "c", 0).ok());
  EXPECT_FALSE(sim.Run().ok() && sim.Check().ok());
}

template <typename T>
void Drop(Operations& operations) {
  std::erase_if(operations,
                [](const auto& operation) { return std::holds_alternative<T>(operation); });
}

TEST(SimulationTest, AnEngineThatLosesItsMessagesIsFoundOut) {
  EXPECT_TRUE(IsFoundOut([](Operations& operations) { Drop<tandem::Enqueue>(operations); }));
}

TEST(SimulationTest, AnEngineThatDoesNotAcknowledgeIsFoundOut) {
  EXPECT_TRUE(IsFoundOut([](Operations& operations) { Drop<tandem::DeleteMessages>(operations); }));
}

TEST(SimulationTest, AnEngineThatDoesNotRecordIsFoundOut) {
  EXPECT_TRUE(IsFoundOut([](Operations& operations) { Drop<tandem::AppendEvents>(operations); }));
}

TEST(SimulationTest, AnEngineWithoutAFenceIsFoundOut) {
  EXPECT_TRUE(IsFoundOut([](Operations& operations) {
    Drop<tandem::DeleteMessages>(operations);
    Drop<tandem::CheckVersion>(operations);
    for (auto& operation : operations) {
      auto* append = std::get_if<tandem::AppendEvents>(&operation);
      if (append != nullptr) append->expected = tandem::Expected::Any();
    }
  }));
}

}  // namespace
}  // namespace duroxide
