// Cancellation of an instance: with and without scopes.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

Output Book(OrchestrationContext ctx, std::string input) {
  Timer reminder = ctx.StartTimer(hours(1));
  std::string booked = co_await OrFail(ctx.Call(kEcho, input));
  co_return booked;
}

Output Plain(OrchestrationContext ctx, std::string input) { co_return co_await Book(ctx, input); }

TEST(CancellationTest, OutsideOfAScopeTheInstanceEndsAtOnce) {
  Engine engine(Plain);
  engine.Start("x");
  engine.Cancel("enough");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 TimerCreated\n"
            "3 ActivityScheduled \"echo\" input \"x\"\n"
            "4 CancelRequested \"enough\"\n"
            "5 TimerCancelled of event 2\n"
            "6 ActivityCancelRequested of event 3\n"
            "7 OrchestrationFailed with cancelled Cancelled \"cancelled: enough\"");
  CheckHistory(engine);
}

TEST(CancellationTest, StartAndRequestInOneBatchEndAsCancelled) {
  Engine engine(Plain);
  engine.Turn({StartItem{"test", "x"}, CancelItem{"enough"}});
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
}

TEST(CancellationTest, InputBeforeTheRequestInABatchIsSeenFirst) {
  Engine engine(Plain);
  engine.Start("x");
  const TurnOutcome outcome =
      engine.Turn({ActivityCompletedItem{{1, 3}, "done"}, CancelItem{"enough"}});
  EXPECT_EQ(outcome.dropped, 1u);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"done\"");
}

TEST(CancellationTest, RequestToNobodyIsDropped) {
  Engine engine(Plain);
  EXPECT_EQ(engine.Cancel("enough").dropped, 1u);
  engine.Start("x");
  engine.Cancel("enough");
  EXPECT_EQ(engine.Cancel("again").dropped, 1u);
}

// --- Within a scope -----------------------------------------------------------------------------

Output CleansUp(OrchestrationContext ctx, std::string input) {
  Result<std::string> booked = co_await Cancellable(ctx, Book(ctx, input));
  if (booked.ok()) co_return booked;
  co_await OrFail(ctx.Call(kEcho, "release " + booked.status().message()));
  if (input == "keep") co_return "kept";
  if (input == "fail") co_return Status::NotFound("gone");
  if (input == "throw") throw std::runtime_error("boom");
  if (input == "continue") co_return ctx.ContinueAsNew(kTest, "x");
  co_return booked;
}

TEST(CancellationTest, ScopeDropsItsBodyAndTheCodeCleansUp) {
  Engine engine(CleansUp);
  engine.Start("x");
  engine.Cancel("enough");
  engine.Complete(7, "");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 TimerCreated\n"
            "3 ActivityScheduled \"echo\" input \"x\"\n"
            "4 CancelRequested \"enough\"\n"
            "5 ActivityCancelRequested of event 3\n"
            "6 TimerCancelled of event 2\n"
            "7 ActivityScheduled \"echo\" input \"release cancelled: enough\"\n"
            "8 ActivityCompleted of event 7 output \"\"\n"
            "9 OrchestrationFailed with cancelled Cancelled \"cancelled: enough\"");
  CheckHistory(engine);
}

TEST(CancellationTest, WhatTheCodeMakesOfItDecidesHowTheInstanceEnds) {
  const auto end = [](const std::string& input) {
    Engine engine(CleansUp);
    engine.Start(input);
    engine.Cancel("enough");
    engine.Complete(7, "");
    CheckHistory(engine);
    return LastOf(engine);
  };
  EXPECT_EQ(end("keep"), "OrchestrationCompleted output \"kept\"");
  EXPECT_EQ(end("fail"), "OrchestrationFailed with NotFound \"gone\"");
  EXPECT_EQ(end("throw"), "OrchestrationFailed with Internal \"orchestration 'test' threw: boom\"");
}

TEST(CancellationTest, SecondRequestIsDroppedWhileTheCodeCleansUp) {
  Engine engine(CleansUp);
  engine.Start("x");
  engine.Cancel("enough");
  EXPECT_EQ(engine.Cancel("again").dropped, 1u);
  engine.Complete(7, "");
  EXPECT_EQ(FailureOf(engine).message, "cancelled: enough");
}

TEST(CancellationTest, ExecutionAfterACancelledOneCanBeCancelledAgain) {
  Engine engine(CleansUp);
  engine.Start("continue");
  engine.Cancel("enough");
  engine.Complete(7, "");
  ASSERT_EQ(engine.execution(), 2u);
  EXPECT_EQ(engine.Cancel("again").dropped, 0u);
  EXPECT_EQ(Describe(engine.history()[6].body),
            "ActivityScheduled \"echo\" input \"release cancelled: again\"");
}

TEST(CancellationTest, ScopeThatWasLeftIsNotTold) {
  const auto leaves = [](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(co_await Cancellable(ctx, Book(ctx, "in")));
    co_return co_await Book(ctx, "out");
  };
  Engine engine(leaves);
  engine.Start();
  engine.Complete(3, "");
  engine.Cancel("enough");
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

TEST(CancellationTest, RequestRightBehindTheEndOfTheBodyEndsTheInstance) {
  const auto leaves = [](OrchestrationContext ctx, std::string) -> Output {
    const Result<std::string> got = co_await Cancellable(ctx, Book(ctx, "in"));
    co_await ctx.Sleep(hours(1));
    co_return got;
  };
  Engine engine(leaves);
  engine.Start();
  engine.Turn({ActivityCompletedItem{{1, 3}, "done"}, CancelItem{"enough"}});
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

Output Inner(OrchestrationContext ctx, std::string input) {
  const Result<std::string> got = co_await Cancellable(ctx, Book(ctx, input));
  if (!got.ok()) co_await OrFail(ctx.Call(kEcho, "inner"));
  co_await ctx.Sleep(hours(1));
  co_return got;
}
Output Nested(OrchestrationContext ctx, std::string input) {
  const Result<std::string> got = co_await Cancellable(ctx, Inner(ctx, input));
  if (!got.ok()) co_await OrFail(ctx.Call(kEcho, "outer"));
  co_return got;
}

TEST(CancellationTest, InnermostScopeIsToldAndTheOthersGoOn) {
  Engine engine(Nested);
  engine.Start("x");
  engine.Cancel("enough");
  engine.Complete(7, "");
  engine.Fire(9);
  engine.Complete(11, "");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 TimerCreated\n"
            "3 ActivityScheduled \"echo\" input \"x\"\n"
            "4 CancelRequested \"enough\"\n"
            "5 ActivityCancelRequested of event 3\n"
            "6 TimerCancelled of event 2\n"
            "7 ActivityScheduled \"echo\" input \"inner\"\n"
            "8 ActivityCompleted of event 7 output \"\"\n"
            "9 TimerCreated\n"
            "10 TimerFired of event 9\n"
            "11 ActivityScheduled \"echo\" input \"outer\"\n"
            "12 ActivityCompleted of event 11 output \"\"\n"
            "13 OrchestrationFailed with cancelled Cancelled \"cancelled: enough\"");
  CheckHistory(engine);
}

TEST(CancellationTest, OuterScopeIsToldWhenTheInnerOneWasLeft) {
  Engine engine(Nested);
  engine.Start("x");
  engine.Complete(3, "done");  // the inner scope is left, and its task sleeps
  engine.Cancel("enough");
  EXPECT_EQ(LastOf(engine), "ActivityScheduled \"echo\" input \"outer\"");
  CheckHistory(engine);
}

TEST(CancellationTest, ScopeThatIsEnteredAfterTheRequestRunsToItsEnd) {
  const auto second = [](OrchestrationContext ctx, std::string) -> Output {
    static_cast<void>(co_await Cancellable(ctx, Book(ctx, "first")));
    co_return co_await Cancellable(ctx, Book(ctx, "second"));
  };
  Engine engine(second);
  engine.Start();
  engine.Cancel("enough");
  engine.Complete(8, "done");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"done\"");
  CheckHistory(engine);
}

// --- Side by side -------------------------------------------------------------------------------

Output Waits(OrchestrationContext ctx, std::string name) {
  std::string got = co_await OrFail(ctx.Call(kEcho, name));
  co_return got;
}
Output WaitsWithin(OrchestrationContext ctx, std::string name) {
  Result<std::string> got = co_await Cancellable(ctx, Waits(ctx, name));
  if (!got.ok()) co_await OrFail(ctx.Call(kEcho, "undo " + name));
  co_return got;
}

Output SideBySide(OrchestrationContext ctx, std::string) {
  const auto all =
      co_await WhenAll(WaitsWithin(ctx, "a"), Waits(ctx, "plain"), WaitsWithin(ctx, "b"));
  const auto& [a, plain, b] = all;
  co_return (a.ok() ? *a : a.status().message()) + ", " + *plain + ", " +
      (b.ok() ? *b : b.status().message());
}

TEST(CancellationTest, ScopesSideBySideAreAllTold) {
  Engine engine(SideBySide);
  engine.Start();
  engine.Cancel("enough");
  engine.Complete(9, "");
  engine.Complete(7, "");
  engine.Complete(2, "done");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 ActivityScheduled \"echo\" input \"plain\"\n"
            "3 ActivityScheduled \"echo\" input \"a\"\n"
            "4 ActivityScheduled \"echo\" input \"b\"\n"
            "5 CancelRequested \"enough\"\n"
            "6 ActivityCancelRequested of event 3\n"
            "7 ActivityScheduled \"echo\" input \"undo a\"\n"
            "8 ActivityCancelRequested of event 4\n"
            "9 ActivityScheduled \"echo\" input \"undo b\"\n"
            "10 ActivityCompleted of event 9 output \"\"\n"
            "11 ActivityCompleted of event 7 output \"\"\n"
            "12 ActivityCompleted of event 2 output \"done\"\n"
            "13 OrchestrationCompleted output \"cancelled: enough, done, cancelled: enough\"");
  CheckHistory(engine);
}

TEST(CancellationTest, OfScopesSideBySideOneThatWasLeftIsNotTold) {
  Engine engine(SideBySide);
  engine.Start();
  engine.Complete(3, "done");
  engine.Cancel("enough");
  EXPECT_EQ(Count<ActivityCancelRequested>(engine.history()), 1u);
  EXPECT_EQ(LastOf(engine), "ActivityScheduled \"echo\" input \"undo b\"");
  CheckHistory(engine);
}

Output Family(OrchestrationContext ctx, std::string) {
  const auto children = [](OrchestrationContext c) -> Output {
    const auto all = co_await WhenAll(WaitsWithin(c, "a"), WaitsWithin(c, "b"));
    co_await c.Sleep(hours(1));
    co_return std::get<0>(all);
  };
  Output both = children(ctx);
  auto all = WhenAll(Cancellable(ctx, std::move(both)), WaitsWithin(ctx, "c"));
  const auto got = co_await std::move(all);
  co_return std::get<0>(got);
}

TEST(CancellationTest, OfNestedScopesSideBySideTheInnermostAreTold) {
  Engine engine(Family);
  engine.Start();
  engine.Cancel("enough");
  std::string undone;
  for (const HistoryEvent& event : engine.history()) {
    const auto* call = std::get_if<ActivityScheduled>(&event.body);
    if (call != nullptr) undone += " " + call->input;
  }
  EXPECT_EQ(undone, " c a b undo c undo a undo b");
  CheckHistory(engine);
}

// The first that is told decides the race; the other is dropped before it is told.
TEST(CancellationTest, ScopesThatRaceEndWithTheFirst) {
  const auto races = [](OrchestrationContext ctx, std::string) -> Output {
    const auto first = co_await WhenAny(Cancellable(ctx, Waits(ctx, "a")), WaitsWithin(ctx, "b"));
    co_return std::to_string(first.index());
  };
  Engine engine(races);
  engine.Start();
  engine.Cancel("enough");
  EXPECT_EQ(Count<ActivityCancelRequested>(engine.history()), 2u);
  EXPECT_EQ(Count<ActivityScheduled>(engine.history()), 2u);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"0\"");
  CheckHistory(engine);
}

// --- Left ---------------------------------------------------------------------------------------

TEST(CancellationTest, ScopeThatLostARaceIsNotTold) {
  const auto races = [](OrchestrationContext ctx, std::string) -> Output {
    {
      auto first =
          co_await WhenAny(Cancellable(ctx, Book(ctx, "x")), ctx.WaitForEvent<std::string>("e"));
    }
    co_await ctx.Sleep(hours(1));
    co_return "";
  };
  Engine engine(races);
  engine.Start();
  engine.Raise("e", "");
  engine.Cancel("enough");
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

TEST(CancellationTest, ExceptionOfTheBodyLeavesTheScope) {
  const auto throws = [](OrchestrationContext ctx, std::string) -> Output {
    co_await ctx.Sleep(hours(1));
    throw std::runtime_error("boom");
  };
  const auto catches = [throws](OrchestrationContext ctx, std::string input) {
    return [](OrchestrationContext c, Output body) -> Output {
      std::string text;
      try {
        static_cast<void>(co_await Cancellable(c, std::move(body)));
      } catch (const std::exception& e) {
        text = e.what();
      }
      co_await c.Sleep(hours(1));
      co_return text;
    }(ctx, throws(ctx, input));
  };
  Engine engine(catches);
  engine.Start();
  engine.Fire(2);
  engine.Cancel("enough");
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

TEST(CancellationTest, CancelledStatusWithoutARequestIsAnOrdinaryFailure) {
  const auto fails = [](OrchestrationContext, std::string) -> Output {
    co_return Status::Cancelled("by itself");
  };
  Engine engine(fails);
  engine.Start();
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kApplication);
}

TEST(CancellationTest, ChildWithinAScopeIsCancelledWithIt) {
  const auto parent = [](OrchestrationContext ctx, std::string) -> Output {
    const auto body = [](OrchestrationContext c) -> Output {
      co_return co_await c.StartChild(kChild, "x");
    };
    Output started = body(ctx);
    co_return co_await Cancellable(ctx, std::move(started));
  };
  Engine engine(parent);
  engine.Start();
  engine.Cancel("enough");
  EXPECT_EQ(Describe(engine.history()[3].body), "ChildCancelRequested of event 2");
  EXPECT_EQ(FailureOf(engine).category, FailureCategory::kCancelled);
  CheckHistory(engine);
}

TEST(CancellationTest, CodeWithoutTheScopeDivergesFromAHistoryThatCleanedUp) {
  Engine engine(CleansUp);
  engine.Start("x");
  engine.Cancel("enough");
  EXPECT_EQ(DivergenceOf(engine.history(), Plain),
            "event 5: history holds ActivityCancelRequested of event 3, but the code asked for "
            "TimerCancelled of event 2");
}

}  // namespace
}  // namespace duroxide
