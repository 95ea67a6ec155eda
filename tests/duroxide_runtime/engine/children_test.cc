// Children and detached orchestrations.

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/internal/store/turn_batch.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

WorkItem ChildDone(EventId id, std::string output, std::uint64_t execution = 1) {
  return ChildCompletedItem{{execution, id}, std::move(output)};
}
WorkItem ChildBroke(EventId id, Failure failure) { return ChildFailedItem{{1, id}, failure}; }

Output OneChild(OrchestrationContext ctx, std::string input) {
  co_return co_await ctx.StartChild(kChild, input);
}

TEST(ChildrenTest, OutputOfAChildComesBack) {
  Engine engine(OneChild);
  engine.Start("x");
  engine.Turn({ChildDone(2, "X")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"x\"\n"
            "2 ChildScheduled \"child\" as \"instance::sub::1.1\" input \"x\"\n"
            "3 ChildCompleted of event 2 output \"X\"\n"
            "4 OrchestrationCompleted output \"X\"");
  CheckHistory(engine);
}

TEST(ChildrenTest, FailureOfAChildKeepsItsCausesUpToTheParentsParent) {
  Engine engine(OneChild);
  engine.Start("x");
  const Status root = Status::IoError("disk").CausedBy(Status::NotFound("sector"));
  engine.Turn({ChildBroke(2, Failure::Of(Status::Unavailable("child").CausedBy(root)))});
  const Failure failure = FailureOf(engine);
  EXPECT_EQ(failure.code, StatusCode::kUnavailable);
  ASSERT_EQ(failure.causes.size(), 2u);
  EXPECT_EQ(failure.causes[0].message, "disk");
  EXPECT_EQ(failure.causes[1].message, "sector");
  EXPECT_EQ(failure.category, FailureCategory::kApplication);
  CheckHistory(engine);
}

Output Catches(OrchestrationContext ctx, std::string input) {
  const Result<std::string> got = co_await ctx.StartChild(kChild, input);
  if (got.ok()) co_return *got;
  co_return "caught " + got.status().message();
}

TEST(ChildrenTest, ParentMayHandleThatItsChildWasCancelled) {
  Engine engine(Catches);
  engine.Start("x");
  engine.Turn({ChildBroke(2, {FailureCategory::kCancelled, StatusCode::kCancelled, "stop", {}})});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"caught stop\"");
}

TEST(ChildrenTest, PoisonAndMissingCodeOfAChildEndTheParentLikewise) {
  for (const FailureCategory category :
       {FailureCategory::kPoison, FailureCategory::kConfiguration}) {
    Engine engine(Catches);
    engine.Start("x");
    engine.Turn({ChildBroke(2, {category, StatusCode::kInternal, "too often", {}})});
    const Failure failure = FailureOf(engine);
    EXPECT_EQ(failure.category, category);
    EXPECT_EQ(failure.message, "a child failed for good: too often");
    ASSERT_EQ(failure.causes.size(), 1u);
    EXPECT_EQ(Count<ChildCancelRequested>(engine.history()), 0u);  // it has ended already
    CheckHistory(engine);
  }
}

TEST(ChildrenTest, PoisonAndMissingCodeOfAnActivityEndTheInstanceLikewise) {
  const auto catches = [](OrchestrationContext ctx, std::string) -> Output {
    const Result<std::string> got = co_await ctx.Call(kEcho, "x");
    co_return got.ok() ? "fine" : "caught";
  };
  for (const FailureCategory category :
       {FailureCategory::kPoison, FailureCategory::kConfiguration}) {
    Engine engine(catches);
    engine.Start();
    const Failure failure{category, StatusCode::kInternal, "too often", {}};
    engine.Turn({ActivityFailedItem{{1, 2}, failure}});
    EXPECT_EQ(FailureOf(engine).category, category);
    EXPECT_EQ(Count<ActivityCancelRequested>(engine.history()), 0u);
    CheckHistory(engine);
  }
}

TEST(ChildrenTest, CausesOfAnActivitysFailureAreKept) {
  const auto calls = [](OrchestrationContext ctx, std::string) -> Output {
    co_return co_await ctx.Call(kEcho, "x");
  };
  Engine engine(calls);
  engine.Start();
  const Status status = Status::Unavailable("server").CausedBy(Status::IoError("socket"));
  engine.Turn({ActivityFailedItem{{1, 2}, Failure::Of(status)}});
  EXPECT_EQ(FailureOf(engine), Failure::Of(status));
}

// --- Names --------------------------------------------------------------------------------------

Output NamedChildren(OrchestrationContext ctx, std::string) {
  Child<std::string> a = ctx.StartChild(
      kChild, "1", ChildOptions().Instance("order-7").Version(OrchestrationVersion{2, 0, 1}));
  Child<std::string> b = ctx.StartChild(kChild, "2");
  Child<std::string> c = ctx.StartChild(kChild, "3");
  const std::string names = a.instance() + " " + b.instance() + " " + c.instance();
  co_await WhenAll(std::move(a), std::move(b), std::move(c));
  co_return names;
}

TEST(ChildrenTest, IdAndVersionOfAChildAreRecorded) {
  Engine engine(NamedChildren);
  engine.Start();
  engine.Turn({ChildDone(4, ""), ChildDone(2, ""), ChildDone(3, "")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 ChildScheduled \"child\" 2.0.1 as \"order-7\" input \"1\"\n"
            "3 ChildScheduled \"child\" as \"instance::sub::1.1\" input \"2\"\n"
            "4 ChildScheduled \"child\" as \"instance::sub::1.2\" input \"3\"\n"
            "5 ChildCompleted of event 4 output \"\"\n"
            "6 ChildCompleted of event 2 output \"\"\n"
            "7 ChildCompleted of event 3 output \"\"\n"
            "8 OrchestrationCompleted output \"order-7 instance::sub::1.1 instance::sub::1.2\"");
  CheckHistory(engine);
}

TEST(ChildrenTest, ChangedIdVersionOrInputOfAChildDiverges) {
  Engine engine(NamedChildren);
  engine.Start();
  const auto other_id = [](OrchestrationContext ctx, std::string) -> Output {
    ChildOptions options;
    options.Instance("order-8").Version(OrchestrationVersion{2, 0, 1});
    co_return co_await ctx.StartChild(kChild, "1", options);
  };
  EXPECT_EQ(DivergenceOf(engine.history(), other_id),
            "event 2: history holds ChildScheduled \"child\" 2.0.1 as \"order-7\" input \"1\", but "
            "the code asked for ChildScheduled \"child\" 2.0.1 as \"order-8\" input \"1\"");
  const auto other_version = [](OrchestrationContext ctx, std::string) -> Output {
    ChildOptions options;
    options.Instance("order-7").Version(OrchestrationVersion{2, 0, 2});
    co_return co_await ctx.StartChild(kChild, "1", options);
  };
  EXPECT_NE(DivergenceOf(engine.history(), other_version).find("\"child\" 2.0.2 as"),
            std::string::npos);
  const auto other_input = [](OrchestrationContext ctx, std::string) -> Output {
    ChildOptions options;
    options.Instance("order-7").Version(OrchestrationVersion{2, 0, 1});
    co_return co_await ctx.StartChild(kChild, "9", options);
  };
  EXPECT_NE(DivergenceOf(engine.history(), other_input).find("input \"9\""), std::string::npos);
  const auto detached = [](OrchestrationContext ctx, std::string) -> Output {
    ctx.StartDetached(kChild, "order-7", "1", OrchestrationVersion{2, 0, 1});
    co_return "";
  };
  EXPECT_NE(DivergenceOf(engine.history(), detached).find("asked for DetachedStarted"),
            std::string::npos);
}

Output TwoUnderOneId(OrchestrationContext ctx, std::string) {
  ChildOptions options;
  options.Instance("same");
  Child<std::string> a = ctx.StartChild(kChild, "1", options);
  Child<std::string> b = ctx.StartChild(kChild, "2", options);
  const Result<std::string> second = co_await std::move(b);
  const std::string told(tandem::StatusCodeName(second.status().code()));
  const std::string first = co_await OrFail(std::move(a));
  co_return first + " " + told;
}

TEST(ChildrenTest, SecondChildUnderAnIdOfTheSameTurnIsRefused) {
  Engine engine(TwoUnderOneId);
  engine.Start();
  engine.Turn({ChildDone(2, "one")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 ChildScheduled \"child\" as \"same\" input \"1\"\n"
            "3 ChildScheduled \"child\" as \"same\" input \"2\"\n"
            "4 ChildFailed of event 3 with AlreadyExists \"instance 'same' already exists\"\n"
            "5 ChildCompleted of event 2 output \"one\"\n"
            "6 OrchestrationCompleted output \"one AlreadyExists\"");
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

Output OneAsOrder(OrchestrationContext ctx, std::string id) {
  ChildOptions options;
  options.Instance(id);
  co_return co_await ctx.StartChild(kChild, "1", options);
}

TEST(ChildrenTest, TakenIdIsToldInTheSameTurn) {
  Engine engine(OneAsOrder);
  engine.Take("order");
  engine.Start("order");
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kAlreadyExists);
  EXPECT_EQ(engine.history().size(), 4u);
}

TEST(ChildrenTest, AnInstanceCantBeItsOwnChild) {
  Engine engine(OneAsOrder);
  engine.Start("instance");
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kAlreadyExists);
}

Output ContinuesWhenRefused(OrchestrationContext ctx, std::string input) {
  ChildOptions taken;
  taken.Instance("order");
  if (input == "next") {
    Timer one = ctx.StartTimer(hours(1));
    Timer two = ctx.StartTimer(hours(1));
    co_return co_await ctx.StartChild(kChild, "free");  // event 4, as the second one above
  }
  Timer timer = ctx.StartTimer(hours(1));
  Child<std::string> first = ctx.StartChild(kChild, "1", taken);
  Child<std::string> second = ctx.StartChild(kChild, "2", taken);
  static_cast<void>(co_await std::move(first));
  co_return ctx.ContinueAsNew(kTest, "next");
}

// That of event 4 is on its way when that of event 3 makes the code continue as new.
TEST(ChildrenTest, RefusalDoesNotReachTheNextExecution) {
  Engine engine(ContinuesWhenRefused);
  engine.Take("order");
  const TurnOutcome outcome = engine.Turn({StartItem{"test", ""}});
  ASSERT_EQ(outcome.deltas.size(), 2u);
  EXPECT_EQ(Count<ChildFailed>(outcome.deltas[0].events), 1u);
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"next\"\n"
            "2 TimerCreated\n"
            "3 TimerCreated\n"
            "4 ChildScheduled \"child\" as \"instance::sub::2.1\" input \"free\"");
}

// Endless, but for the limit of a turn.
Output TriesForEver(OrchestrationContext ctx, std::string) {
  ChildOptions options;
  options.Instance("order");
  while (true) {
    const Result<std::string> got = co_await ctx.StartChild(kChild, "1", options);
    if (got.ok()) co_return *got;
  }
}

TEST(ChildrenTest, LoopThatStartsUnderATakenIdForEverEndsWithTheTurn) {
  Engine engine(TriesForEver);
  engine.Take("order");
  engine.Start();
  EXPECT_GT(engine.history().size(), internal::kTurnEventsMax);
  EXPECT_LT(engine.history().size(), internal::kTurnEventsMax + 10);
  EXPECT_TRUE(std::holds_alternative<ChildScheduled>(engine.history().back().body));
}

TEST(ChildrenTest, BadIdsFailTheInstanceAndAreNotRecorded) {
  for (const std::string& id :
       {std::string(kInstanceIdBytesMax + 1, 'x'), std::string("a::sub::1.1")}) {
    Engine engine(OneAsOrder);
    engine.Start(id);
    EXPECT_EQ(engine.history().size(), 2u) << engine.Text();
    EXPECT_TRUE(std::holds_alternative<OrchestrationFailed>(engine.history().back().body));
  }
}

// --- How the parent ends ------------------------------------------------------------------------

Output Ends(OrchestrationContext ctx, std::string how) {
  Child<std::string> child = ctx.StartChild(kChild, "x");
  const std::string go = co_await OrFail(ctx.WaitForEvent<std::string>("go"));
  if (how == "throws") throw std::runtime_error("boom");
  if (how == "fails") co_return Status::NotFound("no");
  if (how == "continues") co_return ctx.ContinueAsNew(kTest, "waits");
  if (how == "drops") {
    {
      const Child<std::string> dropped = std::move(child);
    }
    co_await ctx.Sleep(hours(1));
  }
  if (how == "waits") co_await ctx.Sleep(hours(1));
  if (how == "too much") static_cast<void>(ctx.CallEncoded("", ""));
  co_return go;
}

TEST(ChildrenTest, Defect18_ChildIsCancelledHoweverTheParentEnds) {
  for (const std::string how : {"throws", "fails", "returns", "drops", "continues", "too much"}) {
    Engine engine(Ends);
    engine.Start(how);
    const TurnOutcome outcome = engine.Raise("go", "went");
    const History& events = outcome.deltas.front().events;
    EXPECT_EQ(Describe(events[1].body), "ChildCancelRequested of event 2") << how;
    EXPECT_EQ(std::get<ChildCancelRequested>(events[1].body).instance, "instance::sub::1.1") << how;
  }
  Engine engine(Ends);
  engine.Start("waits");
  engine.Cancel("enough");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"waits\"\n"
            "2 ChildScheduled \"child\" as \"instance::sub::1.1\" input \"x\"\n"
            "3 EventSubscribed \"go\"\n"
            "4 CancelRequested \"enough\"\n"
            "5 ChildCancelRequested of event 2\n"
            "6 EventUnsubscribed of event 3\n"
            "7 OrchestrationFailed with cancelled Cancelled \"cancelled: enough\"");
  CheckHistory(engine);
}

TEST(ChildrenTest, Defect02_ChildIdsAreUniqueOverContinueAsNew) {
  const auto again = [](OrchestrationContext ctx, std::string) -> Output {
    const std::string out = co_await OrFail(ctx.StartChild(kChild, "x"));
    co_return ctx.ContinueAsNew(kTest, out);
  };
  Engine engine(again);
  engine.Start();
  engine.Turn({ChildDone(2, "y")});
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"y\"\n"
            "2 ChildScheduled \"child\" as \"instance::sub::2.1\" input \"x\"");
}

// The completion names the execution that it is for.
TEST(ChildrenTest, Defect03_ReplyToAnotherExecutionIsDropped) {
  Engine engine(Ends);
  engine.Start("continues");
  engine.Raise("go", "");
  ASSERT_EQ(engine.execution(), 2u);
  EXPECT_EQ(engine.Turn({ChildDone(2, "late", 1)}).dropped, 1u);
  EXPECT_EQ(engine.Turn({ChildDone(2, "in time", 2)}).dropped, 0u);
  EXPECT_EQ(LastOf(engine), "ChildCompleted of event 2 output \"in time\"");
}

TEST(ChildrenTest, Defect04_ChildThatContinuedAsNewKnowsItsParent) {
  Engine engine(Ends);
  const OperationAddress parent{"above", 3, 7};
  engine.Turn({StartItem{"test", "continues", std::nullopt, parent}});
  engine.Raise("go", "");
  EXPECT_EQ(std::get<Started>(engine.history().front().body).parent, parent);
  const TurnOutcome end = engine.Cancel("enough");
  EXPECT_EQ(end.deltas.back().started.parent, parent);
}

TEST(ChildrenTest, Defect06_SecondStartSwitchesNothing) {
  Registry registry;
  registry.Add(kTest, OneChild);
  registry.Add(kTest, {2, 0, 0}, Catches);
  Engine engine(std::move(registry));
  engine.Turn({StartItem{"test", "x", OrchestrationVersion{1, 0, 0}, std::nullopt}});
  const TurnOutcome again =
      engine.Turn({StartItem{"test", "y", OrchestrationVersion{2, 0, 0}, std::nullopt},
                   ChildBroke(2, Failure::Of(Status::NotFound("no")))});
  EXPECT_EQ(again.dropped, 1u);
  EXPECT_EQ(again.deltas.back().started.version, OrchestrationVersion());
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kNotFound);
}

TEST(ChildrenTest, ParentWhoseChildsIdIsInUseIsTold) {
  Engine engine(Ends);
  engine.Start("waits");
  const OperationAddress parent{"above", 3, 7};
  const TurnOutcome outcome = engine.Turn({StartItem{"test", "x", std::nullopt, parent}});
  ASSERT_EQ(outcome.replies.size(), 1u);
  EXPECT_EQ(outcome.replies[0].instance, "above");
  const auto& told = std::get<ChildFailedItem>(outcome.replies[0].item);
  EXPECT_EQ(told.id, (OperationId{3, 7}));
  EXPECT_EQ(told.failure.code, StatusCode::kAlreadyExists);
}

Output DropsLater(OrchestrationContext ctx, std::string) {
  {
    ChildOptions options;
    options.Instance("order");
    const Child<std::string> child = ctx.StartChild(kChild, "1", options);
    const std::string go = co_await OrFail(ctx.WaitForEvent<std::string>("go"));
  }
  co_await ctx.Sleep(hours(1));
  co_return "";
}

// The id was in use, and the parent drops the child before it is told.
TEST(ChildrenTest, RequestOfAParentToCancelReachesItsChildOnly) {
  Engine parent(DropsLater);
  parent.Start();
  TurnInput input;
  input.instance = "instance";
  const TurnOutcome dropped = parent.Raise("go", "");
  const OperationAddress asks{"instance", 1, 2};
  const CancelItem expected{"the parent no longer waits", asks};
  const auto batch = TurnBatch(input, dropped, IdClaims(), {});
  EXPECT_TRUE(std::ranges::any_of(batch, [&](const tandem::Operation& operation) {
    const auto* enqueue = std::get_if<tandem::Enqueue>(&operation);
    return enqueue != nullptr && enqueue->options.group == "order" &&
           *DecodeWorkItem(enqueue->payload, "cancel") == WorkItem(expected);
  }));

  for (const auto& somebody :
       {std::optional<OperationAddress>(), std::optional(OperationAddress{"instance", 2, 2})}) {
    Engine foreign(Ends);
    foreign.Turn({StartItem{"test", "waits", std::nullopt, somebody}});
    EXPECT_EQ(foreign.Turn({expected}).dropped, 1u);
    EXPECT_EQ(Count<CancelRequested>(foreign.history()), 0u);
  }
  Engine child(Ends);
  child.Turn({StartItem{"test", "waits", std::nullopt, asks}});
  EXPECT_EQ(child.Turn({expected}).dropped, 0u);
  EXPECT_EQ(FailureOf(child).category, FailureCategory::kCancelled);
}

// --- Many, and detached -------------------------------------------------------------------------

Output Many(OrchestrationContext ctx, std::string count) {
  std::vector<Child<std::string>> children;
  for (int i = 0; i < std::stoi(count); ++i) children.push_back(ctx.StartChild(kChild, "x"));
  Timer timer = ctx.StartTimer(hours(1));
  auto all = WhenAll(std::move(children));
  auto race = WhenAny(std::move(timer), std::move(all));
  auto nested = co_await WhenAll(std::move(race), ctx.Call(kEcho, "side"));
  const auto& won = std::get<0>(nested);
  if (won.index() == 0) co_return "timer";
  std::string text;
  for (const Result<std::string>& result : std::get<1>(won)) text += result.ok() ? *result : "!";
  co_return text;
}

TEST(ChildrenTest, Defect08_JoinOverAThousandChildrenInsideOtherCombinators) {
  Engine engine(Many);
  engine.Start("1000");
  std::vector<WorkItem> items;
  for (EventId id = 1001; id >= 2; --id) items.push_back(ChildDone(id, id % 2 == 0 ? "a" : "b"));
  engine.Turn({items.begin(), items.begin() + 700});
  engine.Turn({ActivityCompletedItem{{1, 1003}, "side"}});
  engine.Turn({items.begin() + 700, items.end()});
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += "ab";
  EXPECT_EQ(std::get<OrchestrationCompleted>(engine.history().back().body).output, expected);
  EXPECT_EQ(FindDivergence("instance", 1, engine.history(), {}, engine.registry()), std::nullopt);
}

TEST(ChildrenTest, JoinThatLosesCancelsAllItsChildrenInOrder) {
  Engine engine(Many);
  engine.Start("3");
  engine.Turn({ChildDone(3, "b"), TimerFiredItem{{1, 5}}, ActivityCompletedItem{{1, 6}, ""}});
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"timer\"");
  EXPECT_EQ(Describe(engine.history()[8].body), "ChildCancelRequested of event 2");
  EXPECT_EQ(Describe(engine.history()[9].body), "ChildCancelRequested of event 4");
  CheckHistory(engine);
}

Output FirstOfMany(OrchestrationContext ctx, std::string count) {
  std::vector<Child<std::string>> children;
  for (int i = 0; i < std::stoi(count); ++i) children.push_back(ctx.StartChild(kChild, "x"));
  const auto [index, output] = co_await WhenAny(std::move(children));
  co_return std::to_string(index) + " " + *output;
}

TEST(ChildrenTest, FirstChildOfManyWinsAndTheOthersAreCancelledInOrder) {
  Engine engine(FirstOfMany);
  engine.Start("4");
  engine.Turn({ChildDone(4, "b"), ChildDone(2, "a")});
  EXPECT_EQ(Describe(engine.history()[6].body), "ChildCancelRequested of event 2");
  EXPECT_EQ(Describe(engine.history()[7].body), "ChildCancelRequested of event 3");
  EXPECT_EQ(Describe(engine.history()[8].body), "ChildCancelRequested of event 5");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"2 b\"");
  CheckHistory(engine);
}

TEST(ChildrenTest, FirstOfNoneFailsTheInstance) {
  Engine engine(FirstOfMany);
  engine.Start("0");
  EXPECT_EQ(FailureOf(engine).message,
            "orchestration 'test' threw: WhenAny of an empty vector would wait forever");
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInternal);
  CheckHistory(engine);
}

Output Detaches(OrchestrationContext ctx, std::string how) {
  const std::string go = co_await OrFail(ctx.WaitForEvent<std::string>("go"));
  ctx.StartDetached(kChild, "free-" + go, "x", OrchestrationVersion{3, 0, 0});
  if (how == "continues") co_return ctx.ContinueAsNew(kTest, "waits");
  if (how == "fails") co_return Status::NotFound("no");
  if (how == "waits") co_await ctx.Sleep(hours(1));
  co_return go;
}

TEST(ChildrenTest, Defect10_DetachedStartIsRecordedHoweverTheStarterEnds) {
  for (const std::string how : {"returns", "fails", "continues", "waits"}) {
    Engine engine(Detaches);
    engine.Start(how);
    const TurnOutcome outcome = engine.Turn({EventRaisedItem{{"go", "1"}}, CancelItem{"enough"}});
    EXPECT_EQ(Describe(outcome.deltas.front().events[1].body),
              "DetachedStarted \"child\" 3.0.0 as \"free-1\" input \"x\"")
        << how;
    EXPECT_EQ(Count<ChildCancelRequested>(outcome.deltas.front().events), 0u);
  }
}

}  // namespace
}  // namespace duroxide
