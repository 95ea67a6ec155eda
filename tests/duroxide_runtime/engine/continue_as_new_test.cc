// Continue-as-new: one commit, and what survives it.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

inline constexpr Orchestration<int(int)> kCount("count");

Output Twice(OrchestrationContext ctx, std::string input) {
  if (input == "again") {
    const auto counted = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
    co_return counted + " " + ctx.custom_status().value_or("none") + " " +
        std::to_string(ctx.execution());
  }
  Future<std::string> open = ctx.Call(kEcho, "x");
  Timer timer = ctx.StartTimer(hours(1));
  ctx.SetKv("key", std::string("value"));
  ctx.SetCustomStatus("busy");
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "again");
}

TEST(ContinueAsNewTest, OpenWorkIsCancelledAndTheNextExecutionStartsInTheSameTurn) {
  Engine engine(Twice);
  engine.Start();
  const TurnOutcome outcome = engine.Raise("go", "");
  ASSERT_EQ(outcome.deltas.size(), 2u);
  EXPECT_EQ(outcome.deltas[0].execution, 1u);
  EXPECT_EQ(outcome.deltas[0].events_before, 6u);
  EXPECT_EQ(Engine::TextOf(outcome.deltas[0].events),
            "1 EventRaised \"go\" payload \"\"\n"
            "2 TimerCancelled of event 3\n"
            "3 ActivityCancelRequested of event 2\n"
            "4 OrchestrationContinuedAsNew input \"again\"");
  EXPECT_EQ(outcome.deltas[1].execution, 2u);
  EXPECT_EQ(outcome.deltas[1].events_before, 0u);
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"again\"\n"
            "2 EventSubscribed \"m\"");
  EXPECT_FALSE(outcome.go_on);
}

TEST(ContinueAsNewTest, KeyValueMapStatusParentAndBeginningSurvive) {
  Engine engine(Twice);
  const OperationAddress parent{"above", 2, 3};
  engine.Turn({StartItem{"test", "", std::nullopt, parent, 1}});
  const Started first = std::get<Started>(engine.history().front().body);
  engine.Raise("go", "");
  const Started second = std::get<Started>(engine.history().front().body);
  EXPECT_EQ(second.parent, parent);
  EXPECT_EQ(second.created_at, first.created_at);
  EXPECT_EQ(second.first_execution, 1u);
  EXPECT_NE(second.seed, first.seed);
  EXPECT_EQ(second.custom_status, (CustomStatus{"busy", 1}));
  EXPECT_EQ(engine.kv().at("key").value, "value");
  engine.Raise("m", "hello");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"hello busy 2\"");
  CheckHistory(engine.history(), engine.registry(), 2, engine.kv());
}

TEST(ContinueAsNewTest, Defect05_ItemsBehindItInTheBatchBelongToTheNewExecution) {
  Engine engine(Twice);
  engine.Start();
  const TurnOutcome outcome =
      engine.Turn({EventRaisedItem{{"go", ""}}, ActivityCompletedItem{{1, 2}, "late"},
                   EventRaisedItem{{"m", "new"}}});
  EXPECT_EQ(outcome.dropped, 1u);  // the completion, of an execution that has ended
  EXPECT_EQ(outcome.deltas.size(), 2u);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"new busy 2\"");
}

TEST(ContinueAsNewTest, RequestToCancelBehindItCancelsTheNewExecution) {
  Engine engine(Twice);
  engine.Start();
  engine.Turn({EventRaisedItem{{"go", ""}}, CancelItem{"enough"}});
  EXPECT_EQ(engine.execution(), 2u);
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
}

Output HearsAnew(OrchestrationContext ctx, std::string input) {
  if (input == "next") {
    std::string text = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
    for (int i = 0; i < 3; ++i) text += " " + co_await OrFail(ctx.WaitForEvent<std::string>("e"));
    co_return text;
  }
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "next");
}

TEST(ContinueAsNewTest, UnreadEventsAreCarriedOver) {
  Engine engine(HearsAnew);
  engine.Start();
  engine.Raise("e", "early");
  engine.Raise("m", "kept");
  engine.Turn({EventRaisedItem{{"e", "last moment"}}, EventRaisedItem{{"go", ""}}});
  ASSERT_EQ(engine.execution(), 2u);
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"next\" with 3 unread\n"
            "2 EventSubscribed \"m\"\n"
            "3 EventSubscribed \"e\"\n"
            "4 EventSubscribed \"e\"\n"
            "5 EventSubscribed \"e\"");
  engine.Raise("e", "fresh");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"kept early last moment fresh\"");
}

// --- How it is called ---------------------------------------------------------------------------

Output NotAwaited(OrchestrationContext ctx, std::string input) {
  if (input != "start") co_return co_await ctx.WaitForEvent<std::string>("e");
  static_cast<void>(ctx.ContinueAsNew(kTest, "first"));
  static_cast<void>(ctx.ContinueAsNew(kTest, "second"));
  Future<std::string> call = ctx.Call(kEcho, "x");
  co_await ctx.Sleep(hours(1));
  co_return "never";
}

TEST(ContinueAsNewTest, FirstCallCountsAndTakesEffectAtTheNextWait) {
  Engine engine(NotAwaited);
  const TurnOutcome outcome = engine.Start("start");
  EXPECT_EQ(Engine::TextOf(outcome.deltas[0].events),
            "1 Started \"test\" 1.0.0 input \"start\"\n"
            "2 ActivityScheduled \"echo\" input \"x\"\n"
            "3 TimerCreated\n"
            "4 ActivityCancelRequested of event 2\n"
            "5 TimerCancelled of event 3\n"
            "6 OrchestrationContinuedAsNew input \"first\"");
  CheckHistory(outcome.deltas[0].events, engine.registry());
}

Output ThenReturns(OrchestrationContext ctx, std::string input) {
  if (input == "stop") co_return "stopped";
  static_cast<void>(ctx.ContinueAsNew(kTest, "stop"));
  co_return "ignored";
}

TEST(ContinueAsNewTest, ItWinsOverAReturnValue) {
  Engine engine(ThenReturns);
  engine.Start();
  EXPECT_EQ(engine.execution(), 2u);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"stopped\"");
}

TEST(ContinueAsNewTest, OnlyAsItself) {
  const auto other = [](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(ctx.ContinueAsNew(kCount, 1));
    co_return "";
  };
  Engine engine(other);
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
}

TEST(ContinueAsNewTest, InputOverTheLimitFailsTheInstance) {
  const auto big = [](OrchestrationContext ctx, std::string) -> Output {
    std::string input(kValueBytesMax + 1, 'x');
    co_return ctx.ContinueAsNew(kTest, input);
  };
  Engine engine(big);
  engine.Start();
  EXPECT_EQ(engine.execution(), 1u);
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kTooLarge);
}

TEST(ContinueAsNewTest, ChangeBetweenReturnAndContinueDiverges) {
  const auto returns = [](OrchestrationContext, std::string) -> Output { co_return "done"; };
  const auto continues = [](OrchestrationContext ctx, std::string input) -> Output {
    if (input == "next") co_await ctx.Sleep(hours(1));
    co_return ctx.ContinueAsNew(kTest, "next");
  };
  Engine engine(continues);
  const TurnOutcome outcome = engine.Start();
  EXPECT_EQ(DivergenceOf(outcome.deltas[0].events, returns),
            "event 2: history holds OrchestrationContinuedAsNew input \"next\", but the code ended "
            "here with OrchestrationCompleted output \"done\"");
  Engine returned(returns);
  returned.Start();
  EXPECT_EQ(DivergenceOf(returned.history(), continues),
            "event 2: history holds OrchestrationCompleted output \"done\", but the code ended "
            "here with OrchestrationContinuedAsNew input \"next\"");
}

// --- Chains -------------------------------------------------------------------------------------

// Counts in the key-value map up to its input, one execution each, then waits.
Task<Result<int>> CountTo(OrchestrationContext ctx, int limit) {
  const std::optional<int> before = *ctx.GetKv<int>("n");
  const int count = before.value_or(0) + 1;
  ctx.SetKv("n", count);
  ctx.SetCustomStatus(std::to_string(count));
  if (count < limit) co_return ctx.ContinueAsNew(kCount, limit);
  co_return co_await ctx.WaitForEvent<int>("end");
}

Engine Counter() {
  Registry registry;
  registry.Add(kCount, CountTo);
  return Engine(std::move(registry));
}

TEST(ContinueAsNewTest, LongChainIsSpreadOverTurns) {
  constexpr int kLength = 3 * static_cast<int>(internal::kTurnExecutionsMax) + 3;
  Engine engine = Counter();
  TurnOutcome outcome = engine.Start(std::to_string(kLength), "count");
  int turns = 1;
  while (outcome.go_on) {
    EXPECT_EQ(outcome.deltas.size(), internal::kTurnExecutionsMax);
    outcome = engine.Turn({GoOnItem{}});
    ASSERT_FALSE(outcome.diagnosis) << *outcome.diagnosis;
    EXPECT_EQ(outcome.left, 0u);
    ASSERT_LT(++turns, 10);
  }
  EXPECT_EQ(turns, 4);
  EXPECT_EQ(engine.execution(), static_cast<std::uint64_t>(kLength));
  EXPECT_EQ(outcome.custom_status.value, std::to_string(kLength));
  engine.Raise("end", "7");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"7\"");
  EXPECT_EQ(engine.kv().at("n").value, std::to_string(kLength));
}

TEST(ContinueAsNewTest, SeedsOfAChainDependOnTheFirstAlone) {
  Engine at_once = Counter();
  at_once.Start("20", "count");
  at_once.Turn({GoOnItem{}});
  const std::uint64_t seed = std::get<Started>(at_once.history().front().body).seed;
  std::uint64_t expected = 42;
  for (std::uint64_t execution = 1; execution < 20; ++execution) {
    expected = Determinism("instance", execution, expected).NextSeed();
  }
  EXPECT_EQ(seed, expected);
}

TEST(ContinueAsNewTest, ItemsBehindAChainThatIsFullAreLeft) {
  Engine engine = Counter();
  const TurnOutcome outcome =
      engine.Turn({StartItem{"count", "20"}, EventRaisedItem{{"end", "1"}}, CancelItem{"x"}});
  EXPECT_TRUE(outcome.go_on);
  EXPECT_EQ(outcome.left, 2u);
}

// Else the turn would be repeated forever: it can't leave all, and give none to an execution.
TEST(ContinueAsNewTest, ItemsBeforeAChainThatIsStillFullStayInTheQueue) {
  Engine engine = Counter();
  engine.Start("40", "count");
  const TurnOutcome second = engine.Turn({EventRaisedItem{{"end", "1"}}, GoOnItem{}});
  EXPECT_TRUE(second.go_on);
  EXPECT_EQ(second.left, 0u);
  EXPECT_EQ(second.deltas.size(), internal::kTurnExecutionsMax);
  EXPECT_TRUE(second.keeps_items);
  const TurnOutcome third = engine.Turn({EventRaisedItem{{"end", "1"}}, GoOnItem{}});
  EXPECT_FALSE(third.keeps_items);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1\"");
}

TEST(ContinueAsNewTest, GoOnWithoutNeedDoesNothing) {
  Engine engine = Counter();
  engine.Start("1", "count");
  const TurnOutcome outcome = engine.Turn({GoOnItem{}});
  EXPECT_TRUE(outcome.empty());
  EXPECT_EQ(outcome.dropped, 0u);
  EXPECT_TRUE(Counter().Turn({GoOnItem{}}).empty());  // no such instance
}

Output HandsOnMuch(OrchestrationContext ctx, std::string input) {
  if (input.size() % 2 == 1) co_await ctx.Sleep(hours(1));
  std::string next(internal::kTurnChainBytesMax, 'x');
  co_return ctx.ContinueAsNew(kTest, next);
}

TEST(ContinueAsNewTest, ChainOfLargeInputsIsSpreadOverTurns) {
  Engine engine(HandsOnMuch);
  TurnOutcome outcome = engine.Start();
  EXPECT_EQ(outcome.deltas.size(), 1u);
  for (int turn = 0; turn < 5; ++turn) {
    ASSERT_TRUE(outcome.go_on);
    outcome = engine.Turn({GoOnItem{}});
    EXPECT_EQ(outcome.deltas.size(), 1u);
  }
}

// --- Versions -----------------------------------------------------------------------------------

template <int N>
Task<Result<int>> Version(OrchestrationContext ctx, int pick) {
  const int where = co_await OrFail(ctx.WaitForEvent<int>("go"));
  if (where == 0) co_return N * 1000 + static_cast<int>(ctx.version().major);
  if (pick > 0) {
    const OrchestrationVersion version{static_cast<std::uint32_t>(pick), 0, 0};
    co_return ctx.ContinueAsNew(kCount, pick, version);
  }
  co_return ctx.ContinueAsNew(kCount, pick);
}

Registry TwoVersions() {
  Registry registry;
  registry.Add(kCount, Version<1>);
  registry.Add(kCount, {2, 0, 0}, Version<2>);
  return registry;
}
TurnOutcome StartFirstVersion(Engine& engine, const std::string& input) {
  return engine.Turn({StartItem{"count", input, OrchestrationVersion{1, 0, 0}, std::nullopt}});
}

TEST(ContinueAsNewTest, WithoutAVersionThePolicyChooses) {
  Engine engine(TwoVersions());
  StartFirstVersion(engine, "0");
  engine.Raise("go", "1");
  engine.Raise("go", "0");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"2002\"");
}

TEST(ContinueAsNewTest, PinnedVersionIsThePolicysChoice) {
  Registry registry = TwoVersions();
  registry.Pin("count", OrchestrationVersion{1, 0, 0});
  Engine engine(std::move(registry));
  engine.Start("0", "count");
  engine.Raise("go", "1");
  engine.Raise("go", "0");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1001\"");
}

TEST(ContinueAsNewTest, VersionThatIsAskedForIsTaken) {
  Engine engine(TwoVersions());
  engine.Start("1", "count");  // on 2.0.0, and back
  engine.Raise("go", "1");
  engine.Raise("go", "0");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1001\"");
}

TEST(ContinueAsNewTest, VersionThatIsNotRegisteredIsLeftToTheNextTurnWhichParks) {
  Engine engine(TwoVersions());
  engine.Start("3", "count");
  const TurnOutcome outcome = engine.Raise("go", "1");
  EXPECT_TRUE(outcome.go_on);
  EXPECT_EQ(outcome.deltas.size(), 1u);
  EXPECT_TRUE(IsEnd(engine.history().back().body));
  const TurnOutcome parked = engine.Turn({GoOnItem{}});
  ASSERT_TRUE(parked.diagnosis);
  EXPECT_EQ(*parked.diagnosis,
            "orchestration 'count' 3.0.0 is not registered in this runtime; register it with "
            "Registry::Add (there are 1.0.0 2.0.0)");
}

TEST(ContinueAsNewTest, CodeOfTheOldVersionIsNotNeededToGoOn) {
  Engine old(TwoVersions());
  StartFirstVersion(old, "3");
  old.Raise("go", "1");
  Registry registry;
  registry.Add(kCount, {3, 0, 0}, Version<3>);
  Engine engine(std::move(registry));
  engine.history() = old.history();
  const TurnOutcome outcome = engine.Turn({GoOnItem{}});
  ASSERT_FALSE(outcome.diagnosis) << *outcome.diagnosis;
  engine.Raise("go", "0");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"3003\"");
}

// --- Randomness ---------------------------------------------------------------------------------

Output Ids(OrchestrationContext ctx, std::string input) {
  const std::string ids = ctx.NewUuid() + " " + std::to_string(ctx.NewRandom());
  if (input == "first") co_return ctx.ContinueAsNew(kTest, ids);
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ids + " " + input;
}

TEST(ContinueAsNewTest, IdsDifferBetweenExecutionsAndInstancesAndNotOnReplay) {
  Engine engine(Ids);
  engine.Start("first");
  const std::string first = std::get<Started>(engine.history().front().body).input;
  engine.Raise("go", "");  // replays
  const auto& end = std::get<OrchestrationCompleted>(engine.history().back().body);
  EXPECT_EQ(end.output.substr(end.output.size() - first.size()), first);
  EXPECT_NE(end.output.substr(0, 36), first.substr(0, 36));
  CheckHistory(engine.history(), engine.registry(), 2);
  Determinism here("instance", 1, 42);
  EXPECT_EQ(here.NewUuid(), first.substr(0, 36));
  EXPECT_NE(Determinism("other", 1, 42).NewUuid(), first.substr(0, 36));
  EXPECT_NE(Determinism("other", 1, 42).NewRandom(), here.NewRandom());
  EXPECT_NE(Determinism("instance", 1, 43).NewUuid(), first.substr(0, 36));
}

}  // namespace
}  // namespace duroxide
