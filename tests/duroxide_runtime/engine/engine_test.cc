// The turn engine by tables: work items in, history out.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/engine/engine.h"
#include "tandem/tests/duroxide_runtime/samples.h"

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

inline constexpr Orchestration<std::string(std::string)> kRival("other");

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
            "2 TimerCreated\n"
            "3 EventSubscribed \"approved\"\n"
            "4 EventRaised \"approved\" payload \"ann\"\n"
            "5 TimerCancelled of event 2\n"
            "6 OrchestrationCompleted output \"trip by ann\"");
}

// Upstream hands such an event to the wait that has just lost.
TEST(EngineTest, EventBehindTheTimerOfTheSameTurnIsForTheNextWait) {
  Engine engine(Samples());
  engine.Start("trip", "approval");
  engine.Turn({TimerFiredItem{{1, 2}}, EventRaisedItem{{"approved", "early"}}});
  engine.Complete(6, "");
  EXPECT_EQ(engine.Text(),
            "1 Started \"approval\" 1.0.0 input \"trip\"\n"
            "2 TimerCreated\n"
            "3 EventSubscribed \"approved\"\n"
            "4 TimerFired of event 2\n"
            "5 EventUnsubscribed of event 3\n"
            "6 ActivityScheduled \"echo\" input \"remind trip\"\n"
            "7 EventRaised \"approved\" payload \"early\"\n"
            "8 ActivityCompleted of event 6 output \"\"\n"
            "9 EventSubscribed \"approved\"\n"
            "10 OrchestrationCompleted output \"trip late by early\"");
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
  engine.Turn({EventRaisedItem{{"e", "same"}}, EventRaisedItem{{"e", "same"}}});
  EXPECT_EQ(engine.Text().substr(engine.Text().rfind('\n') + 1),
            "7 OrchestrationCompleted output \"same,same\"");
}

Output LateWait(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  co_return co_await ctx.WaitForEvent<std::string>("e");
}

TEST(EngineTest, EventBeforeTheWaitIsFound) {
  Engine engine(LateWait);
  engine.Start();
  engine.Raise("e", "early");
  engine.Fire(2);
  EXPECT_EQ(Describe(engine.history().back().body), "OrchestrationCompleted output \"early\"");
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

Output DropsWhatLoses(OrchestrationContext ctx, std::string) {
  {
    const auto any = co_await WhenAny(ctx.WaitForEvent<std::string>("stop"), ctx.Call(kEcho, "a"),
                                      ctx.StartTimer(hours(1)), ctx.StartChild(kRival, "c"));
  }
  co_return co_await ctx.WaitForEvent<std::string>("end");
}

TEST(EngineTest, CompletionOfWhatWasCancelledIsDropped) {
  const std::vector<WorkItem> late = {
      ActivityCompletedItem{{1, 3}, "late"}, Engine::Failed(3, StatusCode::kInternal, "late"),
      TimerFiredItem{{1, 4}}, ChildCompletedItem{{1, 5}, "late"},
      ChildFailedItem{{1, 5}, Failure::Of(Status::Internal("late"))}};
  Engine turns(DropsWhatLoses);
  turns.Start();
  turns.Raise("stop", "");
  const std::string before = turns.Text();
  const TurnOutcome outcome = turns.Turn(late);
  EXPECT_EQ(outcome.dropped, late.size());
  EXPECT_TRUE(outcome.empty());
  EXPECT_EQ(turns.Text(), before);

  Engine together(DropsWhatLoses);
  together.Start();
  std::vector<WorkItem> items = {EventRaisedItem{{"stop", ""}}};
  items.insert(items.end(), late.begin(), late.end());
  EXPECT_EQ(together.Turn(items).dropped, late.size());
  EXPECT_EQ(together.Text(), before);
  together.Raise("end", "done");
  EXPECT_EQ(Describe(together.history().back().body), "OrchestrationCompleted output \"done\"");
}

TEST(EngineTest, MessagesForAnInstanceThatNeverStartedAreDropped) {
  Engine engine(TwoSteps);
  const TurnOutcome outcome = engine.Turn({EventRaisedItem{{"e", "x"}}, TimerFiredItem{{1, 2}}});
  EXPECT_EQ(outcome.dropped, 2u);
  EXPECT_TRUE(outcome.empty());
}

TEST(EngineTest, NothingIsRecordedBehindTheEnd) {
  Engine engine(TwoSteps);
  engine.Start("x");
  const TurnOutcome end =
      engine.Turn({Engine::Failed(2, StatusCode::kInternal, "e"), EventRaisedItem{{"e", ""}}});
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
  EXPECT_EQ(Describe(engine.history().back().body),
            "OrchestrationFailed with Internal \"orchestration 'test' threw: boom\"");
}

TEST(EngineTest, ExceptionBeforeTheCoroutineEndsTheInstanceAsFailed) {
  Engine engine([](OrchestrationContext, std::string) -> Output { throw std::logic_error("no"); });
  engine.Start();
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 OrchestrationFailed with Internal \"orchestration 'test' threw: no\"");
}

Output ThrowsANumber(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  throw 42;
}

TEST(EngineTest, ExceptionThatIsNoStdExceptionIsAFailureToo) {
  const std::string expected = "orchestration 'test' threw an exception that is no std::exception";
  Engine inside(ThrowsANumber);
  inside.Start();
  inside.Fire(2);
  EXPECT_EQ(FailureOf(inside).message, expected);
  Engine before([](OrchestrationContext, std::string) -> Output { throw "no"; });
  before.Start();
  EXPECT_EQ(FailureOf(before).message, expected);
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

Output SleepsFor(OrchestrationContext ctx, std::string seconds) {
  co_await ctx.Sleep(std::chrono::seconds(std::stoi(seconds)));
  co_return "awake";
}
Output SleepsUntil(OrchestrationContext ctx, std::string seconds) {
  co_await ctx.SleepUntil(ctx.Now() + std::chrono::seconds(std::stoi(seconds)));
  co_return "awake";
}

TEST(EngineTest, TimerOfNoDurationFiresInTheNextTurn) {
  for (const auto sleeps : {SleepsFor, SleepsUntil}) {
    for (const std::string seconds : {"0", "-3600"}) {
      Engine engine(sleeps);
      engine.Start(seconds);
      EXPECT_EQ(engine.Text(), "1 Started \"test\" 1.0.0 input \"" + seconds +
                                   "\"\n"
                                   "2 TimerCreated");
      EXPECT_LE(std::get<TimerCreated>(engine.history()[1].body).fire_at, engine.history()[0].time);
      engine.Fire(2);
      EXPECT_EQ(Describe(engine.history().back().body), "OrchestrationCompleted output \"awake\"");
    }
  }
}

TEST(EngineTest, TimeOfAHistoryNeverRunsBackwards) {
  Engine engine(TimeAndIds);
  engine.Start();
  TurnInput input;
  input.history = engine.history();
  input.items = {TimerFiredItem{{1, 2}}};
  input.now = engine.history().back().time - hours(5);
  const TurnOutcome outcome = RunTurn(input, engine.registry());
  // It stands still, but for a timer that has fired: that has come to its time.
  const Timestamp due = std::get<TimerCreated>(engine.history()[1].body).fire_at;
  EXPECT_GT(due, engine.history().back().time);
  EXPECT_EQ(outcome.deltas.front().events.front().time, due);
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

std::vector<bool> g_replaying;  // as the code has seen it; a test takes it away

Output NotesReplaying(OrchestrationContext ctx, std::string) {
  g_replaying.push_back(ctx.IsReplaying());
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
    g_replaying.push_back(ctx.IsReplaying());
  }
  co_return "";
}

TEST(EngineTest, IsReplayingIsTrueOnlyForWhatWasStored) {
  using Seen = std::vector<bool>;
  const auto seen = [] { return std::exchange(g_replaying, {}); };
  const WorkItem event = EventRaisedItem{{"e", ""}};
  Engine engine(NotesReplaying);
  engine.Start();
  EXPECT_EQ(seen(), Seen({false}));
  TurnInput input;
  input.instance = "instance";
  input.history = engine.history();
  input.items = {event};
  for (int i = 0; i < 2; ++i) {
    RunTurn(input, engine.registry());
    EXPECT_EQ(seen(), Seen({true, false})) << "the turn before was not stored";
  }
  TurnOutcome outcome = engine.Turn({event, event});
  EXPECT_EQ(seen(), Seen({true, false, false}));
  RunTurn(input, engine.registry(), std::move(outcome.live));
  EXPECT_EQ(seen(), Seen({false})) << "what is in memory replays nothing";
  engine.Turn({event});
  EXPECT_EQ(seen(), Seen({true, true, true, false}));
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
  EXPECT_EQ(seen(), Seen({true, true, true, true}));
}

std::string FactsOf(const OrchestrationContext& ctx) {
  const auto seconds = [](Timestamp time) {
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  std::string text = ctx.instance() + "/" + std::to_string(ctx.execution());
  text.append(" ").append(ctx.name()).append(" ").append(ctx.version().ToString());
  text.append(" created ").append(seconds(ctx.created_at()));
  text.append(" now ").append(seconds(ctx.Now()));
  text.append(" events ").append(std::to_string(ctx.history_events()));
  if (const auto& parent = ctx.parent()) {
    text.append(" parent ").append(parent->instance).append("/");
    text.append(std::to_string(parent->execution)).append("/");
    text.append(std::to_string(parent->scheduled_id));
  }
  return text;
}

// What it knows at its start, behind a timer, and in the next execution.
Output TellsItsFacts(OrchestrationContext ctx, std::string before) {
  std::string facts = FactsOf(ctx);
  if (!before.empty()) co_return before + "\n" + facts;
  co_await ctx.Sleep(hours(1));
  facts.append("\n").append(FactsOf(ctx));
  co_return ctx.ContinueAsNew(kTest, facts);
}

Engine WithFacts() {
  Registry registry;
  registry.Add(kTest, {2, 1, 0}, TellsItsFacts);
  return Engine(std::move(registry));
}

TEST(EngineTest, ContextTellsAllFactsOfTheInstance) {
  Engine child = WithFacts();
  child.Turn({StartItem{"test", "", std::nullopt, OperationAddress{"above", 3, 4}}});
  child.Fire(2);
  EXPECT_EQ(std::get<OrchestrationCompleted>(child.history().back().body).output,
            "instance/1 test 2.1.0 created 1000000001 now 1000000001 events 1 parent above/3/4\n"
            "instance/1 test 2.1.0 created 1000000001 now 1000000002 events 3 parent above/3/4\n"
            "instance/2 test 2.1.0 created 1000000001 now 1000000002 events 1 parent above/3/4");
  Engine alone = WithFacts();
  alone.Start();
  alone.Fire(2);
  EXPECT_EQ(std::get<OrchestrationCompleted>(alone.history().back().body).output,
            "instance/1 test 2.1.0 created 1000000001 now 1000000001 events 1\n"
            "instance/1 test 2.1.0 created 1000000001 now 1000000002 events 3\n"
            "instance/2 test 2.1.0 created 1000000001 now 1000000002 events 1");
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
