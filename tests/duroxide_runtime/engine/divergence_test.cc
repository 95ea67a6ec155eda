// Code that no longer matches its history is told apart at the exact event, and changes nothing.

#include <gtest/gtest.h>

#include "tandem/tests/duroxide_runtime/coroutine/run_task.h"
#include "tandem/tests/duroxide_runtime/engine/engine.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;

inline constexpr Activity<std::string(std::string)> kOther("other");

// The code that writes the history: 1 Started, 2 echo "a", 3 its completion, 4 TimerCreated.
Output Original(OrchestrationContext ctx, std::string) {
  std::string a = co_await OrFail(ctx.Call(kEcho, "a"));
  co_await ctx.Sleep(std::chrono::hours(1));
  co_return a;
}

History OriginalHistory() {
  Engine engine(Original);
  engine.Start();
  engine.Complete(2, "A");
  return engine.history();
}

template <typename Function>
std::string Diagnosis(Function changed) {
  Engine engine(changed);
  engine.history() = OriginalHistory();
  const std::string before = engine.Text();
  const TurnOutcome outcome = engine.Fire(4);
  if (!outcome.diagnosis) return "no divergence";
  EXPECT_EQ(engine.Text(), before);  // a divergence never writes
  return *outcome.diagnosis;
}

void ExpectDivergence(const std::string& diagnosis, const std::string& expected) {
  EXPECT_EQ(diagnosis.find("the code no longer matches the history at " + expected), 0u)
      << diagnosis;
  EXPECT_NE(diagnosis.find("Restore the code that wrote this history"), std::string::npos);
}

TEST(DivergenceTest, SameCodeDoesNotDiverge) { EXPECT_EQ(Diagnosis(Original), "no divergence"); }

Output ChangedName(OrchestrationContext ctx, std::string) {
  co_return co_await ctx.Call(kOther, "a");
}
TEST(DivergenceTest, ChangedName) {
  ExpectDivergence(Diagnosis(ChangedName),
                   "event 2: history holds ActivityScheduled \"echo\" input \"a\", but the code "
                   "asked for ActivityScheduled \"other\" input \"a\". ");
}

Output ChangedInput(OrchestrationContext ctx, std::string) {
  co_return co_await ctx.Call(kEcho, "b");
}
TEST(DivergenceTest, ChangedInput) {
  ExpectDivergence(Diagnosis(ChangedInput),
                   "event 2: history holds ActivityScheduled \"echo\" input \"a\", but the code "
                   "asked for ActivityScheduled \"echo\" input \"b\". ");
}

Output ChangedTag(OrchestrationContext ctx, std::string) {
  CallOptions options;
  options.Tag("gpu");
  co_return co_await ctx.Call(kEcho, "a", options);
}
TEST(DivergenceTest, ChangedTag) {
  ExpectDivergence(Diagnosis(ChangedTag),
                   "event 2: history holds ActivityScheduled \"echo\" input \"a\", but the code "
                   "asked for ActivityScheduled \"echo\" input \"a\" tag \"gpu\". ");
}

Output DifferentKind(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(std::chrono::hours(1));
  co_return "";
}
TEST(DivergenceTest, DifferentKind) {
  ExpectDivergence(Diagnosis(DifferentKind),
                   "event 2: history holds ActivityScheduled \"echo\" input \"a\", but the code "
                   "asked for TimerCreated for ");
}

Output MissingCommand(OrchestrationContext ctx, std::string) {
  std::string a = co_await OrFail(ctx.Call(kEcho, "a"));
  std::vector<Future<std::string>> none;
  // Waits forever without having asked for the timer.
  const Gate never;
  co_await GateOpening(never);
  co_return a;
}
TEST(DivergenceTest, MissingCommand) {
  ExpectDivergence(Diagnosis(MissingCommand), "event 4: history holds TimerCreated for ");
  EXPECT_NE(Diagnosis(MissingCommand).find("the code asked for nothing more and waits"),
            std::string::npos);
}

Output ExtraCommand(OrchestrationContext ctx, std::string) {
  std::string a = co_await OrFail(ctx.Call(kEcho, "a"));
  Timer timer = ctx.StartTimer(std::chrono::hours(1));
  Future<std::string> extra = ctx.Call(kOther, "x");
  co_await std::move(timer);
  co_return a;
}
TEST(DivergenceTest, ExtraCommandAtTheEndOfTheHistory) {
  ExpectDivergence(Diagnosis(ExtraCommand),
                   "event 5: history ends before it, but the code asked for ActivityScheduled "
                   "\"other\" input \"x\". ");
}

Output ExtraCommandInside(OrchestrationContext ctx, std::string) {
  Future<std::string> first = ctx.Call(kEcho, "a");
  Future<std::string> extra = ctx.Call(kOther, "x");
  co_return co_await std::move(first);
}
TEST(DivergenceTest, ExtraCommandInsideTheHistory) {
  ExpectDivergence(Diagnosis(ExtraCommandInside),
                   "event 3: history holds ActivityCompleted of event 2 output \"A\", but the "
                   "code asked for ActivityScheduled \"other\" input \"x\". ");
}

Output EarlierReturn(OrchestrationContext ctx, std::string) {
  co_return co_await ctx.Call(kEcho, "a");
}
TEST(DivergenceTest, EarlierReturn) {
  const std::string diagnosis = Diagnosis(EarlierReturn);
  ExpectDivergence(diagnosis, "event 4: history holds TimerCreated for ");
  EXPECT_NE(diagnosis.find("but the code ended here with OrchestrationCompleted output \"A\""),
            std::string::npos)
      << diagnosis;
}

Output LaterReturn(OrchestrationContext ctx, std::string) {
  std::string a = co_await OrFail(ctx.Call(kEcho, "a"));
  co_await ctx.Sleep(std::chrono::hours(1));
  co_await OrFail(ctx.Call(kEcho, "more"));
  co_return a;
}
TEST(DivergenceTest, LaterReturnIsFoundInAFinishedHistory) {
  Engine engine(Original);
  engine.history() = OriginalHistory();
  engine.Fire(4);
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
  const Engine changed(LaterReturn);
  const auto diagnosis = FindDivergence("instance", 1, engine.history(), {}, changed.registry());
  ASSERT_TRUE(diagnosis);
  ExpectDivergence(*diagnosis,
                   "event 6: history holds OrchestrationCompleted output \"A\", but the code asked "
                   "for ActivityScheduled \"echo\" input \"more\". ");
}

Output NoCancel(OrchestrationContext ctx, std::string) {
  Timer timer = ctx.StartTimer(std::chrono::hours(1));
  std::string a = co_await OrFail(ctx.WaitForEvent<std::string>("e"));
  co_await std::move(timer);
  co_return a;
}
Output Cancels(OrchestrationContext ctx, std::string) {
  {
    const auto any =
        co_await WhenAny(ctx.StartTimer(std::chrono::hours(1)), ctx.WaitForEvent<std::string>("e"));
  }
  co_return co_await ctx.WaitForEvent<std::string>("f");
}
TEST(DivergenceTest, CancellationsAreMatchedToo) {
  Engine engine(Cancels);
  engine.Start();
  engine.Raise("e", "x");
  Engine changed(NoCancel);
  changed.history() = engine.history();
  const TurnOutcome outcome = changed.Raise("f", "y");
  ASSERT_TRUE(outcome.diagnosis);
  ExpectDivergence(*outcome.diagnosis,
                   "event 5: history holds TimerCancelled of event 2, but the code asked for "
                   "nothing more and waits");
}

TEST(DivergenceTest, ChangedDurationOfATimerIsNone) {
  const auto longer = [](OrchestrationContext ctx, std::string) -> Output {
    std::string a = co_await OrFail(ctx.Call(kEcho, "a"));
    co_await ctx.Sleep(std::chrono::hours(9));
    co_return a;
  };
  EXPECT_EQ(Diagnosis(longer), "no divergence");
}

TEST(DivergenceTest, DamagedOrderIsReportedAsSuch) {
  Engine engine(Original);
  engine.history() = OriginalHistory();
  std::swap(engine.history()[0], engine.history()[2]);
  const TurnOutcome outcome = engine.Fire(4);
  ASSERT_TRUE(outcome.diagnosis);
  EXPECT_EQ(outcome.diagnosis->find("the history is damaged at event 1"), 0u);
}

}  // namespace
}  // namespace duroxide
