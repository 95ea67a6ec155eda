// The key-value map of an instance, and its custom status.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;
using std::chrono::seconds;

std::string Joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += key + " ";
  return text;
}

Output WritesAndReads(OrchestrationContext ctx, std::string) {
  ctx.SetKv("b", 2);
  ctx.SetKv("a", 1);
  ctx.SetKv("b", 20);
  std::string text = Joined(ctx.KvKeys()) + std::to_string(**ctx.GetKv<int>("b"));
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  ctx.EraseKv("a");
  ctx.EraseKv("a");
  ctx.EraseKv("never there");
  const std::optional<int> gone = *ctx.GetKv<int>("a");
  text += gone ? " still there" : " gone";
  co_return text;
}

TEST(KeyValueTest, WritesAreRecordedAndReadsAreNot) {
  Engine engine(WritesAndReads);
  engine.Start();
  engine.Raise("e", "");
  EXPECT_EQ(engine.Text(),
            "1 Started \"test\" 1.0.0 input \"\"\n"
            "2 KvSet \"b\" to \"2\"\n"
            "3 KvSet \"a\" to \"1\"\n"
            "4 KvSet \"b\" to \"20\"\n"
            "5 EventSubscribed \"e\"\n"
            "6 EventRaised \"e\" payload \"\"\n"
            "7 KvErased \"a\"\n"
            "8 OrchestrationCompleted output \"a b 20 gone\"");
  CheckHistory(engine);
}

TEST(KeyValueTest, ChangesAreTheInstancesOnceTheExecutionHasEnded) {
  Engine engine(WritesAndReads);
  const TurnOutcome start = engine.Start();
  EXPECT_TRUE(start.deltas.back().kv_changes.empty());
  const TurnOutcome end = engine.Raise("e", "");
  const KvChanges& changes = end.deltas.back().kv_changes;
  EXPECT_EQ(changes.size(), 1u) << "\"a\" was not there before and is no more";
  EXPECT_EQ(changes.at("b")->value, "20");
  EXPECT_EQ(changes.at("b")->updated_at, engine.history().front().time);
}

// Replay starts from what the executions before have left, never from its own writes.
Output Increments(OrchestrationContext ctx, std::string input) {
  for (int i = 0; i < 3; ++i) {
    const std::optional<int> before = *ctx.GetKv<int>("n");
    ctx.SetKv("n", before.value_or(0) + 1);
    static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  }
  if (input.empty()) co_return ctx.ContinueAsNew(kTest, "last");
  co_return std::to_string(**ctx.GetKv<int>("n"));
}

TEST(KeyValueTest, ReadModifyWriteCountsOnceOverTurnsReplaysAndExecutions) {
  Engine engine(Increments);
  engine.Start();
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(engine.Raise("e", "").diagnosis);
  }
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"6\"");
  EXPECT_EQ(engine.kv().at("n").value, "6");
  KvEntries before;
  before.emplace("n", KvEntry{"3", Timestamp()});
  CheckHistory(engine.history(), engine.registry(), 2, before);
}

Output Prunes(OrchestrationContext ctx, std::string input) {
  ctx.SetKv("old", 1);
  ctx.SetKv("touched", 1);
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  ctx.SetKv("touched", 2);
  ctx.SetKv("new", 1);
  if (input == "all") {
    ctx.ClearKv();
    co_return Joined(ctx.KvKeys());
  }
  const std::size_t erased = ctx.EraseKvBefore(ctx.Now());
  co_return std::to_string(erased) + " " + Joined(ctx.KvKeys());
}

TEST(KeyValueTest, WhatWasNotSetSinceATimeIsErased) {
  Engine engine(Prunes);
  engine.Start();
  engine.Raise("e", "");
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"1 new touched \"");
  CheckHistory(engine);
}

TEST(KeyValueTest, ClearErasesKeyByKeyInOrder) {
  Engine engine(Prunes);
  engine.Start("all");
  const TurnOutcome outcome = engine.Raise("e", "");
  EXPECT_EQ(Engine::TextOf(outcome.deltas[0].events),
            "1 EventRaised \"e\" payload \"\"\n"
            "2 KvSet \"touched\" to \"2\"\n"
            "3 KvSet \"new\" to \"1\"\n"
            "4 KvErased \"new\"\n"
            "5 KvErased \"old\"\n"
            "6 KvErased \"touched\"\n"
            "7 OrchestrationCompleted output \"\"");
  EXPECT_TRUE(engine.kv().empty());
  CheckHistory(engine);
}

TEST(KeyValueTest, TimesOfEarlierExecutionsCount) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    const std::size_t erased = ctx.EraseKvBefore(ctx.Now() - seconds(10));
    co_return std::to_string(erased) + " " + Joined(ctx.KvKeys());
  });
  TurnInput input;
  input.instance = "instance";
  input.items = {StartItem{"test", ""}};
  input.now = Timestamp(seconds(1000));
  input.kv.emplace("at 989", KvEntry{"", Timestamp(seconds(989))});
  input.kv.emplace("at 990", KvEntry{"", Timestamp(seconds(990))});
  const TurnOutcome outcome = RunTurn(input, engine.registry());
  EXPECT_EQ(LastOf(outcome.deltas[0].events), "OrchestrationCompleted output \"1 at 990 \"");
}

TEST(KeyValueTest, ValueThatCantBeDecodedIsAnError) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    ctx.SetKv("k", std::string("seven"));
    const Result<std::optional<int>> number = ctx.GetKv<int>("k");
    co_return number.status();
  });
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
}

TEST(KeyValueTest, ChangedKeyValueOrOrderDiverges) {
  Engine engine(WritesAndReads);
  engine.Start();
  EXPECT_EQ(DivergenceOf(engine.history(),
                         [](OrchestrationContext ctx, std::string) -> Output {
                           ctx.SetKv("c", 2);
                           co_return "";
                         }),
            "event 2: history holds KvSet \"b\" to \"2\", but the code asked for KvSet \"c\" to "
            "\"2\"");
  EXPECT_EQ(DivergenceOf(engine.history(),
                         [](OrchestrationContext ctx, std::string) -> Output {
                           ctx.SetKv("b", 2);
                           ctx.SetKv("b", 20);
                           co_return "";
                         }),
            "event 3: history holds KvSet \"a\" to \"1\", but the code asked for KvSet \"b\" to "
            "\"20\"");
  EXPECT_EQ(DivergenceOf(engine.history(),
                         [](OrchestrationContext ctx, std::string) -> Output {
                           ctx.SetKv("b", 2);
                           ctx.SetKv("a", 1);
                           ctx.SetKv("b", 20);
                           ctx.EraseKv("b");
                           co_return "";
                         }),
            "event 5: history holds EventSubscribed \"e\", but the code asked for KvErased \"b\"");
}

// --- Limits -------------------------------------------------------------------------------------

Output FillsUp(OrchestrationContext ctx, std::string input) {
  for (int i = 0; i < 100; ++i) ctx.SetKv("first " + std::to_string(i), i);
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  const int more = std::stoi(input);
  for (int i = 0; i < more; ++i) ctx.SetKv("second " + std::to_string(i), i);
  ctx.SetKv("first 0", 7);  // is there already
  co_return std::to_string(ctx.KvKeys().size());
}

// Upstream counts those of one turn.
TEST(KeyValueTest, Defect11_KeysOfAllTurnsCount) {
  static_assert(kKvKeysMax == 150);
  Engine fits(FillsUp);
  fits.Start("50");
  fits.Raise("e", "");
  EXPECT_EQ(LastOf(fits), "OrchestrationCompleted output \"150\"");
  Engine over(FillsUp);
  over.Start("51");
  over.Raise("e", "");
  EXPECT_EQ(FailureOf(over).code, StatusCode::kTooLarge);
  EXPECT_EQ(over.kv().size(), 150u);
  EXPECT_EQ(over.kv().at("first 0").value, "0");  // nothing behind the bad call counts
  CheckHistory(over);
}

TEST(KeyValueTest, ValueOrKeyOverTheLimitLeavesTheMapAsItWas) {
  for (const std::string& key : {std::string("k"), std::string(), std::string(1000, 'k')}) {
    Engine engine([](OrchestrationContext ctx, std::string name) -> Output {
      ctx.SetKv("k", std::string("before"));
      ctx.SetKv(name, std::string(kKvValueBytesMax + 1, 'x'));
      ctx.EraseKv("k");
      co_return "";
    });
    engine.Start(key);
    EXPECT_EQ(engine.history().size(), 3u) << engine.Text();
    EXPECT_FALSE(FailureOf(engine).message.empty());
    EXPECT_EQ(engine.kv().size(), 1u);
    EXPECT_EQ(engine.kv().at("k").value, "before");
    CheckHistory(engine);
  }
}

// --- Custom status ------------------------------------------------------------------------------

Output Reports(OrchestrationContext ctx, std::string) {
  ctx.SetCustomStatus("one");
  ctx.SetCustomStatus("two");
  std::string text = *ctx.custom_status();
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  ctx.ResetCustomStatus();
  text += ctx.custom_status() ? " set" : " none";
  static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  ctx.SetCustomStatus("three");
  co_return text;
}

TEST(KeyValueTest, CustomStatusIsWhatWasSetLastAndItsVersionGrows) {
  Engine engine(Reports);
  EXPECT_EQ(engine.Start().custom_status, (CustomStatus{"two", 2}));
  EXPECT_EQ(engine.Raise("other", "").custom_status, (CustomStatus{"two", 2}));
  EXPECT_EQ(engine.Raise("e", "").custom_status, (CustomStatus{std::nullopt, 3}));
  EXPECT_EQ(engine.Raise("e", "").custom_status, (CustomStatus{"three", 4}));
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"two none\"");
  EXPECT_EQ(Count<CustomStatusSet>(engine.history()), 4u);
  CheckHistory(engine);
}

TEST(KeyValueTest, TextOfACustomStatusMayChangeButNotThatThereIsOne) {
  Engine engine(Reports);
  engine.Start();
  EXPECT_EQ(DivergenceOf(engine.history(),
                         [](OrchestrationContext ctx, std::string) -> Output {
                           ctx.SetCustomStatus("eins");
                           ctx.ResetCustomStatus();
                           co_return co_await ctx.WaitForEvent<std::string>("e");
                         }),
            "none");
  EXPECT_EQ(DivergenceOf(engine.history(),
                         [](OrchestrationContext ctx, std::string) -> Output {
                           ctx.SetCustomStatus("one");
                           co_return co_await ctx.WaitForEvent<std::string>("e");
                         }),
            "event 3: history holds CustomStatusSet \"two\", but the code asked for "
            "EventSubscribed \"e\"");
}

TEST(KeyValueTest, CustomStatusOverTheLimitLeavesTheOneBefore) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    ctx.SetCustomStatus("before");
    ctx.SetCustomStatus(std::string(kCustomStatusBytesMax + 1, 'x'));
    co_return "";
  });
  const TurnOutcome outcome = engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kTooLarge);
  EXPECT_EQ(outcome.custom_status, (CustomStatus{"before", 1}));
  EXPECT_EQ(engine.history().size(), 3u);
  CheckHistory(engine);
}

}  // namespace
}  // namespace duroxide
