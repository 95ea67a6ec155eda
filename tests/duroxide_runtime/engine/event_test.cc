// Events wait for their reader, in order; a wait begins when it is awaited.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/internal/engine/event_queues.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

WorkItem Raised(std::string name, std::string payload) {
  return EventRaisedItem{{std::move(name), std::move(payload)}};
}

Output ReadsThree(OrchestrationContext ctx, std::string) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text;
}

TEST(EventTest, EventsAreReadInOrder) {
  Engine engine(ReadsThree);
  engine.Start();
  engine.Turn({Raised("m", "a"), Raised("other", "x"), Raised("m", "b")});
  engine.Raise("m", "c");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 EventSubscribed \"m\"\n"
            "3 EventRaised \"m\" payload \"a\"\n"
            "4 EventSubscribed \"m\"\n"
            "5 EventRaised \"other\" payload \"x\"\n"
            "6 EventRaised \"m\" payload \"b\"\n"
            "7 EventSubscribed \"m\"\n"
            "8 EventRaised \"m\" payload \"c\"\n"
            "9 OrchestrationCompleted output \"abc\"");
  CheckHistory(engine);
}

Output ReadsLate(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  const std::string a = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  const std::string b = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return a + b;
}

TEST(EventTest, EventsThatComeEarlyWait) {
  Engine engine(ReadsLate);
  engine.Start();
  engine.Raise("m", "a");
  engine.Raise("m", "b");
  engine.Fire(2);
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 TimerCreated\n"
            "3 EventRaised \"m\" payload \"a\"\n"
            "4 EventRaised \"m\" payload \"b\"\n"
            "5 TimerFired of event 2\n"
            "6 EventSubscribed \"m\"\n"
            "7 EventSubscribed \"m\"\n"
            "8 OrchestrationCompleted output \"ab\"");
  CheckHistory(engine);
}

TEST(EventTest, SameEventTwiceIsTwoEvents) {
  Engine engine(ReadsLate);
  engine.Start();
  engine.Turn({Raised("m", "a"), Raised("m", "a"), TimerFiredItem{{1, 2}}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"aa\"");
}

Output AwaitsBoth(OrchestrationContext ctx, std::string) {
  Future<std::string> first = ctx.WaitForEvent<std::string>("m");
  Future<std::string> second = ctx.WaitForEvent<std::string>("m");
  const auto [b, a] = co_await WhenAll(std::move(second), std::move(first));
  co_return *b + *a;
}

TEST(EventTest, TwoWaitsAreServedInTheOrderInWhichTheyBegan) {
  Engine engine(AwaitsBoth);
  engine.Start();
  engine.Raise("m", "1");
  engine.Raise("m", "2");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

Output KeepsAnIdleFuture(OrchestrationContext ctx, std::string) {
  Future<std::string> idle = ctx.WaitForEvent<std::string>("m");
  std::string text = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_await ctx.Sleep(hours(1));
  text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text + co_await OrFail(std::move(idle));
}

TEST(EventTest, FutureThatNobodyAwaitsTakesNothing) {
  Engine engine(KeepsAnIdleFuture);
  engine.Start();
  engine.Raise("m", "1");
  engine.Raise("m", "2");
  engine.Fire(4);
  engine.Raise("m", "3");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 EventSubscribed \"m\"\n"
            "3 EventRaised \"m\" payload \"1\"\n"
            "4 TimerCreated\n"
            "5 EventRaised \"m\" payload \"2\"\n"
            "6 TimerFired of event 4\n"
            "7 EventSubscribed \"m\"\n"
            "8 EventSubscribed \"m\"\n"
            "9 EventRaised \"m\" payload \"3\"\n"
            "10 OrchestrationCompleted output \"123\"");
  CheckHistory(engine);
}

Output DropsAnIdleFuture(OrchestrationContext ctx, std::string) {
  {
    Future<std::string> idle = ctx.WaitForEvent<std::string>("m");
  }
  co_return "done";
}

TEST(EventTest, FutureThatNobodyAwaitsIsInNoHistory) {
  Engine engine(DropsAnIdleFuture);
  engine.Start();
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 OrchestrationCompleted output \"done\"");
}

constexpr Event<int> kNumber("number");

TEST(EventTest, HandleNamesTheEventAndTheTypeOfItsPayload) {
  const auto reads = [](OrchestrationContext ctx, std::string) -> Output {
    const int number = co_await OrFail(ctx.WaitForEvent(kNumber));
    co_return std::to_string(number + 1);
  };
  Engine engine(reads);
  engine.Start();
  engine.Raise("number", "41");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"42\"");
}

// --- Races --------------------------------------------------------------------------------------

Output WaitsOrSleeps(OrchestrationContext ctx, std::string) {
  auto first = co_await WhenAny(ctx.StartTimer(hours(1)), ctx.WaitForEvent<std::string>("m"));
  std::string text = first.index() == 0 ? "timer" : "event";
  text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text;
}

TEST(EventTest, Defect07_EventBehindTheWinnerGoesToTheNextWait) {
  Engine together(WaitsOrSleeps);
  together.Start();
  together.Turn({TimerFiredItem{{1, 2}}, Raised("m", "1"), Raised("m", "2")});
  Engine alone(WaitsOrSleeps);
  alone.Start();
  alone.Fire(2);
  alone.Raise("m", "1");
  alone.Raise("m", "2");
  EXPECT_EQ(together.Text(), alone.Text());
  EXPECT_EQ(LastOf(together), "OrchestrationCompleted output \"timer12\"");
  CheckHistory(together);
}

Output RacesTwoNames(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  Future<std::string> a = ctx.WaitForEvent<std::string>("a");
  Future<std::string> b = ctx.WaitForEvent<std::string>("b");
  auto first = co_await WhenAny(std::move(a), std::move(b));
  std::string text;
  if (first.index() == 0) {
    text = *std::get<0>(first);
  } else {
    text = *std::get<1>(first);
  }
  text += co_await OrFail(ctx.WaitForEvent<std::string>("b"));
  text += co_await OrFail(ctx.WaitForEvent<std::string>("b"));
  co_return text;
}

// Both could take an event; the one that loses must not have taken it.
TEST(EventTest, LoserTakesNothing) {
  Engine engine(RacesTwoNames);
  engine.Start();
  engine.Turn({Raised("b", "1"), Raised("b", "2"), Raised("a", "0")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"012\"");
  CheckHistory(engine);
}

Output RacesReaders(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  Future<std::string> a = ctx.WaitForEvent<std::string>("m");
  Future<std::string> b = ctx.WaitForEvent<std::string>("m");
  Future<std::string> c = ctx.WaitForEvent<std::string>("m");
  auto first = co_await WhenAny(std::move(a), std::move(b), std::move(c));
  std::string text = *std::get<0>(first);
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text;
}

TEST(EventTest, SeveralLosersTakeNothing) {
  Engine engine(RacesReaders);
  engine.Start();
  engine.Turn({Raised("m", "1"), Raised("m", "2"), Raised("m", "3"), Raised("m", "4")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1234\"");
  CheckHistory(engine);
}

Output ReadsOne(OrchestrationContext ctx, std::string name) {
  std::string text = co_await OrFail(ctx.WaitForEvent<std::string>(name));
  co_return text;
}
Output RacesTasks(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  const auto first = co_await WhenAny(ReadsOne(ctx, "a"), ReadsOne(ctx, "b"));
  std::string text = *std::get<0>(first);
  text += co_await OrFail(ctx.WaitForEvent<std::string>("b"));
  co_return text;
}

TEST(EventTest, EventIsNotLostOnItsWayToATaskThatLoses) {
  Engine engine(RacesTasks);
  engine.Start();
  engine.Turn({Raised("b", "1"), Raised("a", "0")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"01\"");
  CheckHistory(engine);
}

// --- Races by pointer ---------------------------------------------------------------------------

Output Reminds(OrchestrationContext ctx, std::string) {
  Future<std::string> decision = ctx.WaitForEvent<std::string>("decision");
  Timer deadline = ctx.StartTimer(hours(3));
  for (int reminders = 0;; ++reminders) {
    Timer reminder = ctx.StartTimer(hours(1));
    const auto first = co_await WhenAny(&decision, &deadline, &reminder);
    if (first.index() == 0) co_return *std::get<0>(first) + std::to_string(reminders);
    if (first.index() == 1) co_return "too late";
    static_cast<void>(co_await ctx.Call(kEcho, "remind"));
  }
}

TEST(EventTest, RaceByPointerKeepsItsLosersForTheNextRound) {
  Engine engine(Reminds);
  engine.Start();
  engine.Fire(3);
  engine.Complete(7, "");
  engine.Raise("decision", "yes");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 TimerCreated\n"
            "3 TimerCreated\n"
            "4 EventSubscribed \"decision\"\n"
            "5 TimerFired of event 3\n"
            "6 EventUnsubscribed of event 4\n"
            "7 ActivityScheduled \"echo\" input \"remind\"\n"
            "8 ActivityCompleted of event 7 output \"\"\n"
            "9 TimerCreated\n"
            "10 EventSubscribed \"decision\"\n"
            "11 EventRaised \"decision\" payload \"yes\"\n"
            "12 TimerCancelled of event 9\n"
            "13 TimerCancelled of event 2\n"
            "14 OrchestrationCompleted output \"yes1\"");
  CheckHistory(engine);
}

TEST(EventTest, EventBetweenTwoRoundsIsForTheNext) {
  Engine engine(Reminds);
  engine.Start();
  engine.Fire(3);
  engine.Raise("decision", "no");
  engine.Complete(7, "");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"no1\"");
  CheckHistory(engine);
}

TEST(EventTest, TimerThatFiresBetweenTwoRoundsWinsTheNext) {
  Engine engine(Reminds);
  engine.Start();
  engine.Fire(3);
  engine.Fire(2);
  engine.Complete(7, "");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"too late\"");
  CheckHistory(engine);
}

// A future that has lost a race by pointer is awaited by nobody.
Output ReadsBesideALoser(OrchestrationContext ctx, std::string) {
  Future<std::string> loser = ctx.WaitForEvent<std::string>("m");
  Timer timer = ctx.StartTimer(hours(1));
  static_cast<void>(co_await WhenAny(&loser, &timer));
  const std::string text = co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text + co_await OrFail(std::move(loser));
}

TEST(EventTest, LoserByPointerTakesNothingUntilItIsAwaitedAgain) {
  Engine engine(ReadsBesideALoser);
  engine.Start();
  engine.Fire(2);
  engine.Raise("m", "1");
  engine.Raise("m", "2");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

Output RacesAVectorOfPointers(OrchestrationContext ctx, std::string) {
  std::vector<Future<std::string>> calls;
  for (const char* text : {"a", "b", "c"}) calls.push_back(ctx.Call(kEcho, text));
  std::vector<Future<std::string>*> open;
  for (Future<std::string>& call : calls) open.push_back(&call);
  std::string order;
  while (!open.empty()) {
    const auto [index, text] = co_await WhenAny(open);
    order += *text;
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(index));
  }
  co_return order;
}

TEST(EventTest, VectorOfPointersIsTakenInTheOrderOfTheResults) {
  Engine engine(RacesAVectorOfPointers);
  engine.Start();
  engine.Complete(3, "b");
  engine.Turn({ActivityCompletedItem{{1, 4}, "c"}, ActivityCompletedItem{{1, 2}, "a"}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"bca\"");
  CheckHistory(engine);
}

Output RacesWithItself(OrchestrationContext ctx, std::string how) {
  Timer timer = ctx.StartTimer(hours(1));
  if (how == "twice") {
    static_cast<void>(co_await WhenAny(&timer, &timer));
  } else if (how == "spent") {
    static_cast<void>(co_await WhenAny(&timer));
    static_cast<void>(co_await WhenAny(&timer));
  } else {
    static_cast<void>(co_await WhenAny(static_cast<Timer*>(nullptr), &timer));
  }
  co_return "";
}

TEST(EventTest, WrongPointerFailsTheInstance) {
  for (const auto& [how, what] :
       std::map<std::string, std::string>{{"twice", "awaited twice at a time"},
                                          {"spent", "awaited after it was moved away"},
                                          {"null", "a race with a null pointer"}}) {
    Engine engine(RacesWithItself);
    engine.Start(how);
    if (how == "spent") engine.Fire(2);
    EXPECT_NE(FailureOf(engine).message.find(what), std::string::npos) << LastOf(engine);
    CheckHistory(engine);
  }
}

// --- Within WhenAll -----------------------------------------------------------------------------

// Of a WhenAll that loses a race, which has got some of what it waits for.
Output JoinLoses(OrchestrationContext ctx, std::string) {
  {
    Future<std::string> one = ctx.WaitForEvent<std::string>("m");
    Future<std::string> two = ctx.WaitForEvent<std::string>("m");
    Future<std::string> three = ctx.WaitForEvent<std::string>("m");
    auto all = WhenAll(std::move(one), std::move(two), std::move(three));
    const auto first = co_await WhenAny(std::move(all), ctx.StartTimer(hours(1)));
    if (first.index() == 0) co_return *std::get<2>(std::get<0>(first));
  }
  std::string text;
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text;
}

TEST(EventTest, JoinThatLosesGivesItsEventsBackToTheFront) {
  Engine engine(JoinLoses);
  engine.Start();
  engine.Turn({Raised("m", "1"), Raised("m", "2"), TimerFiredItem{{1, 2}}, Raised("m", "3")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 TimerCreated\n"
            "3 EventSubscribed \"m\"\n"
            "4 EventSubscribed \"m\"\n"
            "5 EventSubscribed \"m\"\n"
            "6 EventRaised \"m\" payload \"1\"\n"
            "7 EventRaised \"m\" payload \"2\"\n"
            "8 TimerFired of event 2\n"
            "9 EventUnsubscribed of event 3\n"
            "10 EventUnsubscribed of event 4\n"
            "11 EventUnsubscribed of event 5\n"
            "12 EventSubscribed \"m\"\n"
            "13 EventSubscribed \"m\"\n"
            "14 EventSubscribed \"m\"\n"
            "15 EventRaised \"m\" payload \"3\"\n"
            "16 OrchestrationCompleted output \"123\"");
  CheckHistory(engine);
}

TEST(EventTest, JoinThatWinsHasTakenItsEvents) {
  Engine engine(JoinLoses);
  engine.Start();
  engine.Turn({Raised("m", "1"), Raised("m", "2"), Raised("m", "3")});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"3\"");
  CheckHistory(engine);
}

// Both inner ones are complete, the outer one is not. A race within it is decided all the same.
Output NestedJoinLoses(OrchestrationContext ctx, std::string) {
  {
    Future<std::string> one = ctx.WaitForEvent<std::string>("m");
    Future<std::string> two = ctx.WaitForEvent<std::string>("m");
    Timer late = ctx.StartTimer(hours(2));
    auto race = WhenAny(std::move(late), std::move(one));
    std::vector<Future<std::string>> futures;
    futures.push_back(std::move(two));
    auto join = WhenAll(std::move(futures));
    Future<std::string> never = ctx.WaitForEvent<std::string>("never");
    auto all = WhenAll(std::move(race), std::move(join), std::move(never));
    const auto first = co_await WhenAny(std::move(all), ctx.StartTimer(hours(1)));
  }
  std::string text;
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("m"));
  co_return text;
}

TEST(EventTest, NestedJoinsAndRacesThatLoseGiveTheirEventsBack) {
  Engine engine(NestedJoinLoses);
  engine.Start();
  engine.Turn({Raised("m", "1"), Raised("m", "2"), Raised("m", "3")});
  EXPECT_EQ(Count<TimerCancelled>(engine.history()), 1u);  // not later
  engine.Fire(3);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"123\"");
  CheckHistory(engine);
}

// --- How many -----------------------------------------------------------------------------------

Output DrainsAll(OrchestrationContext ctx, std::string) {
  const std::string count = co_await OrFail(ctx.WaitForEvent<std::string>("drain"));
  std::size_t sum = 0;
  for (int i = 0; i < std::stoi(count); ++i) {
    sum += static_cast<std::size_t>(co_await OrFail(ctx.WaitForEvent<int>("m")));
  }
  co_await ctx.Sleep(hours(1));
  co_return std::to_string(sum);
}

// Upstream allows 100 rounds a turn.
TEST(EventTest, Defect11_AllUnreadEventsCanBeReadInOneTurn) {
  constexpr std::size_t kEvents = kStepOperationsMax + 2000;
  Engine engine(DrainsAll);
  engine.Start();
  for (std::size_t sent = 0; sent < kEvents; sent += 3000) {
    std::vector<WorkItem> items;
    for (int i = 0; i < 3000; ++i) items.push_back(Raised("m", "2"));
    engine.Turn(std::move(items));
  }
  engine.Raise("drain", std::to_string(kEvents));
  ASSERT_EQ(Describe(engine.history().back().body).substr(0, 12), "TimerCreated");
  engine.Fire(engine.history().size());
  EXPECT_EQ(LastOf(engine),
            "OrchestrationCompleted output \"" + std::to_string(2 * kEvents) + "\"");
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

TEST(EventTest, EventThatCantBeDecodedIsTheFuturesFailure) {
  const auto reads = [](OrchestrationContext ctx, std::string) -> Output {
    const Result<int> number = co_await ctx.WaitForEvent<int>("m");
    co_return number.status();
  };
  Engine engine(reads);
  engine.Start();
  engine.Raise("m", "seven");
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
}

TEST(EventTest, ChangedNameDiverges) {
  Engine engine(ReadsThree);
  engine.Start();
  const auto other = [](OrchestrationContext ctx, std::string) -> Output {
    co_return co_await ctx.WaitForEvent<std::string>("n");
  };
  EXPECT_EQ(DivergenceOf(engine.history(), other),
            "event 2: history holds EventSubscribed \"m\", but the code asked for "
            "EventSubscribed \"n\"");
}

// --- Continue as new ----------------------------------------------------------------------------

Output HandsOn(OrchestrationContext ctx, std::string input) {
  if (input == "second") {
    std::string text = co_await OrFail(ctx.WaitForEvent<std::string>("b"));
    for (int i = 0; i < 4; ++i) text += co_await OrFail(ctx.WaitForEvent<std::string>("a"));
    co_return text;
  }
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "second");
}

TEST(EventTest, UnreadEventsAreHandedOnInOrder) {
  Engine engine(HandsOn);
  engine.Start();
  History first = engine.history();
  const TurnOutcome outcome =
      engine.Turn({Raised("a", "1"), Raised("b", "2"), Raised("a", "3"), Raised("a", "4"),
                   EventRaisedItem{{"go", ""}}, Raised("a", "5")});
  const std::vector<EventRaised> unread = {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "4"}};
  ASSERT_EQ(outcome.deltas.size(), 2u);
  const auto& end = std::get<OrchestrationContinuedAsNew>(outcome.deltas[0].events.back().body);
  EXPECT_EQ(end.unread, unread);
  EXPECT_EQ(std::get<Started>(outcome.deltas[1].events.front().body).unread, unread);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"21345\"");
  EXPECT_EQ(outcome.dropped, 0u);
  const History& rest = outcome.deltas[0].events;
  first.insert(first.end(), rest.begin(), rest.end());
  CheckHistory(first, engine.registry());
  CheckHistory(outcome.deltas[1].events, engine.registry(), 2);
  EXPECT_EQ(UnreadEvents(first), unread);
}

Output GoesOn(OrchestrationContext ctx) {
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "second");
}
Output HandsOnFromAJoin(OrchestrationContext ctx, std::string input) {
  if (input == "second") {
    const std::string text = co_await OrFail(ctx.WaitForEvent<std::string>("a"));
    co_return text + co_await OrFail(ctx.WaitForEvent<std::string>("a"));
  }
  auto both = WhenAll(ctx.WaitForEvent<std::string>("a"), ctx.WaitForEvent<std::string>("b"));
  const auto all = co_await WhenAll(GoesOn(ctx), std::move(both));
  co_return std::get<0>(all);
}

TEST(EventTest, WhatAJoinHasGotIsHandedOn) {
  Engine engine(HandsOnFromAJoin);
  engine.Start();
  engine.Turn({Raised("a", "1"), Raised("a", "2"), EventRaisedItem{{"go", ""}}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

// --- What waits unread --------------------------------------------------------------------------

TEST(EventTest, HistorySaysWhatIsUnread) {
  Engine engine(NestedJoinLoses);
  engine.Start();
  engine.Turn({Raised("m", "1"), Raised("m", "2"), Raised("x", "?"), Raised("m", "3")});
  const std::vector<EventRaised> held = {{"x", "?"}, {"m", "3"}};
  EXPECT_EQ(UnreadEvents(engine.history()), held);
  engine.Fire(3);
  const std::vector<EventRaised> left = {{"x", "?"}};
  EXPECT_EQ(UnreadEvents(engine.history()), left);
}

TEST(EventTest, MoreUnreadThanCanBeHandedOnFailsTheInstance) {
  Engine engine(HandsOn);
  engine.Start();
  for (int i = 0; i < 5; ++i) engine.Raise("b", std::string(kUnreadCarriedBytesMax / 4, 'x'));
  const TurnOutcome outcome = engine.Raise("go", "");
  EXPECT_EQ(outcome.deltas.size(), 1u);
  const Failure failure = FailureOf(engine);
  EXPECT_EQ(failure.code, StatusCode::kTooLarge);
  EXPECT_EQ(failure.message.find("can't continue as new: the unread events have "), 0u);
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

TEST(EventTest, MoreUnreadThanMayWaitFailsTheInstance) {
  Engine engine(HandsOn);
  engine.Start();
  const std::string payload(kValueBytesMax, 'x');
  for (std::size_t bytes = 0; bytes < kUnreadBytesMax; bytes += payload.size()) {
    EXPECT_FALSE(IsEnd(engine.history().back().body));
    engine.Raise("b", payload);
  }
  const Failure failure = FailureOf(engine);
  EXPECT_EQ(failure.code, StatusCode::kTooLarge);
  EXPECT_EQ(failure.message.find("too many events wait to be read: 8 of "), 0u) << failure.message;
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

}  // namespace
}  // namespace duroxide
