// The pieces that orchestrations are often made of: sagas, parallel maps, limits to a wait.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "tandem/base/guarded.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using tandem::StatusCode;

constexpr Activity<std::string(std::string)> kBook("book");
constexpr Activity<Unit(std::string)> kUndo("undo");
constexpr Orchestration<std::string(std::string)> kTrip("trip");

class PatternsTest : public RuntimeFixture {
 protected:
  // Activities that write down what they do. "no" can't be booked.
  Registry Bookings() {
    Registry registry = Working();
    registry.Add(kBook, [this](ActivityContext&, const std::string& what) -> Result<std::string> {
      if (what.ends_with("no")) return Status::InvalidArgument("no " + what);
      done_.Lock()->push_back("book " + what);
      return what;
    });
    registry.Add(kUndo, [this](ActivityContext&, const std::string& what) -> Status {
      if (undo_failures_-- > 0) return Status::Unavailable("the line is busy");
      done_.Lock()->push_back("undo " + what);
      return Status::Ok();
    });
    return registry;
  }
  std::vector<std::string> Done() { return *done_.Lock(); }

  std::atomic<int> undo_failures_ = 0;
  tandem::Guarded<std::vector<std::string>> done_;
};
INSTANTIATE_TEST_SUITE_P(, PatternsTest, ::testing::ValuesIn(ProviderKinds()), KindName);

// --- Saga ---------------------------------------------------------------------------------------

using Steps = std::vector<std::string>;

// A flight, a hotel, what is asked for, and a word that may not come.
Task<Result<std::string>> BookTrip(OrchestrationContext ctx, Saga undo, std::string wish) {
  for (const char* step : {"flight", "hotel"}) {
    const std::string booked = co_await OrFail(ctx.Call(kBook, step));
    undo.Add(kUndo, booked);
  }
  const std::string last = co_await OrFail(ctx.Call(kBook, wish));
  if (last == "wait") co_await OrFail(ctx.WaitForEvent<std::string>("go"));
  if (last == "keep") undo.Keep();
  if (last == "keep") co_return Status::Cancelled("but what was booked is kept");
  co_return last;
}

TEST_P(PatternsTest, ASagaThatSucceedsUndoesNothing) {
  const auto runtime = StartRuntime(Bookings().Add(kTrip, BookTrip));
  ASSERT_TRUE(client.Start(kTrip, "i", "car").ok());
  EXPECT_EQ(client.Wait(kTrip, "i", kLong).value(), "car");
  EXPECT_EQ(Done(), (Steps{"book flight", "book hotel", "book car"}));
}

TEST_P(PatternsTest, ASagaThatFailsUndoesTheLastStepFirst) {
  const auto runtime = StartRuntime(Bookings().Add(kTrip, BookTrip));
  ASSERT_TRUE(client.Start(kTrip, "i", "no").ok());
  const auto end = client.Wait(kTrip, "i", kLong);
  EXPECT_EQ(end.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(end.status().message(), "no no");
  EXPECT_EQ(Done(), (Steps{"book flight", "book hotel", "undo hotel", "undo flight"}));
}

TEST_P(PatternsTest, ASagaThatIsCancelledIsUndoneAndEndsAsCancelled) {
  const auto runtime = StartRuntime(Bookings().Add(kTrip, BookTrip));
  ASSERT_TRUE(client.Start(kTrip, "i", "wait").ok());
  AwaitHistory("i", 8);  // it waits
  ASSERT_TRUE(client.Cancel("i", "changed my mind").ok());
  EXPECT_EQ(client.WaitUntilFinished("i", kLong)->state, InstanceState::kCancelled);
  EXPECT_EQ(Done(), (Steps{"book flight", "book hotel", "book wait", "undo hotel", "undo flight"}));
}

TEST_P(PatternsTest, WhatASagaKeepsIsNotUndone) {
  const auto runtime = StartRuntime(Bookings().Add(kTrip, BookTrip));
  ASSERT_TRUE(client.Start(kTrip, "i", "keep").ok());
  EXPECT_EQ(client.Wait(kTrip, "i", kLong).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(Done(), (Steps{"book flight", "book hotel", "book keep"}));
}

Task<Result<std::string>> GivesUpUndoing(OrchestrationContext ctx, Saga undo, std::string wish) {
  const RetryPolicy twice = RetryPolicy().Attempts(2).NoBackoff();
  undo.Add(kUndo, "first", twice);
  undo.Add(kUndo, "second", twice);
  co_return co_await OrFail(ctx.Call(kBook, wish));
}

TEST_P(PatternsTest, AnUndoIsTriedAgainAndOneThatIsGivenUpIsNamed) {
  const auto runtime = StartRuntime(Bookings().Add(kTrip, GivesUpUndoing));
  undo_failures_ = 1;
  ASSERT_TRUE(client.Start(kTrip, "i", "no").ok());
  EXPECT_EQ(client.Wait(kTrip, "i", kLong).status().message(), "no no");
  EXPECT_EQ(Done(), (Steps{"undo second", "undo first"}));

  undo_failures_ = 2;
  ASSERT_TRUE(client.Start(kTrip, "j", "no").ok());
  const auto end = client.Wait(kTrip, "j", kLong);
  EXPECT_EQ(end.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(end.status().message(), "no no; not undone by 'undo': Unavailable: the line is busy");
  EXPECT_EQ(Done(), (Steps{"undo second", "undo first", "undo first"}));
}

// --- ParallelMap
// ----------------------------------------------------------------------------------

constexpr Orchestration<std::vector<std::string>(std::vector<std::string>)> kAll("all");
constexpr Orchestration<std::string(Unit)> kSlowest("slowest");

Task<Result<std::vector<std::string>>> BookAll(OrchestrationContext ctx, Steps wishes) {
  co_return co_await ParallelMap(ctx, std::move(wishes), 2, kBook);
}

Task<Result<std::string>> BookTwice(OrchestrationContext ctx, std::string wish) {
  const std::string first = co_await OrFail(ctx.Call(kBook, wish));
  co_return co_await ctx.Call(kBook, first + "!");
}

Task<Result<std::vector<std::string>>> BookAllTwice(OrchestrationContext ctx, Steps wishes) {
  co_return co_await ParallelMap(ctx, std::move(wishes), 3, BookTwice);
}

TEST_P(PatternsTest, AMapGivesTheOutputsInTheOrderOfTheItems) {
  const auto runtime = StartRuntime(Bookings().Add(kAll, BookAll));
  const Steps wishes{"a", "b", "c", "d", "e"};
  ASSERT_TRUE(client.Start(kAll, "i", wishes).ok());
  EXPECT_EQ(client.Wait(kAll, "i", kLong).value(), wishes);
  ASSERT_TRUE(client.Start(kAll, "none", Steps()).ok());
  EXPECT_EQ(client.Wait(kAll, "none", kLong).value(), Steps());
}

TEST_P(PatternsTest, AMapOfTasksTakesSeveralStepsAnItem) {
  const auto runtime = StartRuntime(Bookings().Add(kAll, BookAllTwice));
  ASSERT_TRUE(client.Start(kAll, "i", Steps{"a", "b", "c", "d"}).ok());
  EXPECT_EQ(client.Wait(kAll, "i", kLong).value(), (Steps{"a!", "b!", "c!", "d!"}));
}

// Never more than the limit are open at a time: counted in the history.
TEST_P(PatternsTest, AMapHasNoMoreInTheAirThanItsLimit) {
  const auto runtime = StartRuntime(Bookings().Add(kAll, BookAll));
  ASSERT_TRUE(client.Start(kAll, "i", Steps(20, "x")).ok());
  ASSERT_TRUE(client.Wait(kAll, "i", kLong).ok());
  int open = 0;
  int most = 0;
  for (const HistoryEvent& event : HistoryOf("i")) {
    if (std::holds_alternative<ActivityScheduled>(event.body)) most = std::max(most, ++open);
    if (std::holds_alternative<ActivityCompleted>(event.body)) --open;
  }
  EXPECT_EQ(most, 2);
}

TEST_P(PatternsTest, AFailureInAMapBeginsNoOtherAndIsTheResult) {
  const auto runtime = StartRuntime(Bookings().Add(kAll, BookAll));
  Steps wishes(20, "x");
  wishes[1] = "no";
  ASSERT_TRUE(client.Start(kAll, "i", wishes).ok());
  EXPECT_EQ(client.Wait(kAll, "i", kLong).status().message(), "no no");
  EXPECT_LT(Done().size(), 10U);
}

// --- WithTimeout
// ----------------------------------------------------------------------------------

Task<Result<std::string>> WaitsAWhile(OrchestrationContext ctx, Unit) {
  const Result<std::string> word =
      co_await WithTimeout(ctx, ctx.WaitForEvent<std::string>("word"), std::chrono::hours(1));
  if (word.ok()) co_return *word;
  if (word.status().code() != StatusCode::kDeadlineExceeded) co_return word.status();
  co_return word.status().message();
}

TEST_P(PatternsTest, AResultThatComesInTimeIsTheResult) {
  const auto runtime = StartRuntime(Working().Add(kSlowest, WaitsAWhile));
  ASSERT_TRUE(client.Start(kSlowest, "i", Unit()).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "word", "here").ok());
  EXPECT_EQ(client.Wait(kSlowest, "i", kLong).value(), "here");
}

TEST_P(PatternsTest, AWaitEndsAtItsLimit) {
  const auto runtime = StartRuntime(Working().Add(kSlowest, WaitsAWhile));
  ASSERT_TRUE(client.Start(kSlowest, "i", Unit()).ok());
  AwaitHistory("i", 3);  // it waits
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(client.Wait(kSlowest, "i", kLong).value(), "nothing came within 3600000 ms");
}

}  // namespace
}  // namespace duroxide
