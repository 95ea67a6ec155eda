// Mailboxes: messages wait for their reader, in order.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

WorkItem Mail(std::string mailbox, std::string payload) {
  return MessageSentItem{{std::move(mailbox), std::move(payload)}};
}

Output ReadsThree(OrchestrationContext ctx, std::string) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.Receive<std::string>("m"));
  co_return text;
}

TEST(MailboxTest, MessagesAreReadInOrder) {
  Engine engine(ReadsThree);
  engine.Start();
  engine.Turn({Mail("m", "a"), Mail("other", "x"), Mail("m", "b")});
  engine.Send("m", "c");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 MailboxSubscribed \"m\"\n"
            "3 MessageReceived \"m\" payload \"a\"\n"
            "4 MailboxSubscribed \"m\"\n"
            "5 MessageReceived \"other\" payload \"x\"\n"
            "6 MessageReceived \"m\" payload \"b\"\n"
            "7 MailboxSubscribed \"m\"\n"
            "8 MessageReceived \"m\" payload \"c\"\n"
            "9 OrchestrationCompleted output \"abc\"");
  CheckHistory(engine);
}

Output ReadsLate(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  const std::string a = co_await OrFail(ctx.Receive<std::string>("m"));
  const std::string b = co_await OrFail(ctx.Receive<std::string>("m"));
  co_return a + b;
}

TEST(MailboxTest, MessagesThatComeEarlyWait) {
  Engine engine(ReadsLate);
  engine.Start();
  engine.Send("m", "a");
  engine.Send("m", "b");
  engine.Fire(2);
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 TimerCreated\n"
            "3 MessageReceived \"m\" payload \"a\"\n"
            "4 MessageReceived \"m\" payload \"b\"\n"
            "5 TimerFired of event 2\n"
            "6 MailboxSubscribed \"m\"\n"
            "7 MailboxSubscribed \"m\"\n"
            "8 OrchestrationCompleted output \"ab\"");
  CheckHistory(engine);
}

TEST(MailboxTest, SameMessageTwiceIsTwoMessages) {
  Engine engine(ReadsLate);
  engine.Start();
  engine.Turn({Mail("m", "a"), Mail("m", "a"), TimerFiredItem{{1, 2}}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"aa\"");
}

Output AwaitsInReverse(OrchestrationContext ctx, std::string) {
  Future<std::string> first = ctx.Receive<std::string>("m");
  Future<std::string> second = ctx.Receive<std::string>("m");
  const std::string b = co_await OrFail(std::move(second));
  const std::string a = co_await OrFail(std::move(first));
  co_return a + b;
}

TEST(MailboxTest, TwoWaitersAreServedInTheOrderOfTheirStart) {
  Engine engine(AwaitsInReverse);
  engine.Start();
  engine.Send("m", "1");
  engine.Send("m", "2");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

Output DropsFirst(OrchestrationContext ctx, std::string) {
  std::optional<Future<std::string>> first = ctx.Receive<std::string>("m");
  Future<std::string> second = ctx.Receive<std::string>("m");
  co_await ctx.Sleep(hours(1));
  first.reset();
  co_return co_await std::move(second);
}

TEST(MailboxTest, WaiterThatWasDroppedIsSkipped) {
  Engine engine(DropsFirst);
  engine.Start();
  engine.Fire(4);
  engine.Send("m", "a");
  EXPECT_EQ(Describe(engine.history()[5].body), "MailboxUnsubscribed of event 2");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"a\"");
  CheckHistory(engine);
}

TEST(MailboxTest, MessageOfADroppedWaiterGoesToTheNext) {
  Engine engine(DropsFirst);
  engine.Start();
  engine.Send("m", "a");  // to the first, who has not looked at it
  engine.Fire(4);
  EXPECT_EQ(Count<MailboxUnsubscribed>(engine.history()), 0u);  // that wait was over
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"a\"");
  CheckHistory(engine);
}

Output ReceivesOrSleeps(OrchestrationContext ctx, std::string) {
  auto first = co_await WhenAny(ctx.StartTimer(hours(1)), ctx.Receive<std::string>("m"));
  std::string text = first.index() == 0 ? "timer" : "message";
  text += co_await OrFail(ctx.Receive<std::string>("m"));
  text += co_await OrFail(ctx.Receive<std::string>("m"));
  co_return text;
}

TEST(MailboxTest, Defect07_MessageBehindTheWinnerGoesToTheNextReader) {
  Engine together(ReceivesOrSleeps);
  together.Start();
  together.Turn({TimerFiredItem{{1, 2}}, Mail("m", "1"), Mail("m", "2")});
  Engine alone(ReceivesOrSleeps);
  alone.Start();
  alone.Fire(2);
  alone.Send("m", "1");
  alone.Send("m", "2");
  EXPECT_EQ(together.Text(), alone.Text());
  EXPECT_EQ(LastOf(together), "OrchestrationCompleted output \"timer12\"");
  CheckHistory(together);
}

Output RacesTwoMailboxes(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  Future<std::string> a = ctx.Receive<std::string>("a");
  Future<std::string> b = ctx.Receive<std::string>("b");
  auto first = co_await WhenAny(std::move(a), std::move(b));
  std::string text;
  if (first.index() == 0) {
    text = *std::get<0>(first);
  } else {
    text = *std::get<1>(first);
  }
  text += co_await OrFail(ctx.Receive<std::string>("b"));
  text += co_await OrFail(ctx.Receive<std::string>("b"));
  co_return text;
}

// Both could take a message; the one that loses must not have taken it.
TEST(MailboxTest, LoserGivesItsMessageBackInItsPlace) {
  Engine engine(RacesTwoMailboxes);
  engine.Start();
  engine.Turn({Mail("b", "1"), Mail("b", "2"), Mail("a", "0")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"012\"");
  CheckHistory(engine);
}

Output RacesReaders(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  Future<std::string> a = ctx.Receive<std::string>("m");
  Future<std::string> b = ctx.Receive<std::string>("m");
  Future<std::string> c = ctx.Receive<std::string>("m");
  auto first = co_await WhenAny(std::move(a), std::move(b), std::move(c));
  std::string text = *std::get<0>(first);
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.Receive<std::string>("m"));
  co_return text;
}

TEST(MailboxTest, SeveralLosersGiveTheirMessagesBackInOrder) {
  Engine engine(RacesReaders);
  engine.Start();
  engine.Turn({Mail("m", "1"), Mail("m", "2"), Mail("m", "3"), Mail("m", "4")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1234\"");
  CheckHistory(engine);
}

Output ReadsOne(OrchestrationContext ctx, std::string mailbox) {
  std::string text = co_await OrFail(ctx.Receive<std::string>(mailbox));
  co_return text;
}
Output RacesTasks(OrchestrationContext ctx, std::string) {
  co_await ctx.Sleep(hours(1));
  const auto first = co_await WhenAny(ReadsOne(ctx, "a"), ReadsOne(ctx, "b"));
  std::string text = *std::get<0>(first);
  text += co_await OrFail(ctx.Receive<std::string>("b"));
  co_return text;
}

TEST(MailboxTest, MessageIsNotLostOnItsWayToATaskThatLoses) {
  Engine engine(RacesTasks);
  engine.Start();
  engine.Turn({Mail("b", "1"), Mail("a", "0")});
  engine.Fire(2);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"01\"");
  CheckHistory(engine);
}

// --- Within WhenAll -----------------------------------------------------------------------------

// Of a WhenAll that loses a race, which has got some of what it waits for.
Output JoinLoses(OrchestrationContext ctx, std::string) {
  {
    Future<std::string> one = ctx.Receive<std::string>("m");
    Future<std::string> two = ctx.Receive<std::string>("m");
    Future<std::string> three = ctx.Receive<std::string>("m");
    auto all = WhenAll(std::move(one), std::move(two), std::move(three));
    const auto first = co_await WhenAny(std::move(all), ctx.StartTimer(hours(1)));
    if (first.index() == 0) co_return *std::get<2>(std::get<0>(first));
  }
  std::string text;
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.Receive<std::string>("m"));
  co_return text;
}

TEST(MailboxTest, JoinThatLosesGivesItsMessagesBackToTheFront) {
  Engine engine(JoinLoses);
  engine.Start();
  engine.Turn({Mail("m", "1"), Mail("m", "2"), TimerFiredItem{{1, 5}}, Mail("m", "3")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 MailboxSubscribed \"m\"\n"
            "3 MailboxSubscribed \"m\"\n"
            "4 MailboxSubscribed \"m\"\n"
            "5 TimerCreated\n"
            "6 MessageReceived \"m\" payload \"1\"\n"
            "7 MessageReceived \"m\" payload \"2\"\n"
            "8 TimerFired of event 5\n"
            "9 MailboxSubscribed \"m\"\n"
            "10 MailboxSubscribed \"m\"\n"
            "11 MailboxSubscribed \"m\"\n"
            "12 MessageReceived \"m\" payload \"3\"\n"
            "13 OrchestrationCompleted output \"123\"");
  CheckHistory(engine);
}

TEST(MailboxTest, JoinThatWinsHasTakenItsMessages) {
  Engine engine(JoinLoses);
  engine.Start();
  engine.Turn({Mail("m", "1"), Mail("m", "2"), Mail("m", "3")});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"3\"");
  CheckHistory(engine);
}

// Both inner ones are complete, the outer one is not. A race within it is decided all the same.
Output NestedJoinLoses(OrchestrationContext ctx, std::string) {
  {
    Future<std::string> one = ctx.Receive<std::string>("m");
    Future<std::string> two = ctx.Receive<std::string>("m");
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
  for (int i = 0; i < 3; ++i) text += co_await OrFail(ctx.Receive<std::string>("m"));
  co_return text;
}

TEST(MailboxTest, NestedJoinsAndRacesThatLoseGiveTheirMessagesBack) {
  Engine engine(NestedJoinLoses);
  engine.Start();
  engine.Turn({Mail("m", "1"), Mail("m", "2"), Mail("m", "3")});
  EXPECT_EQ(Describe(engine.history()[7].body), "TimerCancelled of event 4");  // not later
  engine.Fire(6);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"123\"");
  CheckHistory(engine);
}

// --- How many -----------------------------------------------------------------------------------

Output DrainsAll(OrchestrationContext ctx, std::string) {
  const std::string count = co_await OrFail(ctx.WaitForEvent<std::string>("drain"));
  std::size_t sum = 0;
  for (int i = 0; i < std::stoi(count); ++i) {
    sum += static_cast<std::size_t>(co_await OrFail(ctx.Receive<int>("m")));
  }
  Future<int> one_more = ctx.Receive<int>("m");
  co_await ctx.Sleep(hours(1));
  co_return std::to_string(sum);
}

// Upstream allows 100 rounds a turn.
TEST(MailboxTest, Defect11_FullMailboxIsDrainedInOneTurn) {
  constexpr std::size_t kMessages = kStepOperationsMax + 2000;
  Engine engine(DrainsAll);
  engine.Start();
  for (std::size_t sent = 0; sent < kMessages; sent += 3000) {
    std::vector<WorkItem> items;
    for (int i = 0; i < 3000; ++i) items.push_back(Mail("m", "2"));
    engine.Turn(std::move(items));
  }
  engine.Raise("drain", std::to_string(kMessages));
  ASSERT_EQ(Describe(engine.history().back().body).substr(0, 12), "TimerCreated");
  engine.Fire(engine.history().size());
  EXPECT_EQ(LastOf(engine),
            "OrchestrationCompleted output \"" + std::to_string(2 * kMessages) + "\"");
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

TEST(MailboxTest, MessageThatCantBeDecodedIsTheFuturesFailure) {
  const auto reads = [](OrchestrationContext ctx, std::string) -> Output {
    const Result<int> number = co_await ctx.Receive<int>("m");
    co_return number.status();
  };
  Engine engine(reads);
  engine.Start();
  engine.Send("m", "seven");
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
}

TEST(MailboxTest, ChangedMailboxDiverges) {
  Engine engine(ReadsThree);
  engine.Start();
  const auto other = [](OrchestrationContext ctx, std::string) -> Output {
    co_return co_await ctx.Receive<std::string>("n");
  };
  EXPECT_EQ(DivergenceOf(engine.history(), other),
            "event 2: history holds MailboxSubscribed \"m\", but the code asked for "
            "MailboxSubscribed \"n\"");
  const auto event = [](OrchestrationContext ctx, std::string) -> Output {
    co_return co_await ctx.WaitForEvent<std::string>("m");
  };
  EXPECT_EQ(DivergenceOf(engine.history(), event),
            "event 2: history holds MailboxSubscribed \"m\", but the code asked for "
            "EventSubscribed \"m\"");
}

// --- Continue as new ----------------------------------------------------------------------------

Output HandsOn(OrchestrationContext ctx, std::string input) {
  if (input == "second") {
    std::string text = co_await OrFail(ctx.Receive<std::string>("b"));
    for (int i = 0; i < 4; ++i) text += co_await OrFail(ctx.Receive<std::string>("a"));
    co_return text;
  }
  Future<std::string> delivered = ctx.Receive<std::string>("a");
  Future<std::string> too = ctx.Receive<std::string>("a");
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "second");
}

TEST(MailboxTest, WhatIsUnreadOrNotTakenIsHandedOnInOrder) {
  Engine engine(HandsOn);
  engine.Start();
  History first = engine.history();
  const TurnOutcome outcome =
      engine.Turn({Mail("a", "1"), Mail("b", "2"), Mail("a", "3"), Mail("a", "4"),
                   EventRaisedItem{"go", ""}, Mail("a", "5")});
  const std::vector<MailboxMessage> unread = {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "4"}};
  ASSERT_EQ(outcome.deltas.size(), 2u);
  const auto& end = std::get<OrchestrationContinuedAsNew>(outcome.deltas[0].events.back().body);
  EXPECT_EQ(end.mailbox, unread);
  EXPECT_EQ(std::get<Started>(outcome.deltas[1].events.front().body).mailbox, unread);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"21345\"");
  EXPECT_EQ(outcome.dropped, 0u);
  const History& rest = outcome.deltas[0].events;
  first.insert(first.end(), rest.begin(), rest.end());
  CheckHistory(first, engine.registry());
  CheckHistory(outcome.deltas[1].events, engine.registry(), 2);
}

Output GoesOn(OrchestrationContext ctx) {
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
  co_return ctx.ContinueAsNew(kTest, "second");
}
Output HandsOnFromAJoin(OrchestrationContext ctx, std::string input) {
  if (input == "second") {
    const std::string text = co_await OrFail(ctx.Receive<std::string>("a"));
    co_return text + co_await OrFail(ctx.Receive<std::string>("a"));
  }
  auto both = WhenAll(ctx.Receive<std::string>("a"), ctx.Receive<std::string>("b"));
  const auto all = co_await WhenAll(GoesOn(ctx), std::move(both));
  co_return std::get<0>(all);
}

TEST(MailboxTest, WhatAJoinHasGotIsHandedOn) {
  Engine engine(HandsOnFromAJoin);
  engine.Start();
  engine.Turn({Mail("a", "1"), Mail("a", "2"), EventRaisedItem{"go", ""}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"12\"");
  CheckHistory(engine);
}

TEST(MailboxTest, MoreUnreadThanCanBeHandedOnFailsTheInstance) {
  Engine engine(HandsOn);
  engine.Start();
  for (int i = 0; i < 5; ++i) engine.Send("b", std::string(kMailboxCarriedBytesMax / 4, 'x'));
  const TurnOutcome outcome = engine.Raise("go", "");
  EXPECT_EQ(outcome.deltas.size(), 1u);
  const Failure failure = FailureOf(engine);
  EXPECT_EQ(failure.code, StatusCode::kTooLarge);
  EXPECT_EQ(failure.message.find("can't continue as new: the unread messages have "), 0u);
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

}  // namespace
}  // namespace duroxide
