// What an activity is told, what it leaves to its next attempt, and which runtime runs it.

#include <gtest/gtest.h>

#include "tandem/duroxide_runtime/internal/dispatch/stored_progress.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::seconds;
using tandem::StatusCode;

class ActivityTest : public RuntimeFixture {
 protected:
  // Only activities, one at a time.
  static RuntimeOptions ActivitiesOnly() {
    RuntimeOptions options;
    options.orchestration_threads = 0;
    options.activity_threads = 1;
    return options;
  }
  static RuntimeOptions OrchestrationsOnly() {
    RuntimeOptions options;
    options.activity_threads = 0;
    return options;
  }

  // Stores the turn in which `instance` calls its first activity, and runs nothing else.
  void RunFirstTurn(const std::string& instance, tandem::Version events = 2) {
    const auto runtime = StartRuntime(Working(), OrchestrationsOnly());
    AwaitHistory(instance, events);
  }

  // Takes the activity and lets its lease run out, as a process does that dies.
  tandem::LockToken LoseOneDelivery(const std::string& queue = "dx/work") {
    tandem::DequeueOptions options;
    options.lease = seconds(1);
    const auto deliveries = provider.Dequeue(queue, options);
    EXPECT_EQ(deliveries->size(), 1u);
    clock.Advance(seconds(1));
    return deliveries->front().lock_token;
  }

  std::optional<std::string> ProgressOf(const std::string& instance, EventId id) {
    tandem::MetadataOptions options;
    options.prefix = internal::ProgressKey(id);
    const auto page = provider.ReadMetadata(internal::HistoryStream(instance, 1), options);
    if (page->entries.empty()) return std::nullopt;
    return page->entries.front().second;
  }
};
INSTANTIATE_TEST_SUITE_P(, ActivityTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST(ActivityContextTest, KeepsProgressItselfInAUnitTest) {
  ActivityFacts facts;
  facts.activity = "copy";
  ActivityContext context(facts);
  EXPECT_EQ(context.LastProgress<int>().value(), std::nullopt);
  EXPECT_TRUE(context.Heartbeat(7).ok());
  EXPECT_TRUE(context.Heartbeat().ok());
  EXPECT_EQ(context.LastProgress<int>().value(), 7);
  EXPECT_EQ(context.name(), "copy");
  EXPECT_EQ(context.HeartbeatEncoded(std::string(kProgressBytesMax + 1, 'x')).code(),
            StatusCode::kTooLarge);
}

TEST(ActivityContextTest, HeartbeatTellsOfTheStopInAUnitTest) {
  std::stop_source stop;
  ActivityContext context(ActivityFacts(), stop.get_token());
  stop.request_stop();
  EXPECT_EQ(context.Heartbeat().code(), StatusCode::kCancelled);
}

constexpr Orchestration<std::string(std::string)> kTagged("tagged");

Task<Result<std::string>> CallOnGpu(OrchestrationContext ctx, std::string text) {
  const CallOptions options = CallOptions().Tag("gpu");
  Future<std::string> call = ctx.Call(kEcho, text, options);
  co_return co_await std::move(call);
}

TEST_P(ActivityTest, ContextTellsAllFactsOfTheCall) {
  Registry registry;
  registry.Add(kTagged, {2, 1, 0}, CallOnGpu);
  registry.Add(kEcho, [](ActivityContext& context, std::string) -> Result<std::string> {
    return context.name() + " " + context.tag() + " " + context.instance() + " " +
           std::to_string(context.execution()) + " " + std::to_string(context.id()) + " " +
           context.orchestration() + " " + context.orchestration_version().ToString() + " " +
           std::to_string(context.delivery_count());
  });
  RuntimeOptions options;
  options.tags = {"gpu"};
  const auto runtime = StartRuntime(registry, options);
  ASSERT_TRUE(client.Start(kTagged, "i", "x").ok());
  EXPECT_EQ(client.Wait(kTagged, "i", kLong).value(), "echo gpu i 1 2 tagged 2.1.0 1");
}

TEST_P(ActivityTest, Defect15_NothingIsReadToRunAnActivity) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i");
  const std::uint64_t before = provider.reads();
  {
    Barrier running;
    running.Open();
    Registry registry;
    registry.Add(kEcho, [&](ActivityContext&, std::string text) -> Result<std::string> {
      running.Enter();
      return text;
    });
    const auto runtime = StartRuntime(registry, ActivitiesOnly());
    running.AwaitEntered(1);
    EXPECT_EQ(runtime->Shutdown(), ShutdownResult::kDrained);
    EXPECT_EQ(runtime->Stats().activities_run, 1u);
    EXPECT_EQ(provider.reads(), before);
  }
  const auto runtime = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

// --- Progress -----------------------------------------------------------------------------------

TEST_P(ActivityTest, NextAttemptFindsTheProgressOfTheOneBefore) {
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i");
  {  // the first attempt gets so far, and dies
    internal::LeaseKeeper leases(provider, seconds(1));
    tandem::DequeueOptions options;
    options.lease = seconds(1);
    const auto deliveries = provider.Dequeue("dx/work", options);
    const auto lease = leases.Keep(deliveries->front().lock_token);
    internal::StoredProgress progress(provider, lease, {"i", 1, 2}, 1);
    EXPECT_FALSE(progress.may_exist());
    EXPECT_TRUE(progress.Save("41").ok());
    EXPECT_TRUE(progress.may_exist());
  }
  EXPECT_EQ(ProgressOf("i", 2), "41");
  clock.Advance(seconds(1));
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [](ActivityContext& context, std::string) -> Result<std::string> {
    TANDEM_ASSIGN_OR_RETURN(const std::optional<int> found, context.LastProgress<int>());
    if (!found) return std::string("none");
    TANDEM_RETURN_IF_ERROR(context.Heartbeat(*found + 1));
    TANDEM_ASSIGN_OR_RETURN(const std::optional<int> own, context.LastProgress<int>());
    return std::to_string(*own) + " in delivery " + std::to_string(context.delivery_count());
  });
  const auto runtime = StartRuntime(registry);
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "42 in delivery 2");
  EXPECT_EQ(ProgressOf("i", 2), std::nullopt);  // gone with the report
}

TEST_P(ActivityTest, ProgressIsGoneWithTheReportAlsoOfAFailure) {
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [](ActivityContext& context, std::string) -> Result<std::string> {
    TANDEM_RETURN_IF_ERROR(context.Heartbeat("half"));
    return Status::NotFound("no");
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ProgressOf("i", 2), std::nullopt);
}

TEST_P(ActivityTest, ReportOfADeletedInstanceWithProgressIsStillAnswered) {
  Barrier barrier;
  Registry registry;
  registry.Add(kEcho, [&](ActivityContext& context, std::string text) -> Result<std::string> {
    TANDEM_RETURN_IF_ERROR(context.Heartbeat("half"));
    barrier.Enter();
    return text;
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  RunFirstTurn("i");
  const auto runtime = StartRuntime(registry, ActivitiesOnly());
  barrier.AwaitEntered(1);
  tandem::Batch batch;
  batch.Add(tandem::DeleteEntity{internal::InstanceEntity("i")});
  ASSERT_TRUE(provider.AtomicBatch(std::move(batch)).ok());
  barrier.Open();
  EXPECT_EQ(runtime->Shutdown(), ShutdownResult::kDrained);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  EXPECT_EQ(ProgressOf("i", 2), std::nullopt);
}

Task<Result<std::string>> GivesUp(OrchestrationContext ctx, std::string text) {
  const auto any = co_await WhenAny(ctx.Call(kEcho, text), ctx.WaitForEvent<std::string>("stop"));
  co_return std::to_string(any.index());
}

TEST_P(ActivityTest, HeartbeatTellsOfTheCancellationAndLeavesNothingBehind) {
  Barrier barrier;
  Registry registry;
  registry.Add(kOnce, GivesUp);
  registry.Add(kEcho, [&](ActivityContext& context, std::string) -> Result<std::string> {
    EXPECT_TRUE(context.Heartbeat("half").ok());
    barrier.Enter();
    const Status status = context.Heartbeat("three quarters");
    EXPECT_EQ(status.code(), StatusCode::kCancelled);
    EXPECT_TRUE(context.stop_token().stop_requested());
    return status;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  EXPECT_EQ(ProgressOf("i", 2), "half");
  ASSERT_TRUE(client.RaiseEvent("i", "stop").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "1");
  barrier.Open();
  log.Await("dropped the result of activity 'echo'");
  EXPECT_EQ(ProgressOf("i", 2), std::nullopt);
}

TEST_P(ActivityTest, HeartbeatPassesOnATroubleThatMayPass) {
  provider.OnRenew([]() -> Status { return Status::Unavailable("later"); });
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kEcho, [&](ActivityContext& context, std::string text) -> Result<std::string> {
    EXPECT_EQ(context.Heartbeat("half").code(), StatusCode::kUnavailable);
    EXPECT_FALSE(context.stop_token().stop_requested());
    return text;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

// --- Tags ---------------------------------------------------------------------------------------

Registry EchoesItsTag() {
  Registry registry;
  registry.Add(kOnce, EchoOnce);
  registry.Add(kTagged, CallOnGpu);
  registry.Add(kEcho, [](ActivityContext& context, const std::string& text) -> Result<std::string> {
    return text + "@" + context.tag();
  });
  return registry;
}

TEST_P(ActivityTest, TaggedActivityWaitsForARuntimeThatServesItsTag) {
  const auto untagged = StartRuntime(EchoesItsTag());
  ASSERT_TRUE(client.Start(kTagged, "tagged", "x").ok());
  ASSERT_TRUE(client.Start(kOnce, "once", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "once", kLong).value(), "x@");
  AwaitHistory("tagged", 2);
  EXPECT_EQ(client.GetStatus("tagged")->state, InstanceState::kRunning);
  RuntimeOptions options = ActivitiesOnly();
  options.tags = {"cpu", "gpu"};
  options.untagged_activities = false;
  const auto tagged = StartRuntime(EchoesItsTag(), options);
  EXPECT_EQ(client.Wait(kTagged, "tagged", kLong).value(), "x@gpu");
  tagged->Shutdown();
  EXPECT_EQ(tagged->Stats().activities_run, 1u);
}

TEST_P(ActivityTest, RuntimeOfTagsOnlyLeavesUntaggedActivitiesAlone) {
  RuntimeOptions options;
  options.tags = {"gpu"};
  options.untagged_activities = false;
  const auto tagged = StartRuntime(EchoesItsTag(), options);
  ASSERT_TRUE(client.Start(kOnce, "once", "x").ok());
  ASSERT_TRUE(client.Start(kTagged, "tagged", "x").ok());
  EXPECT_EQ(client.Wait(kTagged, "tagged", kLong).value(), "x@gpu");
  AwaitHistory("once", 2);
  EXPECT_EQ(provider.Dequeue("dx/work")->size(), 1u);  // still there
}

TEST_P(ActivityTest, TagSurvivesARedelivery) {
  Registry orchestrations;
  orchestrations.Add(kTagged, CallOnGpu);
  {
    const auto runtime = StartRuntime(orchestrations, OrchestrationsOnly());
    ASSERT_TRUE(client.Start(kTagged, "i", "x").ok());
    AwaitHistory("i", 2);
  }
  LoseOneDelivery("dx/work/gpu");
  RuntimeOptions options;
  options.tags = {"gpu"};
  const auto runtime = StartRuntime(EchoesItsTag(), options);
  EXPECT_EQ(client.Wait(kTagged, "i", kLong).value(), "x@gpu");
}

TEST_P(ActivityTest, CancelledTaggedActivityLeavesItsQueue) {
  Registry registry;
  registry.Add(kOnce, [](OrchestrationContext ctx, std::string) -> Task<Result<std::string>> {
    const CallOptions options = CallOptions().Tag("gpu");
    Future<std::string> call = ctx.Call(kEcho, "x", options);
    Timer now = ctx.Sleep(std::chrono::microseconds(0));
    co_await WhenAny(std::move(call), std::move(now));
    co_return std::string("late");
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "late");
  EXPECT_TRUE(provider.Dequeue("dx/work/gpu")->empty());
}

TEST_P(ActivityTest, BadTagsAreRefusedAtStart) {
  const auto code = [&](const RuntimeOptions& options) {
    return Runtime::Start(provider, Registry(), options).status().code();
  };
  RuntimeOptions options;
  options.tags = {""};
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
  options.tags = {std::string(kTagBytesMax + 1, 't')};
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
  options.tags = {"gpu", "gpu"};
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
  options.tags.clear();
  for (int i = 0; i < 64; ++i) options.tags.push_back(Numbered("t", i));
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
  options.untagged_activities = false;
  EXPECT_EQ(code(options), StatusCode::kOk);
  options.tags.clear();
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
  options.activity_threads = 0;
  EXPECT_EQ(code(options), StatusCode::kOk);
  options.max_deliveries = 0;
  EXPECT_EQ(code(options), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace duroxide
