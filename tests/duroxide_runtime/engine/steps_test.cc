// Local steps, patches and versions.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

int g_runs = 0;  // of steps; a test sets it to 0

Output TwoSteps(OrchestrationContext ctx, std::string input) {
  const auto text = [&input] {
    ++g_runs;
    return input + "!";
  };
  const Result<std::string> shout = ctx.Run("shout", text);
  const auto fails = [] {
    ++g_runs;
    return Result<int>(Status::Unavailable("later").CausedBy(Status::IoError("disk")));
  };
  const Result<int> failed = ctx.Run("fails", fails);
  co_await ctx.Sleep(hours(1));
  co_return *shout + " " + failed.status().ToString();
}

TEST(StepsTest, StepRunsAtOnceAndItsResultIsRecorded) {
  g_runs = 0;
  Engine engine(TwoSteps);
  engine.Start("x");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 StepRecorded \"shout\" output \"x!\"\n"
            "3 StepRecorded \"fails\" failed \"later\"\n"
            "4 TimerCreated");
  EXPECT_EQ(g_runs, 2);
}

TEST(StepsTest, ReplayNeverRunsAStepAndGivesWhatWasRecorded) {
  Engine engine(TwoSteps);
  engine.Start("x");
  std::get<StepRecorded>(engine.history()[1].body).output = "recorded";
  g_runs = 0;
  engine.Fire(4);
  EXPECT_EQ(g_runs, 0);
  const auto& end = std::get<OrchestrationCompleted>(engine.history().back().body);
  const Status expected = Status::Unavailable("later").CausedBy(Status::IoError("disk"));
  EXPECT_EQ(end.output, "recorded " + expected.ToString());
  CheckHistory(engine);
  EXPECT_EQ(g_runs, 0);
}

TEST(StepsTest, StepThatDivergesDoesNotRun) {
  Engine engine(TwoSteps);
  engine.Start("x");
  const auto renamed = [](OrchestrationContext ctx, std::string) -> Output {
    const Result<int> got = ctx.Run("whisper", [] { return ++g_runs; });
    co_return got.status();
  };
  const auto added = [](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(ctx.Run("shout", [] { return ++g_runs; }));
    static_cast<void>(ctx.Run("fails", [] { return ++g_runs; }));
    static_cast<void>(ctx.Run("more", [] { return ++g_runs; }));
    co_await ctx.Sleep(hours(1));
    co_return "";
  };
  const auto removed = [](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(ctx.Run("shout", [] { return ++g_runs; }));
    co_await ctx.Sleep(hours(1));
    co_return "";
  };
  g_runs = 0;
  EXPECT_EQ(DivergenceOf(engine.history(), renamed),
            "event 2: history holds StepRecorded \"shout\" output \"x!\", but the code asked for "
            "StepRecorded \"whisper\" failed \"the history does not hold this step\"");
  EXPECT_EQ(DivergenceOf(engine.history(), added).substr(0, 36),
            "event 4: history holds TimerCreated ");
  EXPECT_EQ(DivergenceOf(engine.history(), removed).substr(0, 44),
            "event 3: history holds StepRecorded \"fails\" ");
  EXPECT_EQ(g_runs, 0);
}

Task<int> RunsMore(OrchestrationContext ctx) {
  static_cast<void>(ctx.Run("more", [] { return ++g_runs; }));
  co_return 0;
}

TEST(StepsTest, StepAtTheEndOfTheHistoryThatIsNewDiverges) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    co_return co_await ctx.WaitForEvent<std::string>("e");
  });
  engine.Start();
  g_runs = 0;
  const auto more = [](OrchestrationContext ctx, std::string) -> Output {
    auto [event, more] = co_await WhenAll(ctx.WaitForEvent<std::string>("e"), RunsMore(ctx));
    co_return event;
  };
  EXPECT_EQ(DivergenceOf(engine.history(), more).substr(0, 37),
            "event 3: history ends before it, but ");
  EXPECT_EQ(g_runs, 0);
}

TEST(StepsTest, ExceptionOfAStepIsItsFailure) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    const auto throws = []() -> int { throw std::runtime_error("boom"); };
    const Result<int> got = ctx.Run("throws", throws);
    co_return got.status();
  });
  engine.Start();
  EXPECT_EQ(LastOf(engine),
            "OrchestrationFailed with Internal \"local step 'throws' threw: boom\"");
  CheckHistory(engine);
}

Output StepThrowsANumber(OrchestrationContext ctx, std::string) {
  const auto throws = []() -> int { throw 42; };
  co_return ctx.Run("throws", throws).status();
}

TEST(StepsTest, ExceptionOfAStepThatIsNoStdExceptionIsItsFailureToo) {
  Engine engine(StepThrowsANumber);
  engine.Start();
  EXPECT_EQ(FailureOf(engine).message,
            "local step 'throws' threw an exception that is no std::exception");
  CheckHistory(engine);
}

TEST(StepsTest, OutputOverTheLimitIsTheStepsFailure) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    const auto big = [] { return std::string(kValueBytesMax + 1, 'x'); };
    const Result<std::string> got = ctx.Run("big", big);
    co_return got.status();
  });
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kTooLarge);
  CheckHistory(engine);
}

TEST(StepsTest, NoStepRunsOnceTheExecutionHasFailed) {
  g_runs = 0;
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(ctx.Run("", [] { return ++g_runs; }));
    static_cast<void>(ctx.Run("good", [] { return ++g_runs; }));
    co_return "";
  });
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(engine.history().size(), 2u);
  EXPECT_EQ(g_runs, 0);
  CheckHistory(engine);
}

// The texts of failures count too, else such a turn would fit into no batch.
TEST(StepsTest, FailuresOfStepsCountAgainstTheLimitOfBytes) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    const auto fails = [] { return Result<int>(Status::Internal(std::string(60'000, 'x'))); };
    for (int i = 0; i < 1000; ++i) static_cast<void>(ctx.Run("fails", fails));
    co_return "";
  });
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kTooLarge);
  EXPECT_LE(engine.history().size(), kStepBytesMax / 60'000 + 2);
  CheckHistory(engine);
}

// History does not hold the step that was too much, and yet it is no divergence.
TEST(StepsTest, OutputsOfStepsCountAgainstTheLimitOfBytes) {
  g_runs = 0;
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    for (int i = 0; i < 5; ++i) {
      static_cast<void>(ctx.Run("grows", [] {
        ++g_runs;
        return std::string(kStepBytesMax / 3, 'x');
      }));
    }
    co_return "";
  });
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kTooLarge);
  EXPECT_EQ(engine.history().size(), 4u) << "the start, two steps, the end";
  EXPECT_EQ(g_runs, 3);
  CheckHistory(engine);
  EXPECT_EQ(g_runs, 3) << "a replay runs none";
}

// --- Patches ------------------------------------------------------------------------------------

Output Before(OrchestrationContext ctx, std::string) {
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
    co_await OrFail(ctx.Call(kEcho, "old"));
  }
  co_return "old";
}
Output After(OrchestrationContext ctx, std::string) {
  std::string text;
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
    if (ctx.Patched("new")) {
      text += co_await OrFail(ctx.Call(kEcho, "new"));
    } else {
      text += co_await OrFail(ctx.Call(kEcho, "old"));
    }
  }
  co_return text;
}

TEST(StepsTest, NewInstanceGoesThePatchedWayAndRecordsItOnce) {
  Engine engine(After);
  engine.Start();
  engine.Raise("e", "");
  engine.Complete(5, "1");
  engine.Raise("e", "");
  engine.Complete(9, "2");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 EventSubscribed \"e\"\n"
            "3 EventRaised \"e\" payload \"\"\n"
            "4 PatchRecorded \"new\"\n"
            "5 ActivityScheduled \"echo\" input \"new\"\n"
            "6 ActivityCompleted of event 5 output \"1\"\n"
            "7 EventSubscribed \"e\"\n"
            "8 EventRaised \"e\" payload \"\"\n"
            "9 ActivityScheduled \"echo\" input \"new\"\n"
            "10 ActivityCompleted of event 9 output \"2\"\n"
            "11 OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

TEST(StepsTest, InstanceThatHasPassedThePatchKeepsToTheOldWay) {
  Engine old(Before);
  old.Start();
  old.Raise("e", "");
  Engine engine(After);
  engine.history() = old.history();
  engine.Complete(4, "1");
  EXPECT_FALSE(engine.Raise("e", "").diagnosis);  // the second round: live, and old
  EXPECT_EQ(LastOf(engine), "ActivityScheduled \"echo\" input \"old\"");
  engine.Complete(8, "2");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

TEST(StepsTest, InstanceThatHasNotYetReachedThePatchTakesIt) {
  Engine old(Before);
  old.Start();
  Engine engine(After);
  engine.history() = old.history();
  engine.Raise("e", "");
  EXPECT_EQ(LastOf(engine), "ActivityScheduled \"echo\" input \"new\"");
  CheckHistory(engine);
}

TEST(StepsTest, PatchedHistoryDivergesFromTheOldCode) {
  Engine engine(After);
  engine.Start();
  engine.Raise("e", "");
  EXPECT_EQ(DivergenceOf(engine.history(), Before),
            "event 4: history holds PatchRecorded \"new\", but the code asked for "
            "ActivityScheduled \"echo\" input \"old\"");
}

TEST(StepsTest, PatchesInARowAreToldApart) {
  const auto one = [](OrchestrationContext ctx, std::string) -> Output {
    const bool b = ctx.Patched("b");
    co_await ctx.Sleep(hours(1));
    co_return b ? "b" : "none";
  };
  const auto two = [](OrchestrationContext ctx, std::string) -> Output {
    std::string text;
    if (ctx.Patched("a")) text += "a";
    if (ctx.Patched("b")) text += "b";
    co_await ctx.Sleep(hours(1));
    co_return text;
  };
  Engine old(one);
  old.Start();
  Engine engine(two);
  engine.history() = old.history();
  engine.Fire(3);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"b\"");
  Engine fresh(two);
  fresh.Start();
  fresh.Fire(4);
  EXPECT_EQ(LastOf(fresh), "OrchestrationCompleted output \"ab\"");
  CheckHistory(fresh);
}

// --- Versions -----------------------------------------------------------------------------------

inline constexpr Orchestration<std::string(std::string)> kJob("job");

template <int N>
Output Job(OrchestrationContext ctx, std::string) {
  const std::string step = "step of " + std::to_string(N);
  static_cast<void>(co_await ctx.Call(kEcho, step));
  co_return ctx.version().ToString();
}

Registry Versions(bool with_old) {
  Registry registry;
  if (with_old) registry.Add(kJob, {1, 9, 0}, Job<1>);
  registry.Add(kJob, {1, 10, 0}, Job<2>);
  return registry;
}

TEST(StepsTest, InstanceStartsOnTheLatestVersionAndKeepsIt) {
  Registry only_old;
  only_old.Add(kJob, {1, 9, 0}, Job<1>);
  Engine old(std::move(only_old));
  old.Start("", "job");
  Engine engine(Versions(true));
  engine.history() = old.history();
  engine.Complete(2, "");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1.9.0\"");
  Engine fresh(Versions(true));
  fresh.Start("", "job");
  EXPECT_EQ(LastOf(fresh), "ActivityScheduled \"echo\" input \"step of 2\"");
}

TEST(StepsTest, InstanceWhoseVersionIsGoneIsADiagnosis) {
  Engine old(Versions(true));
  old.Turn({StartItem{"job", "", OrchestrationVersion{1, 9, 0}, std::nullopt}});
  Engine engine(Versions(false));
  engine.history() = old.history();
  const TurnOutcome outcome = engine.Complete(2, "");
  ASSERT_TRUE(outcome.diagnosis);
  EXPECT_EQ(*outcome.diagnosis,
            "orchestration 'job' 1.9.0 is not registered in this runtime; register it with "
            "Registry::Add (there are 1.10.0)");
}

TEST(StepsTest, MistakesOfARegistryAreTold) {
  Registry twice = Versions(true);
  twice.Add(kJob, {1, 10, 0}, Job<2>);
  EXPECT_EQ(twice.status().code(), StatusCode::kInvalidArgument);
  Registry pinned = Versions(true);
  pinned.Pin("job", OrchestrationVersion{9, 0, 0});
  EXPECT_EQ(pinned.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(Versions(true).status().ok());
}

}  // namespace
}  // namespace duroxide
