// A runtime and its clients, from the outside.

#include "tandem/duroxide_runtime/runtime.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tandem/duroxide_runtime/limits.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::hours;
using std::chrono::seconds;
using tandem::StatusCode;

class RuntimeTest : public RuntimeFixture {};
INSTANTIATE_TEST_SUITE_P(, RuntimeTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(RuntimeTest, OrchestrationRunsToItsOutput) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kSequence, "i", 3).ok());
  const Result<int> sum = client.Wait(kSequence, "i", kLong);
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(*sum, 1 + 2 + 3);
  const Result<InstanceStatus> status = client.GetStatus("i");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->state, InstanceState::kCompleted);
  EXPECT_EQ(status->orchestration, "sequence");
  EXPECT_EQ(status->output, "6");
}

TEST_P(RuntimeTest, FanOutRunsOnSeveralThreads) {
  Barrier barrier;
  Registry registry;
  registry.Add(kFanOut, FanOut);
  registry.Add(kAdd, [&barrier](ActivityContext&, int x) -> Result<int> {
    barrier.Enter();
    return x;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kFanOut, "i", 4).ok());
  barrier.AwaitEntered(4);  // four threads at once
  barrier.Open();
  EXPECT_EQ(client.Wait(kFanOut, "i", kLong).value(), 10);
}

TEST_P(RuntimeTest, OfRacingStartersExactlyOneSucceeds) {
  std::atomic<int> started = 0;
  std::atomic<int> existed = 0;
  std::vector<std::thread> starters;
  for (int i = 0; i < 8; ++i) {
    starters.emplace_back([&, i] {
      const Status status = client.Start(kSequence, "the-one", i);
      started += status.ok();
      existed += status.code() == StatusCode::kAlreadyExists;
    });
  }
  for (std::thread& starter : starters) starter.join();
  EXPECT_EQ(started, 1);
  EXPECT_EQ(existed, 7);
  const auto runtime = StartRuntime(Working());
  EXPECT_TRUE(client.Wait(kSequence, "the-one", kLong).ok());
  EXPECT_EQ(client.Start(kSequence, "the-one", 1).ToString(),
            "AlreadyExists: instance 'the-one' already exists");
}

TEST_P(RuntimeTest, RaisedEventReachesItsWait) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  ASSERT_TRUE(client.RaiseEvent("i", "approved", std::string("ann")).ok());
  EXPECT_EQ(client.Wait(kApproval, "i", kLong).value(), "trip by ann");
  EXPECT_EQ(client.RaiseEvent("i", "approved", "x").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.RaiseEvent("unknown", "approved", "x").code(), StatusCode::kNotFound);
}

TEST_P(RuntimeTest, TimerFiresWhenItsTimeHasComeAndNotBefore) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  clock.Advance(hours(1) - seconds(1));
  ASSERT_TRUE(client.RaiseEvent("i", "noise", "").ok());
  AwaitHistory("i", 4);
  EXPECT_EQ(HistoryOf("i").size(), 4u);  // the noise, and nothing behind it
  clock.Advance(seconds(1));
  AwaitHistory("i", 9);  // fired, unsubscribed, reminded, subscribed again
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "bob").ok());
  EXPECT_EQ(client.Wait(kApproval, "i", kLong).value(), "trip late by bob");
}

TEST_P(RuntimeTest, FailedOrchestrationIsItsStatus) {
  Registry registry;
  registry.Add(kSequence, Sequence);
  registry.Add(kAdd,
               [](ActivityContext&, int) -> Result<int> { return Status::NoSpace("disk full"); });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kSequence, "i", 3).ok());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).status().ToString(), "NoSpace: disk full");
  EXPECT_EQ(client.GetStatus("i")->failure->ToStatus().ToString(), "NoSpace: disk full");
}

TEST_P(RuntimeTest, ExceptionOfAnActivityIsItsFailure) {
  Registry registry;
  registry.Add(kSequence, Sequence);
  registry.Add(kAdd, [](ActivityContext&, int) -> Result<int> { throw std::range_error("oops"); });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kSequence, "i", 3).ok());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).status().ToString(),
            "Internal: activity 'add' threw: oops");
}

// Each of these once ended the process, and again at every restart.
TEST_P(RuntimeTest, MistakesOfAnActivityAreItsFailureAndNameIt) {
  static constexpr Activity<Unit(std::string)> kNotify("notify");
  static constexpr Activity<int(std::string)> kCount("count");
  constexpr Orchestration<std::string(std::string)> kTell("tell");
  static int line_of_ok = 0;
  Registry registry;
  registry.Add(kNotify, [](ActivityContext&, std::string how) -> Status {
    if (how == "fails") return Status::NotFound("nobody");
    return Status::Ok();
  });
  registry.Add(kCount, [](ActivityContext&, std::string how) -> Result<int> {
    if (how == "reads a failure") return *Result<int>(Status::NotFound("no number"));
    if (how == "throws a number") throw 42;
    line_of_ok = __LINE__ + 1;
    return Status::Ok();
  });
  registry.Add(kTell, [](OrchestrationContext ctx, std::string) -> Task<Result<std::string>> {
    std::string text = (co_await ctx.Call(kNotify, "")).status().ToString();
    text += "; " + (co_await ctx.Call(kNotify, "fails")).status().ToString();
    for (const std::string how : {"reads a failure", "throws a number", "gives ok"}) {
      text += "; " + (co_await ctx.Call(kCount, how)).status().ToString();
    }
    co_return text;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kTell, "i", "").ok());
  const Result<std::string> told = client.Wait(kTell, "i", kLong);
  EXPECT_EQ(told.value(),
            "Ok; NotFound: nobody; "
            "Internal: activity 'count' threw: the value of a failed Result was read, which holds "
            "NotFound: no number; look at ok() first; "
            "Internal: activity 'count' threw an exception that is no std::exception; "
            "Internal: a Result was made of Ok without a value at " +
                std::string(__FILE__) + ":" + std::to_string(line_of_ok) +
                "; return the value, or a failure");
}

// One bad message from outside once ended the process ten times in a row.
TEST_P(RuntimeTest, OrchestrationThatReadsAFailedResultFailsAndTheOthersGoOn) {
  constexpr Orchestration<int(Unit)> kReads("reads");
  Registry registry = Working();
  registry.Add(kReads, [](OrchestrationContext ctx, Unit) -> Task<Result<int>> {
    const Result<int> number = co_await ctx.WaitForEvent<int>("number");
    co_return *number;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kReads, "i", Unit()).ok());
  ASSERT_TRUE(client.Start(kSequence, "other", 3).ok());
  ASSERT_TRUE(client.RaiseEvent("i", "number", "no number").ok());
  EXPECT_EQ(client.Wait(kReads, "i", kLong).status().ToString(),
            "Internal: orchestration 'reads' threw: the value of a failed Result was read, which "
            "holds InvalidArgument: expected an integer of 4 bytes in decimal; look at ok() first");
  EXPECT_EQ(client.Wait(kSequence, "other", kLong).value(), 6);
}

TEST_P(RuntimeTest, ActivityKnowsItsCall) {
  Registry registry;
  registry.Add(kApproval,
               [](OrchestrationContext ctx, std::string in) -> Task<Result<std::string>> {
                 co_return co_await ctx.Call(kEcho, in);
               });
  registry.Add(kEcho, [](ActivityContext& context, std::string) -> Result<std::string> {
    return context.instance() + "/" + std::to_string(context.execution()) + "/" +
           std::to_string(context.id()) + " delivery " + std::to_string(context.delivery_count());
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kApproval, "i", "x").ok());
  EXPECT_EQ(client.Wait(kApproval, "i", kLong).value(), "i/1/2 delivery 1");
}

TEST_P(RuntimeTest, EveryTurnAndEveryActivityIsOneBatch) {
  RuntimeOptions options;
  options.fused_commits = false;
  const auto runtime = StartRuntime(Working(), options);
  constexpr int kSteps = 10;
  ASSERT_TRUE(client.Start(kSequence, "i", kSteps).ok());
  ASSERT_TRUE(client.Wait(kSequence, "i", kLong).ok());
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().turns, kSteps + 1u);
  EXPECT_EQ(runtime->Stats().activities_run, static_cast<std::uint64_t>(kSteps));
  EXPECT_EQ(provider.batches(), 1u + (kSteps + 1u) + kSteps);  // the start, turns, activities
}

TEST_P(RuntimeTest, NActivitiesInARowTakeNPlusOneBatchesAndReplayNothing) {
  RuntimeOptions options;
  options.activity_threads = 1;  // of more, one could work for the instance longer than it may
  Barrier started;               // and so could the thread that starts it
  Registry registry;
  registry.Add(kSequence, Sequence);
  registry.Add(kAdd, [&started](ActivityContext&, int x) -> Result<int> {
    started.Enter();
    return x;
  });
  const auto runtime = StartExactly(registry, options);
  constexpr int kSteps = 50;
  ASSERT_TRUE(runtime->client().Start(kSequence, "i", kSteps).ok());
  started.Open();
  ASSERT_TRUE(client.Wait(kSequence, "i", kLong).ok());
  runtime->Shutdown();
  EXPECT_EQ(provider.batches(), kSteps + 1u) << "the start and each result, with their turns";
  EXPECT_EQ(runtime->Stats().turns, kSteps + 1u);
  EXPECT_EQ(runtime->Stats().activities_run, static_cast<std::uint64_t>(kSteps));
  EXPECT_EQ(runtime->Stats().events_replayed, 0u);
}

// The same history, whatever stays in memory, however it is stored, and whoever runs it.
TEST_P(RuntimeTest, HistoriesAreTheSameLiveAndReplayedFusedAndNotByOneRuntimeAndByTwo) {
  History first;
  for (const std::size_t live : {10'000, 1, 0}) {
    for (const bool fused : {true, false}) {
      RuntimeOptions options;
      options.live_instances = live;
      options.fused_commits = fused;
      for (const int runtimes : {1, 2}) {
        const auto runtime = StartExactly(Working(), options);
        const auto other = runtimes == 2 ? StartExactly(Working(), options) : nullptr;
        const std::string id =
            "i" + std::to_string(live) + std::to_string(fused) + std::to_string(runtimes);
        ASSERT_TRUE(runtime->client().Start(kSequence, id, 10).ok());
        EXPECT_EQ(client.Wait(kSequence, id, kLong).value(), 55);
        History history = HistoryOf(id);
        for (HistoryEvent& event : history) {
          if (auto* started = std::get_if<Started>(&event.body)) started->seed = 0;
        }
        if (first.empty()) first = history;
        EXPECT_EQ(history, first) << id;
        if (live == 0) {
          const std::uint64_t others = other != nullptr ? other->Stats().events_replayed : 0;
          EXPECT_GT(runtime->Stats().events_replayed + others, 0u);
        }
      }
    }
  }
}

class ThrowingLog final : public LogSink {
 public:
  void Log(LogLevel /*level*/, std::string_view /*instance*/, std::string_view /*text*/) override {
    throw std::runtime_error("no log today");
  }
};

TEST_P(RuntimeTest, ALogThatThrowsHurtsNothing) {
  ThrowingLog throwing;
  RuntimeOptions options;
  options.log = &throwing;
  auto runtime = Runtime::Start(provider, Working(), options);
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  ASSERT_TRUE((*runtime)->client().Start(kSequence, "i", 3).ok());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), 6);
  EXPECT_EQ((*runtime)->Shutdown(), ShutdownResult::kDrained);
}

TEST_P(RuntimeTest, AfterShutdownAStartIsStoredAndRunsElsewhere) {
  const auto runtime = StartExactly(Working(), RuntimeOptions());
  runtime->Shutdown();
  ASSERT_TRUE(runtime->client().Start(kSequence, "i", 3).ok());
  EXPECT_EQ(runtime->Stats().turns, 0U);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kPending);
  const auto next = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), 6);
}

// More results at a time than a turn takes in one go.
TEST_P(RuntimeTest, AnInstanceWithManyResultsAtATimeLeavesRoomForOthers) {
  RuntimeOptions options;
  options.activity_threads = 8;
  const auto runtime = StartRuntime(Working(), options);
  ASSERT_TRUE(runtime->client().Start(kFanOut, "wide", 2000).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.Start(kSequence, Numbered("i-", i), 3).ok());
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Wait(kSequence, Numbered("i-", i), kLong).value(), 6);
  }
  EXPECT_EQ(client.Wait(kFanOut, "wide", kLong).value(), 2001 * 1000);
}

TEST_P(RuntimeTest, TwoRuntimesShareTheWork) {
  const auto one = StartRuntime(Working());
  const auto two = StartRuntime(Working());
  constexpr int kInstances = 40;
  for (int i = 0; i < kInstances; ++i) {
    ASSERT_TRUE(client.Start(kFanOut, Numbered("fan-", i), 5).ok());
    ASSERT_TRUE(client.Start(kSequence, Numbered("seq-", i), 5).ok());
  }
  for (int i = 0; i < kInstances; ++i) {
    EXPECT_EQ(client.Wait(kFanOut, Numbered("fan-", i), kLong).value(), 15);
    EXPECT_EQ(client.Wait(kSequence, Numbered("seq-", i), kLong).value(), 15);
  }
}

TEST_P(RuntimeTest, ErasingTheStatusOfARunningInstanceChangesNothing) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kApproval, "i", "trip").ok());
  AwaitHistory("i", 3);
  tandem::UpdateMetadata erase;
  erase.stream = internal::HomeStream("i", 1);
  erase.erase.emplace_back(internal::kStatusKey);
  tandem::Batch batch;
  batch.Add(erase);
  ASSERT_TRUE(provider.AtomicBatch(std::move(batch)).ok());

  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);  // from the history
  EXPECT_EQ(client.Start(kApproval, "i", "again").code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(client.RaiseEvent("i", "approved", "ann").ok());
  EXPECT_EQ(client.Wait(kApproval, "i", kLong).value(), "trip by ann");
  EXPECT_EQ(client.GetStatus("i")->output, "trip by ann");
}

TEST_P(RuntimeTest, ShutdownLetsARunningActivityReport) {
  Barrier barrier;
  Registry registry;
  registry.Add(kSequence, Sequence);
  registry.Add(kAdd, [&barrier](ActivityContext&, int x) -> Result<int> {
    barrier.Enter();
    return x;
  });
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kSequence, "i", 1).ok());
  barrier.AwaitEntered(1);
  std::thread stopper([&] { runtime->Shutdown(); });
  barrier.Open();
  stopper.join();
  runtime->Shutdown();  // again: nothing happens
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  const auto next = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kSequence, "i", kLong).value(), 1);
  EXPECT_EQ(next->Stats().activities_run, 0u);  // it was not run again
}

TEST_P(RuntimeTest, InstancesGoOnInTheNextRuntime) {
  constexpr int kInstances = 20;
  for (int i = 0; i < kInstances; ++i) {
    ASSERT_TRUE(client.Start(kSequence, Numbered("i", i), 20).ok());
  }
  for (int round = 0; round < 10; ++round) {
    const auto runtime = StartRuntime(Working());
    AwaitHistory("i0", static_cast<tandem::Version>(round) + 1);
  }
  const auto last = StartRuntime(Working());
  for (int i = 0; i < kInstances; ++i) {
    EXPECT_EQ(client.Wait(kSequence, Numbered("i", i), kLong).value(), 210);
  }
}

TEST_P(RuntimeTest, WaitGivesUpAtItsTimeout) {
  ASSERT_TRUE(client.Start(kSequence, "i", 1).ok());  // nobody runs it
  std::thread waiter([&] {
    const Result<int> result = client.Wait(kSequence, "i", seconds(5));
    EXPECT_EQ(result.status().ToString(),
              "DeadlineExceeded: instance 'i' is still Pending after 5000 ms");
  });
  clock.AwaitWaiters(1);
  clock.Advance(seconds(5));
  waiter.join();
  EXPECT_EQ(client.Wait(kSequence, "unknown", seconds(5)).status().code(), StatusCode::kNotFound);
}

TEST_P(RuntimeTest, AWaitThatIsOverIsToldFromEveryFailureOfTheInstance) {
  constexpr Orchestration<Unit(int)> kFails("fails");
  Registry registry;
  registry.Add(kFails, [](OrchestrationContext ctx, int code) -> Task<Status> {
    static_cast<void>(co_await ctx.WaitForEvent<std::string>("go"));
    co_return Status(static_cast<StatusCode>(code), "by itself")
        .CausedBy(Status::DeadlineExceeded("of another wait"));
  });
  const auto runtime = StartRuntime(registry);
  for (int code = 1; code <= static_cast<int>(StatusCode::kDeadlineExceeded); ++code) {
    const std::string id = Numbered("i", code);
    ASSERT_TRUE(client.Start(kFails, id, code).ok());
    EXPECT_EQ(client.Wait(kFails, id, seconds(0)).status().code(), StatusCode::kDeadlineExceeded);
    EXPECT_EQ(client.WaitForKv<int>(id, "key", seconds(0)).status().code(),
              StatusCode::kDeadlineExceeded);
    ASSERT_TRUE(client.RaiseEvent(id, "go", "").ok());
    const Status failure = client.Wait(kFails, id, kLong).status();
    EXPECT_EQ(failure.message(), "by itself");
    EXPECT_NE(failure.code(), StatusCode::kDeadlineExceeded) << code;
    EXPECT_EQ(failure.cause().code(), StatusCode::kUnavailable);
  }
}

TEST_P(RuntimeTest, WaitWithTheWrongHandleSaysSo) {
  const auto runtime = StartRuntime(Working());
  ASSERT_TRUE(client.Start(kSequence, "i", 1).ok());
  EXPECT_EQ(client.Wait(kFanOut, "i", kLong).status().ToString(),
            "InvalidArgument: instance 'i' runs orchestration 'sequence', not 'fan-out'");
}

TEST_P(RuntimeTest, BadArgumentsAreRefusedBeforeAnythingIsDone) {
  const std::string long_id(kInstanceIdBytesMax + 1, 'i');
  const std::string big(kValueBytesMax + 1, 'x');
  EXPECT_EQ(client.Start(kSequence, "", 1).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Start(kSequence, long_id, 1).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.Start(kApproval, "i", big).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.StartEncoded("", "i", "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.RaiseEvent("", "e").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.RaiseEvent("i", "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.RaiseEvent("i", "e", big).code(), StatusCode::kTooLarge);
  EXPECT_EQ(client.GetStatus("").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(provider.batches(), 0u);
}

TEST_P(RuntimeTest, ClientOfARuntimeKnowsWhatIsRegistered) {
  Registry registry;
  registry.Add(kSequence, Sequence);
  registry.Add(kFanOut, FanOut);
  const auto runtime = StartRuntime(registry);
  EXPECT_EQ(runtime->client().StartEncoded("sequenze", "i", "1").ToString(),
            "NotFound: orchestration 'sequenze' is not registered in this runtime; registered: "
            "'fan-out', 'sequence'");
}

TEST_P(RuntimeTest, ChildrenNestFortyDeepAndTheirIdsDoNotGrow) {
  constexpr int kLevels = 40;
  Registry registry;
  registry.Add(kDescend, Descend);
  const auto runtime = StartRuntime(registry);
  ASSERT_TRUE(client.Start(kDescend, "root", kLevels).ok());
  EXPECT_EQ(client.Wait(kDescend, "root", kLong).value(), kLevels);
  const auto tree = client.admin().GetTree("root");
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->size(), kLevels + 1U);
  for (const TreeEntry& entry : *tree) EXPECT_LE(entry.instance.size(), 32U);
}

TEST_P(RuntimeTest, MistakesInTheRegistryAreFoundAtStart) {
  Registry twice;
  twice.Add(kSequence, Sequence);
  twice.Add(kSequence, Sequence);
  EXPECT_EQ(Runtime::Start(provider, std::move(twice)).status().ToString(),
            "InvalidArgument: orchestration 'sequence' 1.0.0 is registered twice");
  RuntimeOptions no_lease;
  no_lease.lease = std::chrono::milliseconds(0);
  EXPECT_EQ(Runtime::Start(provider, Registry(), no_lease).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace duroxide
