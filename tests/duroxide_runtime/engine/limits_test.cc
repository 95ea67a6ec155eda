// What an instance may go on with forever, and what is refused at once.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "tandem/batch/memory_provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/internal/store/turn_batch.h"
#include "tandem/tests/duroxide_runtime/engine/check_history.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

using Output = Task<Result<std::string>>;
using std::chrono::hours;

// --- The key-value map --------------------------------------------------------------------------

TEST(LimitsTest, ErasedKeyIsAChangeIfAnEarlierExecutionHasLeftIt) {
  KvState kv({{"old", KvEntry{"1", {}}}});
  kv.Set("new", KvEntry{"2", {}});
  for (const std::string key : {"old", "new"}) {
    kv.Erase(key);
    kv.Set(key, KvEntry{"3", {}});
    EXPECT_EQ(kv.changes().at(key)->value, "3");
    kv.Erase(key);
  }
  EXPECT_EQ(kv.changes(), (KvChanges{{"old", std::nullopt}}));
}

// As many keys as the number given; each is there for a while, a hundred of them over a turn's end.
Output TouchesKeys(OrchestrationContext ctx, std::string keys) {
  const int all = std::stoi(keys);
  for (int key = 0; key < all; ++key) {
    ctx.SetKv("key " + std::to_string(key), key);
    if (key >= 100) ctx.EraseKv("key " + std::to_string(key - 100));
    if (key % 4'000 == 0) static_cast<void>(co_await ctx.WaitForEvent<std::string>("e"));
  }
  ctx.ClearKv();
  co_return "done";
}

TEST(LimitsTest, EndOfAnExecutionDoesNotGrowWithTheKeysItHasTouched) {
  Engine engine(TouchesKeys);
  TurnOutcome outcome = engine.Start("40000");
  for (int turn = 0; turn < 10; ++turn) outcome = engine.Raise("e", "");
  ASSERT_EQ(LastOf(engine), "OrchestrationCompleted output \"done\"");
  EXPECT_TRUE(outcome.deltas.back().kv_changes.empty());
}

// Of the execution's own metadata, as the batches of its turns leave it.
void ApplyOwnMetadata(const tandem::Batch& batch, std::map<std::string, std::string>& records) {
  for (const tandem::Operation& operation : batch) {
    const auto* update = std::get_if<tandem::UpdateMetadata>(&operation);
    if (update == nullptr || update->stream != HistoryStream("instance", 1)) continue;
    for (const std::string& key : update->erase) records.erase(key);
    for (const auto& [key, value] : update->set) records.insert_or_assign(key, value);
  }
}

TEST(LimitsTest, ErasedKeysThatNoExecutionHasLeftLeaveNoRecord) {
  const Engine engine(TouchesKeys);
  TurnInput input;
  input.instance = "instance";
  input.items = {StartItem{"test", "4200"}};
  std::map<std::string, std::string> records;
  const auto run = [&] {
    const TurnOutcome outcome = RunTurn(input, engine.registry());
    const History& events = outcome.deltas.back().events;
    input.history.insert(input.history.end(), events.begin(), events.end());
    input.items = {EventRaisedItem{{"e", ""}}};
    ApplyOwnMetadata(TurnBatch(input, outcome, IdClaims(), {}), records);
  };
  run();
  EXPECT_EQ(records.size(), 1u);
  run();
  EXPECT_EQ(records.size(), 100u);
  run();
  ASSERT_EQ(LastOf(input.history), "OrchestrationCompleted output \"done\"");
  EXPECT_TRUE(records.empty());
}

// --- Local steps --------------------------------------------------------------------------------

struct Misuse {
  std::string_view what;
  void (*act)(OrchestrationContext ctx);
};
const Misuse kMisuses[] = {
    {"activity", [](OrchestrationContext ctx) { static_cast<void>(ctx.Call(kEcho, "x")); }},
    {"bad name", [](OrchestrationContext ctx) { static_cast<void>(ctx.CallEncoded("", "x")); }},
    {"step", [](OrchestrationContext ctx) { static_cast<void>(ctx.Run("in", [] { return 1; })); }},
    {"timer", [](OrchestrationContext ctx) { static_cast<void>(ctx.StartTimer(hours(1))); }},
    {"event",
     [](OrchestrationContext ctx) { static_cast<void>(ctx.WaitForEvent<std::string>("e")); }},
    {"child", [](OrchestrationContext ctx) { static_cast<void>(ctx.StartChild(kTest, "x")); }},
    {"detached", [](OrchestrationContext ctx) { ctx.StartDetached(kTest, "id", "x"); }},
    {"continue", [](OrchestrationContext ctx) { ctx.ContinueAsNew(kTest, "x"); }},
    {"patch", [](OrchestrationContext ctx) { static_cast<void>(ctx.Patched("p")); }},
    {"status", [](OrchestrationContext ctx) { ctx.SetCustomStatus("s"); }},
    {"set", [](OrchestrationContext ctx) { ctx.SetKv("k", 2); }},
    {"erase", [](OrchestrationContext ctx) { ctx.EraseKv("there"); }},
    {"uuid", [](OrchestrationContext ctx) { static_cast<void>(ctx.NewUuid()); }},
    {"random", [](OrchestrationContext ctx) { static_cast<void>(ctx.NewRandom()); }},
};

Output StepActs(OrchestrationContext ctx, std::string number) {
  ctx.SetKv("there", 1);
  const auto act = kMisuses[std::stoul(number)].act;
  const auto step = [&] {
    act(ctx);
    return 1;
  };
  const Result<int> got = ctx.Run("pick", step);
  ctx.SetKv("after", 1);
  co_await ctx.Sleep(hours(1));
  co_return got.status();
}

TEST(LimitsTest, LocalStepThatUsesTheContextFailsTheInstance) {
  for (std::size_t i = 0; i < std::size(kMisuses); ++i) {
    SCOPED_TRACE(kMisuses[i].what);
    Engine engine(StepActs);
    engine.Start(std::to_string(i));
    ASSERT_EQ(engine.history().size(), 3u) << engine.Text();
    EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
    EXPECT_EQ(FailureOf(engine).message,
              "local step 'pick' uses the context: a local step must not use the context, since a "
              "replay does not run it");
    CheckHistory(engine);
  }
}

Output StepDropsATimer(OrchestrationContext ctx, std::string) {
  std::optional<Timer> timer = ctx.StartTimer(hours(1));
  const auto step = [&] {
    timer.reset();
    return 1;
  };
  co_return ctx.Run("pick", step).status();
}

TEST(LimitsTest, LocalStepThatDropsAFutureFailsTheInstance) {
  Engine engine(StepDropsATimer);
  engine.Start();
  EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(Count<TimerCancelled>(engine.history()), 1u);
  CheckHistory(engine);
}

Output StepLooks(OrchestrationContext ctx, std::string) {
  ctx.SetKv("k", 7);
  const auto step = [&] {
    ctx.Log(LogLevel::kInfo, "looks");
    const bool known = ctx.Now() >= ctx.created_at() && !ctx.IsReplaying();
    return known ? ctx.instance() + " " + std::to_string(**ctx.GetKv<int>("k")) : "";
  };
  const Result<std::string> got = ctx.Run("looks", step);
  co_await ctx.Sleep(hours(1));
  co_return *got;
}

TEST(LimitsTest, LocalStepMayLookAtFactsAndLog) {
  Engine engine(StepLooks);
  EXPECT_EQ(engine.Start().logs.size(), 1u);
  engine.Fire(4);
  EXPECT_EQ(LastOf(engine), "OrchestrationCompleted output \"instance 7\"");
  CheckHistory(engine);
}

// --- Durations ----------------------------------------------------------------------------------

TEST(LimitsTest, TimerForEverNeverFires) {
  Engine engine([](OrchestrationContext ctx, std::string) -> Output {
    co_await ctx.Sleep(hours::max());
    co_return "";
  });
  engine.Start();
  EXPECT_EQ(std::get<TimerCreated>(engine.history().back().body).fire_at, tandem::kNever);
}

TEST(LimitsTest, RetryPolicyTakesTheLongestDurations) {
  const RetryPolicy policy =
      RetryPolicy().Backoff(hours::max(), 2, hours::max()).AttemptTimeout(hours::max());
  EXPECT_EQ(policy.DelayAfter(1), RetryPolicy::Duration::max());
  EXPECT_EQ(policy.DelayAfter(2), RetryPolicy::Duration::max());
  EXPECT_EQ(*policy.timeout(), RetryPolicy::Duration::max());
}

TEST(LimitsTest, ClientTakesTheLongestDurations) {
  const StartOptions options = StartOptions().Delay(hours::max());
  EXPECT_EQ(options.delay(), std::chrono::milliseconds::max());
  EXPECT_EQ(Timeout(hours::max()).value(), std::chrono::milliseconds::max());
}

// As long as the instance takes, and not at once.
TEST(LimitsTest, ClientWaitsForEver) {
  tandem::MemoryProvider provider;
  Registry registry;
  registry.Add(kTest, [](OrchestrationContext ctx, std::string) -> Output {
    ctx.SetKv("k", 1);
    ctx.SetCustomStatus("here");
    co_await ctx.Sleep(std::chrono::milliseconds(20));
    co_return "done";
  });
  const auto runtime = Runtime::Start(provider, std::move(registry));
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  const Client client = (*runtime)->client();
  ASSERT_TRUE(client.Start(kTest, "i", "").ok());
  EXPECT_TRUE(client.WaitForKv<int>("i", "k", hours::max()).ok());
  EXPECT_TRUE(client.WaitForCustomStatus("i", 0, hours::max()).ok());
  EXPECT_TRUE(client.WaitUntilFinished("i", hours::max()).ok());
  EXPECT_TRUE(client.Wait(kTest, "i", hours::max()).ok());
}

TEST(LimitsTest, OptionsTakeTheLongestDurations) {
  HistoryOptions history;
  history.wait = hours::max();
  EXPECT_EQ(history.wait.value(), std::chrono::milliseconds::max());
  ShutdownOptions shutdown(hours::max());
  shutdown.grace = hours::max();
  EXPECT_EQ(shutdown.timeout.value(), std::chrono::milliseconds::max());
  tandem::MemoryProvider provider;
  const auto runtime = Runtime::Start(provider, Registry());
  ASSERT_TRUE(runtime.ok());
  EXPECT_EQ((*runtime)->Shutdown(shutdown), ShutdownResult::kDrained);
}

TEST(LimitsTest, LeaseIsAtMostAYear) {
  tandem::MemoryProvider provider;
  RuntimeOptions options;
  options.lease = hours(24 * 365);
  EXPECT_TRUE(Runtime::Start(provider, Registry(), options).ok());
  options.lease = hours(24 * 365) + std::chrono::milliseconds(1);
  EXPECT_EQ(Runtime::Start(provider, Registry(), options).status().code(),
            StatusCode::kInvalidArgument);
  options.lease = hours::max();
  EXPECT_EQ(Runtime::Start(provider, Registry(), options).status().code(),
            StatusCode::kInvalidArgument);
}

// --- Threads ------------------------------------------------------------------------------------

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)

// The stacks of threads are taken out of the address space, which a limit makes scarce; that of
// processes would not hold for root.
std::size_t AddressSpace() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(LimitsTest, RuntimeThatGetsNoFurtherThreadIsUnavailable) {
  tandem::MemoryProvider provider;
  RuntimeOptions options;
  options.orchestration_threads = 4;
  options.activity_threads = 200;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = AddressSpace() + (std::size_t{256} << 20);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
  const Status status = Runtime::Start(provider, Registry(), options).status();
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  options.activity_threads = 4;
  EXPECT_TRUE(Runtime::Start(provider, Registry(), options).ok());
}

#endif  // a sanitizer needs the address space for itself

// --- Parking ------------------------------------------------------------------------------------

TEST(BackoffsTest, HoldOneNameLessForANewOne) {
  Backoffs backoffs;
  const auto name = [](std::size_t i) { return "name " + std::to_string(i); };
  for (std::size_t i = 0; i < internal::tuning::kBackoffNamesMax; ++i) {
    EXPECT_EQ(backoffs.Next(name(i), 1, Timestamp()), 1u);
  }
  EXPECT_EQ(backoffs.Next("new", 1, Timestamp()), 1u);
  EXPECT_EQ(backoffs.Next("new", 1, Timestamp()), 2u);
  EXPECT_EQ(backoffs.size(), internal::tuning::kBackoffNamesMax);
  EXPECT_EQ(backoffs.Next(name(1), 1, Timestamp()), 2u);
  EXPECT_EQ(backoffs.Next(name(0), 1, Timestamp()), 1u) << "the oldest had to go";
}

TEST(BackoffsTest, AnotherMessageIsTheFirstTimeAgain) {
  Backoffs backoffs;
  EXPECT_EQ(backoffs.Next("i", 7, Timestamp()), 1u);
  EXPECT_EQ(backoffs.Next("i", 7, Timestamp()), 2u);
  EXPECT_EQ(backoffs.Next("i", 8, Timestamp()), 1u);
  backoffs.Forget("i");
  EXPECT_EQ(backoffs.size(), 0u);
}

// What others have done, or what was cancelled, never comes back here to be forgotten.
TEST(BackoffsTest, WhatDoesNotComeBackIsForgotten) {
  Backoffs backoffs;
  Timestamp now{};
  for (int i = 0; i < 1'000; ++i) {
    now += std::chrono::minutes(1);
    backoffs.Next("name " + std::to_string(i), 1, now);
    backoffs.Next("stays", 1, now);
  }
  EXPECT_EQ(backoffs.size(), 11u) << "one a minute for ten minutes, and the one that stays";
  EXPECT_EQ(backoffs.Next("stays", 1, now), 1'001u);
}

TEST(BackoffsTest, UnregisteredWorkIsHandedOverSevenTimesBeforeEachParking) {
  for (const std::uint32_t parking : {1u, 2u, 9u}) {
    const std::uint32_t attempt = 8 * parking;
    for (std::uint32_t i = attempt - 7; i < attempt; ++i) {
      EXPECT_TRUE(StepOfUnregistered(i).hand_over) << i;
    }
    EXPECT_FALSE(StepOfUnregistered(attempt).hand_over);
    EXPECT_EQ(StepOfUnregistered(attempt).parking, parking);
  }
}

// --- Tags ---------------------------------------------------------------------------------------

Output CallsTagged(OrchestrationContext ctx, std::string tag) {
  static_cast<void>(co_await ctx.Call(kEcho, "x", CallOptions().Tag(tag)));
  co_return "";
}

TEST(LimitsTest, TagOfADeadLetterQueueIsRefused) {
  EXPECT_EQ(tandem::DeadLetterQueue(internal::WorkQueue("gpu")), internal::WorkQueue("gpu/dead"));
  for (const std::string tag : {"dead", "gpu/dead"}) {
    Engine engine(CallsTagged);
    engine.Start(tag);
    EXPECT_EQ(FailureOf(engine).code, StatusCode::kInvalidArgument);
    CheckHistory(engine);
    tandem::MemoryProvider provider;
    RuntimeOptions options;
    options.tags = {tag};
    EXPECT_EQ(Runtime::Start(provider, Registry(), options).status().code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(LimitsTest, TagsLikeThoseOfDeadLetterQueuesAreTaken) {
  for (const std::string tag : {"undead", "dead/gpu", "Dead", "gpu.dead"}) {
    Engine engine(CallsTagged);
    engine.Start(tag);
    EXPECT_EQ(Count<ActivityScheduled>(engine.history()), 1u) << tag;
  }
}

// --- Handles ------------------------------------------------------------------------------------

// A name may not go away, be empty or be too long.
template <typename Handle>
constexpr bool kTakesLiteralsOnly =
    std::is_constructible_v<Handle, const char (&)[2]> &&
    std::is_constructible_v<Handle, const char (&)[kNameBytesMax + 1]> &&
    !std::is_constructible_v<Handle, const char (&)[1]> &&
    !std::is_constructible_v<Handle, const char (&)[kNameBytesMax + 2]> &&
    !std::is_constructible_v<Handle, const char*> &&
    !std::is_constructible_v<Handle, std::string> &&
    !std::is_constructible_v<Handle, std::string_view>;
static_assert(kTakesLiteralsOnly<Activity<int(int)>>);
static_assert(kTakesLiteralsOnly<Orchestration<int(int)>>);

}  // namespace
}  // namespace duroxide
