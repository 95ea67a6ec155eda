// The turn engine by tables: work items in, history out.

#include <gtest/gtest.h>

#include <stdexcept>

#include "duroxide_runtime/limits.h"
#include "tests/duroxide_runtime/engine.h"
#include "tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

Registry Samples() {
  Registry registry;
  AddSamples(registry);
  return registry;
}

Output TwoSteps(OrchestrationContext ctx, std::string input) {
  const std::string a = co_await OrFail(ctx.Call(kEcho, input + "1"));
  const std::string b = co_await OrFail(ctx.Call(kEcho, a + "2"));
  co_return a + b;
}

TEST(EngineTest, CommandsStandRightBehindTheInputThatCausedThem) {
  Engine engine(TwoSteps);
  engine.Start("x");
  engine.Complete(2, "A");
  engine.Complete(4, "B");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 ActivityScheduled \"echo\" input \"x1\"\n"
            "3 ActivityCompleted of event 2 output \"A\"\n"
            "4 ActivityScheduled \"echo\" input \"A2\"\n"
            "5 ActivityCompleted of event 4 output \"B\"\n"
            "6 OrchestrationCompleted output \"AB\"");
}

TEST(EngineTest, FailurePassesUpThroughOrFail) {
  Engine engine(TwoSteps);
  engine.Start("x");
  engine.Fail(2, "no such file");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 ActivityScheduled \"echo\" input \"x1\"\n"
            "3 ActivityFailed of event 2 with NotFound \"no such file\"\n"
            "4 OrchestrationFailed with NotFound \"no such file\"");
}

TEST(EngineTest, InputsOfOneTurnAreInterleavedAsIfTheyCameAlone) {
  Engine together(Samples());
  together.Start("2", "fan-out");
  together.Turn({ActivityCompletedItem{{1, 3}, "20"}, ActivityCompletedItem{{1, 2}, "10"}});
  EXPECT_EQ(together.Text(),
            "1 Started \"fan-out\" 1.0.0 input \"2\"\n"
            "2 ActivityScheduled \"add\" input \"1\"\n"
            "3 ActivityScheduled \"add\" input \"2\"\n"
            "4 ActivityCompleted of event 3 output \"20\"\n"
            "5 ActivityCompleted of event 2 output \"10\"\n"
            "6 OrchestrationCompleted output \"30\"");
  Engine alone(Samples());
  alone.Start("2", "fan-out");
  alone.Complete(3, "20");
  alone.Complete(2, "10");
  EXPECT_EQ(alone.Text(), together.Text());
}

TEST(EngineTest, LoserOfWhenAnyIsCancelled) {
  Engine event_wins(Samples());
  event_wins.Start("trip", "approval");
  event_wins.Raise("approved", "ann");
  EXPECT_EQ(event_wins.Text(),
            "1 Started \"approval\" 1.0.0 input \"trip\"\n"
            "2 EventSubscribed \"approved\"\n"
            "3 TimerCreated\n"
            "4 EventRaised \"approved\" payload \"ann\"\n"
            "5 TimerCancelled of event 3\n"
            "6 OrchestrationCompleted output \"trip by ann\"");
}

// Upstream hands such an event to the wait that has just lost.
TEST(EngineTest, EventBehindTheTimerOfTheSameTurnDoesNotGoToTheDeadWait) {
  Engine engine(Samples());
  engine.Start("trip", "approval");
  engine.Turn({TimerFiredItem{{1, 3}}, EventRaisedItem{"approved", "early"}});
  engine.Complete(6, "");
  engine.Raise("approved", "bob");
  EXPECT_EQ(engine.Text(),
            "1 Started \"approval\" 1.0.0 input \"trip\"\n"
            "2 EventSubscribed \"approved\"\n"
            "3 TimerCreated\n"
            "4 TimerFired of event 3\n"
            "5 EventUnsubscribed of event 2\n"
            "6 ActivityScheduled \"echo\" input \"remind trip\"\n"
            "7 EventRaised \"approved\" payload \"early\"\n"
            "8 ActivityCompleted of event 6 output \"\"\n"
            "9 EventSubscribed \"approved\"\n"
            "10 EventRaised \"approved\" payload \"bob\"\n"
            "11 OrchestrationCompleted output \"trip late by bob\"");
}

Output TwoWaits(OrchestrationContext ctx, std::string) {
  Future<std::string> first = ctx.WaitForEvent<std::string>("e");
  Future<std::string> second = ctx.WaitForEvent<std::string>("e");
  const std::string b = co_await OrFail(std::move(second));
  const std::string a = co_await OrFail(std::move(first));
  co_return a + "," + b;
}

TEST(EngineTest, EventsGoToTheOldestWaitAndDuplicatesCount) {
  Engine engine(TwoWaits);
  engine.Start();
  engine.Raise("other", "x");
  engine.Turn({EventRaisedItem{"e", "same"}, EventRaisedItem{"e", "same"}});
  EXPECT_EQ(engine.Text().substr(engine.Text().rfind('\n') + 1),
            "7 OrchestrationCompleted output \"same,same\"");
}

Output LateWait(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  co_return co_await ctx.WaitForEvent<std::string>("e");
}

TEST(EngineTest, EventBeforeTheWaitIsRecordedAndSkippedForEver) {
  Engine engine(LateWait);
  engine.Start();
  engine.Raise("e", "early");
  engine.Fire(2);
  EXPECT_EQ(engine.history().size(), 5u);  // Started, timer, early event, fired, subscribed
  engine.Raise("e", "in time");
  EXPECT_EQ(Describe(engine.history().back().body), "OrchestrationCompleted output \"in time\"");
}

TEST(EngineTest, LateAndRepeatedCompletionsAreDropped) {
  Engine engine(TwoSteps);
  engine.Start("x");
  engine.Complete(2, "A");
  const std::string before = engine.Text();
  const TurnOutcome outcome = engine.Turn({
      ActivityCompletedItem{{1, 2}, "again"},  // closed
      Engine::Failed(2, StatusCode::kInternal, "again"),
      ActivityCompletedItem{{1, 77}, "unknown"},  // never scheduled
      ActivityCompletedItem{{2, 4}, "other execution"},
      TimerFiredItem{{1, 4}},  // 4 is no timer
      StartItem{"test", "again"},
  });
  EXPECT_EQ(outcome.dropped, 6u);
  EXPECT_FALSE(outcome.diagnosis);
  EXPECT_EQ(engine.Text(), before);
}

TEST(EngineTest, MessagesForAnInstanceThatNeverStartedAreDropped) {
  Engine engine(TwoSteps);
  const TurnOutcome outcome = engine.Turn({EventRaisedItem{"e", "x"}, TimerFiredItem{{1, 2}}});
  EXPECT_EQ(outcome.dropped, 2u);
  EXPECT_TRUE(outcome.empty());
}

TEST(EngineTest, NothingIsRecordedBehindTheEnd) {
  Engine engine(TwoSteps);
  engine.Start("x");
  const TurnOutcome end =
      engine.Turn({Engine::Failed(2, StatusCode::kInternal, "e"), EventRaisedItem{"e", ""}});
  EXPECT_EQ(end.dropped, 1u);
  EXPECT_TRUE(IsEnd(engine.history().back().body));
  EXPECT_EQ(engine.Raise("e", "x").dropped, 1u);
  EXPECT_TRUE(IsEnd(engine.history().back().body));
}

Output LeavesWorkBehind(OrchestrationContext ctx, std::string input) {
  auto kept = std::make_shared<std::vector<Future<std::string>>>();
  kept->push_back(ctx.Call(kEcho, input));
  Timer timer = ctx.StartTimer(hours(1));
  co_return "done";
}

TEST(EngineTest, WhatIsOpenAtTheEndIsCancelledBeforeIt) {
  Engine engine(LeavesWorkBehind);
  engine.Start("x");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 ActivityScheduled \"echo\" input \"x\"\n"
            "3 TimerCreated\n"
            "4 TimerCancelled of event 3\n"
            "5 ActivityCancelRequested of event 2\n"
            "6 OrchestrationCompleted output \"done\"");
}

Output Throws(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  throw std::runtime_error("boom");
}

TEST(EngineTest, ExceptionEndsTheInstanceAsFailed) {
  Engine engine(Throws);
  engine.Start();
  engine.Fire(2);
  EXPECT_EQ(Describe(engine.history().back().body), "OrchestrationFailed with Internal \"boom\"");
}

TEST(EngineTest, ExceptionBeforeTheCoroutineEndsTheInstanceAsFailed) {
  Engine engine([](OrchestrationContext, std::string) -> Output { throw std::logic_error("no"); });
  engine.Start();
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 OrchestrationFailed with Internal \"no\"");
}

TEST(EngineTest, UndecodableInputFailsWithAClearMessage) {
  Engine engine(Samples());
  engine.Start("three", "sequence");
  const auto& failed = std::get<OrchestrationFailed>(engine.history().back().body);
  EXPECT_EQ(failed.failure.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(failed.failure.message.find("the input of orchestration 'sequence' can't be decoded"),
            0u);
}

TEST(EngineTest, UndecodableOutputIsTheFuturesFailure) {
  Engine engine(Samples());
  engine.Start("1", "sequence");
  engine.Complete(2, "one");
  EXPECT_EQ(std::get<OrchestrationFailed>(engine.history().back().body).failure.code,
            StatusCode::kInvalidArgument);
}

Output CallsWithTooMuch(OrchestrationContext ctx, std::string) {
  const std::string big(kValueBytesMax + 1, 'x');
  co_return co_await ctx.Call(kEcho, big);
}

TEST(EngineTest, InputOverTheLimitFailsTheInstanceAndIsNotRecorded) {
  Engine engine(CallsWithTooMuch);
  engine.Start();
  EXPECT_EQ(std::get<OrchestrationFailed>(engine.history().back().body).failure.code,
            StatusCode::kTooLarge);
  for (const HistoryEvent& event : engine.history()) {
    EXPECT_LT(EncodeHistoryEvent(event).size(), 1000u);
  }
}

Output ReturnsTooMuch(OrchestrationContext, std::string) {
  co_return std::string(kValueBytesMax + 1, 'x');
}

TEST(EngineTest, OutputOverTheLimitFailsTheInstance) {
  Engine engine(ReturnsTooMuch);
  engine.Start();
  EXPECT_EQ(std::get<OrchestrationFailed>(engine.history().back().body).failure.code,
            StatusCode::kTooLarge);
}

Output AsksForTooMuch(OrchestrationContext ctx, std::string) {
  std::vector<Future<std::string>> futures;
  for (std::size_t i = 0; i <= kStepOperationsMax; ++i) futures.push_back(ctx.Call(kEcho, "x"));
  co_await WhenAll(std::move(futures));
  co_return "";
}

TEST(EngineTest, TooManyOperationsAtOnceFailTheInstance) {
  Engine engine(AsksForTooMuch);
  engine.Start();
  EXPECT_EQ(std::get<OrchestrationFailed>(engine.history().back().body).failure.code,
            StatusCode::kTooLarge);
  EXPECT_EQ(engine.history().size(), 2 * kStepOperationsMax + 2);  // all is cancelled
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

Output KeepsTooMuchOpen(OrchestrationContext ctx, std::string) {
  std::vector<Timer> timers;
  while (true) {
    for (int i = 0; i < 4000; ++i) timers.push_back(ctx.StartTimer(hours(1)));
    co_await OrFail(ctx.Call(kEcho, "x"));
  }
}

// Else the turn that ends it, and cancels them all, would fit into no batch, however often tried.
TEST(EngineTest, TooManyOpenOperationsFailTheInstance) {
  Engine engine(KeepsTooMuchOpen);
  engine.Start();
  engine.Complete(4002, "a");
  EXPECT_EQ(engine.history().size(), 8004u);
  engine.Complete(8004, "b");
  EXPECT_EQ(std::get<OrchestrationFailed>(engine.history().back().body).failure.code,
            StatusCode::kTooLarge);
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

class CallsWhenDestroyed {
 public:
  explicit CallsWhenDestroyed(OrchestrationContext ctx) : ctx_(ctx) {}
  ~CallsWhenDestroyed() { static_cast<void>(ctx_.StartTimer(hours(1))); }

 private:
  OrchestrationContext ctx_;
};

Output ActsInADestructor(OrchestrationContext ctx, std::string) {
  const CallsWhenDestroyed local(ctx);
  co_await ctx.Sleep(hours(1));
  co_return "";
}

TEST(EngineDeathTest, StartingSomethingWhileBeingDestroyedAborts) {
  Engine engine(ActsInADestructor);
  EXPECT_DEATH(engine.Start(), "while its orchestration is being destroyed");
}

Output TimeAndIds(OrchestrationContext ctx, std::string) {
  std::string text = std::to_string(ctx.Now().time_since_epoch().count()) + " " + ctx.NewUuid();
  co_await ctx.Sleep(hours(1));
  text += " " + std::to_string(ctx.Now().time_since_epoch().count()) + " " + ctx.NewUuid();
  const std::string ignored = co_await OrFail(ctx.Call(kEcho, text));
  co_return text;
}

TEST(EngineTest, TimeAndIdsAreThoseOfTheFirstRun) {
  Engine engine(TimeAndIds);
  engine.Start();
  engine.Fire(2);
  engine.Complete(4, "");  // replays all before
  const auto& scheduled = std::get<ActivityScheduled>(engine.history()[3].body);
  EXPECT_EQ(std::get<OrchestrationCompleted>(engine.history().back().body).output, scheduled.input);
  EXPECT_NE(scheduled.input.substr(17, 36), scheduled.input.substr(scheduled.input.size() - 36));
  EXPECT_EQ(scheduled.input[17 + 14], '4');  // the version digit of a UUID
}

TEST(EngineTest, TimerFiresTheDurationAfterTheRecordedTime) {
  Engine engine(TimeAndIds);
  engine.Start();
  EXPECT_EQ(std::get<TimerCreated>(engine.history()[1].body).fire_at,
            engine.history()[0].time + hours(1));
}

TEST(EngineTest, TimeOfAHistoryNeverRunsBackwards) {
  Engine engine(TimeAndIds);
  engine.Start();
  TurnInput input;
  input.history = engine.history();
  input.items = {TimerFiredItem{{1, 2}}};
  input.now = engine.history().back().time - hours(5);
  const TurnOutcome outcome = RunTurn(input, engine.registry());
  EXPECT_EQ(outcome.deltas.front().events.front().time, engine.history().back().time);
}

Output Logs(OrchestrationContext ctx, std::string) {
  ctx.Log(LogLevel::kInfo, ctx.IsReplaying() ? "replay" : "first");
  co_await ctx.Sleep(hours(1));
  ctx.Log(LogLevel::kWarning, ctx.IsReplaying() ? "replay" : "second");
  co_return "";
}

TEST(EngineTest, LogLinesAppearOnceAndNotOnReplay) {
  Engine engine(Logs);
  const TurnOutcome first = engine.Start();
  ASSERT_EQ(first.logs.size(), 1u);
  EXPECT_EQ(first.logs[0].text, "first");
  const TurnOutcome second = engine.Fire(2);
  ASSERT_EQ(second.logs.size(), 1u);
  EXPECT_EQ(second.logs[0].text, "second");
}

TEST(EngineTest, UnregisteredOrchestrationIsADiagnosis) {
  Engine engine(TwoSteps);
  const TurnOutcome outcome = engine.Start("", "unknown");
  ASSERT_TRUE(outcome.diagnosis);
  EXPECT_EQ(*outcome.diagnosis,
            "orchestration 'unknown' is not registered in this runtime; register it with "
            "Registry::Add");
  EXPECT_TRUE(outcome.empty());
}

}  // namespace
}  // namespace duroxide
