// Mistakes of user code are failures of the call that makes them, which say whose they are and what
// to do. They never end the process.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/engine/engine.h"
#include "tandem/tests/duroxide_runtime/moody.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide::testing {
namespace {

using Output = Task<Result<std::string>>;

constexpr Orchestration<Unit(std::string)> kNotify("notify");

// How the instance has ended, and the same on replay.
std::string EndOf(Engine& engine) {
  CheckHistory(engine);
  const HistoryBody& end = engine.history().back().body;
  if (const auto* failed = std::get_if<OrchestrationFailed>(&end)) {
    return failed->failure.ToStatus().ToString();
  }
  return "Ok: " + std::get<OrchestrationCompleted>(end).output;
}

template <typename Function>
std::string EndOf(const Function& function) {
  Engine engine(function);
  engine.Start();
  return EndOf(engine);
}

template <typename Function>
std::string EndOfNotify(Function function, const std::string& input) {
  Registry registry;
  registry.Add(kNotify, function);
  Engine engine(std::move(registry));
  engine.Start(input, "notify");
  return EndOf(engine);
}

// --- Status in place of Result<Unit> ------------------------------------------------------------

Task<Result<Unit>> GivesOk(OrchestrationContext, std::string) { co_return Status::Ok(); }

Task<Status> GivesStatus(OrchestrationContext ctx, std::string how) {
  if (how == "fails") co_return Status::NotFound("nobody");
  if (how == "passes on") co_await OrFail(GivesStatus(ctx, "fails"));
  if (how == "gives a result") co_return co_await GivesOk(ctx, how);
  if (how == "goes on") co_return ctx.ContinueAsNew(kNotify, "ends");
  if (how == "in a scope") co_return co_await Cancellable(ctx, GivesStatus(ctx, "fails"));
  if (how == "in a step") {
    const auto step = [] { return Status::NotFound("no file"); };
    co_return ctx.Run("step", step).status();
  }
  co_return Status::Ok();
}

TEST(UserMistakesTest, OkIsTheOutputOfAnOrchestrationThatHasNone) {
  EXPECT_EQ(EndOfNotify(GivesOk, ""), "Ok: ");
  EXPECT_EQ(EndOfNotify(GivesStatus, ""), "Ok: ");
}

TEST(UserMistakesTest, OrchestrationsMayReturnAStatus) {
  const std::string failed = "NotFound: nobody";
  EXPECT_EQ(EndOfNotify(GivesStatus, "fails"), failed);
  EXPECT_EQ(EndOfNotify(GivesStatus, "passes on"), failed);
  EXPECT_EQ(EndOfNotify(GivesStatus, "in a scope"), failed);
  EXPECT_EQ(EndOfNotify(GivesStatus, "gives a result"), "Ok: ");
  EXPECT_EQ(EndOfNotify(GivesStatus, "in a step"), "NotFound: no file");
  Registry registry;
  registry.Add(kNotify, GivesStatus);
  Engine engine(std::move(registry));
  engine.Start("goes on", "notify");
  EXPECT_EQ(engine.execution(), 2U);
  EXPECT_EQ(EndOf(engine), "Ok: ");
}

// --- Mistakes ------------------------------------------------------------------------------------

constexpr int kLineOfOk = __LINE__ + 1;
Output OkInPlaceOfAValue(OrchestrationContext, std::string) { co_return Status::Ok(); }

TEST(UserMistakesTest, OkInPlaceOfAValueFailsTheInstanceAndNamesItsLine) {
  EXPECT_EQ(EndOf(OkInPlaceOfAValue), "Internal: a Result was made of Ok without a value at " +
                                          std::string(__FILE__) + ":" + std::to_string(kLineOfOk) +
                                          "; return the value, or a failure");
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"  // clang sees it, g++ 12 does not
Output ForgetsCoReturn(OrchestrationContext ctx, std::string) {
  if (ctx.execution() > 1) co_return "never";
}

Task<int> StepForgetsCoReturn(OrchestrationContext ctx) {
  if (ctx.execution() > 1) co_return 1;
}
#pragma GCC diagnostic pop

Output AwaitsAForgottenCoReturn(OrchestrationContext ctx, std::string) {
  co_return std::to_string(co_await StepForgetsCoReturn(ctx));
}

TEST(UserMistakesTest, ForgottenCoReturnFailsTheInstanceAndNamesTheOrchestration) {
  const std::string expected =
      "Internal: orchestration 'test' threw: a task ended without "
      "co_return, and so without its value";
  EXPECT_EQ(EndOf(ForgetsCoReturn), expected);
  EXPECT_EQ(EndOf(AwaitsAForgottenCoReturn), expected);
}

Output ReadsAFailure(OrchestrationContext ctx, std::string) {
  const Result<int> number = co_await ctx.WaitForEvent<int>("number");
  co_return std::to_string(*number);
}

TEST(UserMistakesTest, ReadingAFailedResultFailsTheInstanceAndNamesTheOrchestration) {
  Engine engine(ReadsAFailure);
  engine.Start();
  engine.Raise("number", "no number");
  EXPECT_EQ(EndOf(engine),
            "Internal: orchestration 'test' threw: the value of a failed "
            "Result was read, which holds InvalidArgument: expected an integer of 4 bytes in "
            "decimal; look at ok() first");
}

Output StepReadsAFailure(OrchestrationContext ctx, std::string) {
  const auto step = [] { return *Result<int>(Status::NotFound("no file")); };
  co_return ctx.Run("read", step).status();
}

TEST(UserMistakesTest, ReadingAFailedResultInAStepIsTheStepsFailure) {
  EXPECT_EQ(EndOf(StepReadsAFailure),
            "Internal: local step 'read' threw: the value of a failed "
            "Result was read, which holds NotFound: no file; look at ok() first");
}

Output AwaitsAFutureTwice(OrchestrationContext ctx, std::string how) {
  auto future = ctx.WaitForEvent<std::string>("e");
  Task<Result<std::string>> task = EchoOnce(ctx, "x");
  Timer timer = ctx.StartTimer(std::chrono::hours(1));
  auto taken = std::pair(std::move(future), std::pair(std::move(task), std::move(timer)));
  // NOLINTBEGIN(bugprone-use-after-move): the mistake itself.
  if (how == "future") co_return co_await std::move(future);
  if (how == "task") co_return co_await std::move(task);
  if (how == "timer") co_await std::move(timer);
  if (how == "all") co_await WhenAll(std::move(future), std::move(timer));
  // NOLINTEND(bugprone-use-after-move)
  co_return "no mistake";
}

TEST(UserMistakesTest, AwaitingWhatWasMovedAwayFailsTheInstance) {
  for (const std::string how : {"future", "task", "timer", "all"}) {
    Engine engine(AwaitsAFutureTwice);
    engine.Start(how);
    const std::string what = how == "task" ? "task" : "future";
    EXPECT_EQ(EndOf(engine), "Internal: orchestration 'test' threw: a " + what +
                                 " is awaited after it was moved away")
        << how;
  }
}

// --- Codecs that throw --------------------------------------------------------------------------

Output AwaitsMoody(OrchestrationContext ctx, std::string) {
  const auto first = co_await ctx.WaitForEvent<Moody>("moody");
  const auto second = co_await ctx.WaitForEvent<Moody>("moody");
  co_return first.status().ToString() + "; " + second.status().ToString();
}

TEST(UserMistakesTest, WhatDecodeThrowsIsARefusal) {
  Engine engine(AwaitsMoody);
  engine.Start();
  engine.Raise("moody", "1");
  engine.Raise("moody", "2");
  EXPECT_EQ(EndOf(engine),
            "Ok: InvalidArgument: not today; InvalidArgument: Decode threw an exception that is no "
            "std::exception");
}

constexpr Orchestration<Unit(Moody)> kTakesMoody("takes-moody");
Task<Status> TakesMoody(OrchestrationContext, Moody) { co_return Status::Ok(); }

TEST(UserMistakesTest, WhatDecodeThrowsOfAnInputNamesTheOrchestration) {
  Registry registry;
  registry.Add(kTakesMoody, TakesMoody);
  Engine engine(std::move(registry));
  engine.Start("2", "takes-moody");
  EXPECT_EQ(EndOf(engine),
            "InvalidArgument: the input of orchestration 'takes-moody' "
            "can't be decoded: Decode threw an exception that is no std::exception");
}

Output SetsMoody(OrchestrationContext ctx, std::string) {
  ctx.SetKv("moody", Moody(2));
  co_return "done";
}

TEST(UserMistakesTest, WhatEncodeThrowsInAnOrchestrationFailsIt) {
  EXPECT_EQ(EndOf(SetsMoody),
            "Internal: orchestration 'test' threw an exception that is no "
            "std::exception");
}

}  // namespace
}  // namespace duroxide::testing
