// The batch of a turn: which operations follow from what it has recorded. Nothing is recorded that
// is not dispatched, and nothing dispatched that is not recorded.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/internal/store/turn_batch.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

std::string ItemText(const WorkItem& item) {
  if (const auto* e = std::get_if<StartItem>(&item)) {
    std::string text = "Start " + e->name;
    if (e->version) text += " " + e->version->ToString();
    if (e->parent) text += " for " + std::to_string(e->parent->scheduled_id);
    return text;
  }
  if (const auto* e = std::get_if<ActivityItem>(&item)) {
    return "Activity " + e->name + " of " + std::to_string(e->operation.scheduled_id);
  }
  if (const auto* e = std::get_if<TimerFiredItem>(&item)) {
    return "TimerFired of " + std::to_string(e->id.scheduled_id);
  }
  if (const auto* e = std::get_if<ChildCompletedItem>(&item)) {
    return "ChildCompleted of " + std::to_string(e->id.execution) + "." +
           std::to_string(e->id.scheduled_id) + " " + e->output;
  }
  if (const auto* e = std::get_if<ChildFailedItem>(&item)) {
    return "ChildFailed of " + std::to_string(e->id.execution) + "." +
           std::to_string(e->id.scheduled_id) + " " + e->failure.message;
  }
  if (const auto* e = std::get_if<CancelItem>(&item)) return "Cancel " + e->reason;
  if (std::holds_alternative<GoOnItem>(item)) return "GoOn";
  return "?";
}

std::string KeyName(const std::string& key) {
  for (std::uint64_t execution = 1; execution < 4; ++execution) {
    for (EventId id = 1; id < 20; ++id) {
      if (key != OperationKey("instance", {execution, id})) continue;
      return std::to_string(execution) + "." + std::to_string(id);
    }
  }
  return "?";
}

std::string Place(const tandem::StreamId& stream) {
  return stream.entity + "/" + std::to_string(stream.partition);
}

std::string EnqueueText(const tandem::Enqueue& enqueue) {
  std::string text = "Enqueue " + enqueue.queue;
  if (!enqueue.options.group.empty()) text += " to " + enqueue.options.group;
  if (!enqueue.options.key.empty()) text += " as " + KeyName(enqueue.options.key);
  return text + ": " + ItemText(*DecodeWorkItem(enqueue.payload, "message"));
}

// Keys of the map only; the status and the index are the business of other tests.
std::string UpdateText(const tandem::UpdateMetadata& update) {
  std::string text;
  for (const auto& [key, value] : update.set) {
    if (key.starts_with(kKvPrefix)) text += " +" + key.substr(kKvPrefix.size());
  }
  for (const std::string& key : update.erase) {
    if (key.starts_with(kKvPrefix)) text += " -" + key.substr(kKvPrefix.size());
  }
  return text.empty() ? text : "Metadata " + Place(update.stream) + text;
}

std::string OperationText(const tandem::Operation& operation) {
  if (const auto* e = std::get_if<tandem::AppendEvents>(&operation)) {
    return "Append " + Place(e->stream) + " " + std::to_string(e->events.size());
  }
  if (const auto* e = std::get_if<tandem::CancelMessage>(&operation)) {
    return "CancelMessage " + e->queue + " " + KeyName(e->key);
  }
  if (const auto* e = std::get_if<tandem::CheckVersion>(&operation)) {
    return "CheckVersion " + Place(e->stream);
  }
  if (const auto* e = std::get_if<tandem::CheckMetadata>(&operation)) {
    return "CheckMetadata " + Place(e->stream);
  }
  if (const auto* e = std::get_if<tandem::Enqueue>(&operation)) return EnqueueText(*e);
  if (const auto* e = std::get_if<tandem::UpdateMetadata>(&operation)) return UpdateText(*e);
  if (std::holds_alternative<tandem::DeleteMessages>(operation)) return "DeleteMessages";
  return "?";
}

std::string BatchText(const TurnInput& input, const TurnOutcome& outcome, const IdClaims& claims) {
  std::string text;
  const tandem::Batch acknowledgement = {tandem::DeleteMessages{}};
  for (const tandem::Operation& operation : TurnBatch(input, outcome, claims, acknowledgement)) {
    const std::string line = OperationText(operation);
    if (!line.empty()) text += line + "\n";
  }
  return text;
}

// A turn of `function` that starts with `input`, or goes on from a history.
class Turns {
 public:
  template <typename Function>
  explicit Turns(Function function) : engine_(function) {
    input_.instance = "instance";
    input_.now = Timestamp(hours(1));
  }

  std::string Run(std::vector<WorkItem> items) {
    input_.items = std::move(items);
    input_.taken_ids = claims_.taken;
    const TurnOutcome outcome = RunTurn(input_, engine_.registry());
    EXPECT_FALSE(outcome.diagnosis);
    std::string text = BatchText(input_, outcome, claims_);
    for (const ExecutionDelta& delta : outcome.deltas) {
      if (delta.execution != input_.execution) input_.history.clear();
      input_.execution = delta.execution;
      input_.history.insert(input_.history.end(), delta.events.begin(), delta.events.end());
    }
    return text;
  }
  std::string Start(std::string input) { return Run({StartItem{"test", std::move(input)}}); }
  void Take(const std::string& id) { claims_.taken.insert(id); }

 private:
  Engine engine_;
  TurnInput input_;
  IdClaims claims_;
};

Output Everything(OrchestrationContext ctx, std::string) {
  Future<std::string> call = ctx.Call(kEcho, "a", CallOptions().Tag("gpu"));
  Timer timer = ctx.StartTimer(hours(1));
  Child<std::string> child = ctx.StartChild(kChild, "x");
  ctx.StartDetached(kChild, "free", "x", OrchestrationVersion{2, 0, 0});
  ctx.SetKv("k", std::string("v"));
  ctx.SetCustomStatus("busy");
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  ctx.SetKv("k", std::string("w"));
  ctx.EraseKv("k");
  co_return "done";
}

TEST(TurnBatchTest, EveryCommandIsDispatchedInTheBatchThatRecordsIt) {
  Turns turns(Everything);
  EXPECT_EQ(turns.Start(""),
            "DeleteMessages\n"
            "Append dx/i/instance/1 8\n"
            "Enqueue dx/work/gpu as 1.2: Activity echo of 2\n"
            "Enqueue dx/turns to instance as 1.3: TimerFired of 3\n"
            "CheckMetadata dx/i/instance::sub::1.1/0\n"
            "CheckVersion dx/i/instance::sub::1.1/1\n"
            "Enqueue dx/turns to instance::sub::1.1: Start child for 4\n"
            "CheckMetadata dx/i/free/0\n"
            "CheckVersion dx/i/free/1\n"
            "Enqueue dx/turns to free: Start child 2.0.0\n"
            "Metadata dx/i/instance/1 +k\n");
}

TEST(TurnBatchTest, Defect10_EndCancelsWhatIsOpenAndMovesTheKeyValueMap) {
  Turns turns(Everything);
  turns.Start("");
  EXPECT_EQ(turns.Run({EventRaisedItem{{"e", ""}}}),
            "DeleteMessages\n"
            "Append dx/i/instance/1 7\n"
            "Enqueue dx/turns to instance::sub::1.1: Cancel the parent no longer waits\n"
            "CancelMessage dx/turns 1.3\n"
            "CancelMessage dx/work/gpu 1.2\n"
            "Metadata dx/i/instance/1 -k\n");
}

Output AllInTheLastTurn(OrchestrationContext ctx, std::string how) {
  Future<std::string> call = ctx.Call(kEcho, "a");
  Timer timer = ctx.StartTimer(hours(1));
  Child<std::string> child = ctx.StartChild(kChild, "x");
  ctx.StartDetached(kChild, "free", "x");
  if (how == "continue") co_return ctx.ContinueAsNew(kTest, "wait");
  if (how == "wait") co_await ctx.Sleep(hours(1));
  co_return "done";
}

TEST(TurnBatchTest, Defect10_WhatTheLastTurnStartsIsDispatchedAndCancelledInIt) {
  Turns turns(AllInTheLastTurn);
  EXPECT_EQ(turns.Start(""),
            "DeleteMessages\n"
            "Append dx/i/instance/1 9\n"
            "Enqueue dx/work as 1.2: Activity echo of 2\n"
            "Enqueue dx/turns to instance as 1.3: TimerFired of 3\n"
            "CheckMetadata dx/i/instance::sub::1.1/0\n"
            "CheckVersion dx/i/instance::sub::1.1/1\n"
            "Enqueue dx/turns to instance::sub::1.1: Start child for 4\n"
            "CheckMetadata dx/i/free/0\n"
            "CheckVersion dx/i/free/1\n"
            "Enqueue dx/turns to free: Start child\n"
            "Enqueue dx/turns to instance::sub::1.1: Cancel the parent no longer waits\n"
            "CancelMessage dx/turns 1.3\n"
            "CancelMessage dx/work 1.2\n");
}

// Two executions in one batch both start "free": the second one does not, or the batch would be a
// conflict with itself forever.
TEST(TurnBatchTest, ContinueAsNewIsOneBatchAndAnIdIsStartedOnce) {
  Turns turns(AllInTheLastTurn);
  const std::string text = turns.Start("continue");
  EXPECT_NE(text.find("Append dx/i/instance/1 9\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Append dx/i/instance/2 6\n"), std::string::npos) << text;
  EXPECT_NE(text.find("to free: Start child\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("to free: Start child\n"), text.rfind("to free: Start child\n")) << text;
  EXPECT_NE(text.find("Enqueue dx/work as 2.2: Activity echo of 2\n"), std::string::npos) << text;
}

Output ChildAs(OrchestrationContext ctx, std::string how) {
  ChildOptions options;
  options.Instance("order");
  Child<std::string> first = ctx.StartChild(kChild, "1", options);
  if (how == "drop") co_return "dropped";
  if (how == "twice") {
    Child<std::string> second = ctx.StartChild(kChild, "2", options);
    static_cast<void>(co_await std::move(second));
  }
  co_return co_await std::move(first);
}

TEST(TurnBatchTest, ChildUnderATakenIdIsNeitherStartedNorCancelled) {
  Turns dropped(ChildAs);
  dropped.Take("order");
  EXPECT_EQ(dropped.Start("drop"),
            "DeleteMessages\n"
            "Append dx/i/instance/1 4\n");
  Turns told(ChildAs);
  told.Take("order");
  EXPECT_EQ(told.Start("wait"),
            "DeleteMessages\n"
            "Append dx/i/instance/1 4\n");
}

TEST(TurnBatchTest, SecondChildUnderAnIdOfTheSameTurnIsNotStarted) {
  Turns turns(ChildAs);
  EXPECT_EQ(turns.Start("twice"),
            "DeleteMessages\n"
            "Append dx/i/instance/1 4\n"
            "CheckMetadata dx/i/order/0\n"
            "CheckVersion dx/i/order/1\n"
            "Enqueue dx/turns to order: Start child for 2\n");
}

// The claims may know more than the turn did.
TEST(TurnBatchTest, ParentThatTheTurnHasNotToldIsToldByTheBatch) {
  const Engine engine(ChildAs);
  TurnInput input;
  input.instance = "instance";
  input.items = {StartItem{"test", "wait"}};
  const TurnOutcome outcome = RunTurn(input, engine.registry());
  IdClaims claims;
  claims.taken.insert("order");
  EXPECT_EQ(BatchText(input, outcome, claims),
            "DeleteMessages\n"
            "Append dx/i/instance/1 2\n"
            "Enqueue dx/turns to instance: ChildFailed of 1.2 instance 'order' already "
            "exists\n");
}

Output Waits(OrchestrationContext ctx, std::string) {
  const std::string got = co_await OrFail(ctx.WaitForEvent<std::string>("e"));
  if (got == "fail") co_return Status::NotFound("no");
  if (got == "continue") co_return ctx.ContinueAsNew(kTest, "");
  co_return got;
}

TEST(TurnBatchTest, EndTellsTheParentThatTheFirstExecutionHad) {
  const StartItem start{"test", "", std::nullopt, OperationAddress{"above", 3, 7}, 1};
  Turns completes(Waits);
  completes.Run({start});
  completes.Run({EventRaisedItem{{"e", "continue"}}});
  EXPECT_EQ(completes.Run({EventRaisedItem{{"e", "yes"}}}),
            "DeleteMessages\n"
            "Append dx/i/instance/2 2\n"
            "Enqueue dx/turns to above: ChildCompleted of 3.7 yes\n");
  Turns fails(Waits);
  fails.Run({start});
  EXPECT_EQ(fails.Run({EventRaisedItem{{"e", "fail"}}}),
            "DeleteMessages\n"
            "Append dx/i/instance/1 2\n"
            "Enqueue dx/turns to above: ChildFailed of 3.7 no\n");
}

Output TooMuch(OrchestrationContext ctx, std::string) {
  Future<std::string> first = ctx.Call(kEcho, "x");
  static_cast<void>(ctx.CallEncoded("", "x"));
  ctx.SetKv("", std::string("x"));
  static_cast<void>(ctx.Call(kEcho, "late"));
  co_return co_await std::move(first);
}

TEST(TurnBatchTest, Defect11_LimitTellsTheParentAndStoresNothingOfTheBadCall) {
  Turns turns(TooMuch);
  EXPECT_EQ(turns.Run({StartItem{"test", "", std::nullopt, OperationAddress{"above", 3, 7}, 1}}),
            "DeleteMessages\n"
            "Append dx/i/instance/1 4\n"
            "Enqueue dx/work as 1.2: Activity echo of 2\n"
            "CancelMessage dx/work 1.2\n"
            "Enqueue dx/turns to above: ChildFailed of 3.7 the activity name is empty\n");
}

TEST(TurnBatchTest, TurnWithoutEffectChecksTheVersion) {
  Turns turns(Waits);
  turns.Start("");
  EXPECT_EQ(turns.Run({TimerFiredItem{{1, 2}}}),
            "DeleteMessages\n"
            "CheckVersion dx/i/instance/1\n");
}

Output ForEver(OrchestrationContext ctx, std::string) { co_return ctx.ContinueAsNew(kTest, ""); }

TEST(TurnBatchTest, ChainThatIsTooLongGoesOnInATurnThatChecksWhereItEnded) {
  Turns turns(ForEver);
  const std::string first = turns.Start("");
  EXPECT_EQ(first.substr(first.rfind('E')), "Enqueue dx/turns to instance: GoOn\n");
  const std::string second = turns.Run({GoOnItem{}});
  EXPECT_EQ(
      second.find("DeleteMessages\nCheckVersion dx/i/instance/16\nAppend dx/i/instance/17 2\n"),
      0u);
}

TEST(TurnBatchTest, OnlyIdsThatOthersMayUseAreClaimed) {
  const Engine engine(Everything);
  TurnInput input;
  input.instance = "instance";
  input.items = {StartItem{"test", ""}};
  EXPECT_EQ(IdsToClaim(RunTurn(input, engine.registry())), std::vector<std::string>{"free"});
}

// A name below the first level is made of random digits: should another have them, it is told.
TEST(TurnBatchTest, RandomIdsOfChildrenAreClaimedToo) {
  const Engine engine(Everything);
  TurnInput input;
  input.instance = "root::sub::1.1";
  input.items = {StartItem{"test", ""}};
  const std::vector<std::string> ids = IdsToClaim(RunTurn(input, engine.registry()));
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0], "free");
  EXPECT_EQ(ids[1].size(), std::string("root::sub::0123456789abcdef").size());
  EXPECT_EQ(IdsToClaim(RunTurn(input, engine.registry())), ids) << "the same on every replay";
  input.taken_ids = {ids[1]};
  const TurnOutcome outcome = RunTurn(input, engine.registry());
  bool told = false;
  for (const HistoryEvent& event : outcome.deltas.at(0).events) {
    const auto* failed = std::get_if<ChildFailed>(&event.body);
    told = told || (failed != nullptr && failed->failure.code == StatusCode::kAlreadyExists);
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace duroxide
