// How a runtime ends: by itself, by force, or not at all; and leases while it does. Time is that of
// a manual clock: what returns while it stands still has not waited for it.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using std::chrono::milliseconds;
using std::chrono::seconds;

// Blocks until stop is requested.
void AwaitStop(const std::stop_token& stop) {
  tandem::Signal signal;
  const tandem::NotifyOnStop notify(stop, signal);
  signal.Wait();
}

class ShutdownTest : public RuntimeFixture {
 protected:
  using EchoFunction = std::function<Result<std::string>(ActivityContext&, std::string)>;

  static Registry With(EchoFunction echo) {
    Registry registry;
    registry.Add(kOnce, EchoOnce);
    registry.Add(kEcho, std::move(echo));
    return registry;
  }
  // A runtime with one thread of each kind, and `echo` as given.
  std::unique_ptr<Runtimes> StartWith(EchoFunction echo, RuntimeOptions options = OneThreadEach()) {
    return StartRuntime(With(std::move(echo)), options);
  }
  static RuntimeOptions OneThreadEach() {
    RuntimeOptions options;
    options.orchestration_threads = 1;
    options.activity_threads = 1;
    return options;
  }
  // Blocks until a shutdown has begun, of all runtimes: its deadlines stand, and nothing begins.
  void AwaitBegun(std::size_t runtimes = RuntimeCount()) {
    log.Await("shutdown: no new work is taken", runtimes);
  }
  static ShutdownOptions Within(milliseconds timeout) { return ShutdownOptions(timeout); }
};
INSTANTIATE_TEST_SUITE_P(, ShutdownTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(ShutdownTest, Defect14_ShutdownReturnsAsSoonAsDrained) {
  const tandem::Timestamp before = clock.Now();
  const auto runtime = StartRuntime(Working());
  clock.AwaitWaiters(7 * RuntimeCount());  // six loops wait for work, the keeper for leases
  EXPECT_EQ(runtime->Shutdown(), ShutdownResult::kDrained);
  EXPECT_EQ(clock.Now(), before);
}

TEST_P(ShutdownTest, RunningActivityMayEndByItself) {
  Barrier barrier;
  const auto runtime = StartWith([&](ActivityContext& context, std::string text) {
    barrier.Enter();
    EXPECT_FALSE(context.stop_token().stop_requested());
    return text;
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kFailed;
  std::thread stopper([&] { result = runtime->Shutdown(); });
  barrier.Open();
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kDrained);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
}

TEST_P(ShutdownTest, NothingNewIsTaken) {
  const auto runtime = StartRuntime(Working());
  EXPECT_EQ(runtime->Shutdown(), ShutdownResult::kDrained);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kPending);
  EXPECT_EQ(provider.Dequeue("dx/turns")->size(), 1u);
}

TEST_P(ShutdownTest, ActivityThatStopsWhenTheTimeIsOverIsGivenBackAndRunsElsewhere) {
  Barrier running;
  running.Open();
  const auto echo = [&](ActivityContext& context, std::string) -> Result<std::string> {
    running.Enter();
    AwaitStop(context.stop_token());
    EXPECT_TRUE(context.Heartbeat("half").ok());  // the lease still holds
    return Status::IoError("interrupted");
  };
  // One: a second that still takes work could get it while it also ends.
  const auto runtime = StartOne(With(echo), OneThreadEach());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  running.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kDrained;
  std::thread stopper([&] { result = runtime->Shutdown(Within(seconds(3))); });
  AwaitBegun(1);
  clock.Advance(seconds(3));
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kForced);
  EXPECT_EQ(runtime->Stats().activities_given_back, 1u);
  EXPECT_EQ(runtime->Stats().activities_run, 0u);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
  const auto next = StartWith([](ActivityContext& context, std::string) -> Result<std::string> {
    TANDEM_ASSIGN_OR_RETURN(const auto progress, context.LastProgressEncoded());
    return progress.value_or("none") + " " + std::to_string(context.delivery_count());
  });
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "half 1");  // at once, and not counted
}

TEST_P(ShutdownTest, ActivityThatSucceedsWhenAskedToStopIsStored) {
  Barrier running;
  running.Open();
  const auto runtime = StartWith([&](ActivityContext& context, std::string text) {
    running.Enter();
    AwaitStop(context.stop_token());
    return text;
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  running.AwaitEntered(1);
  EXPECT_EQ(runtime->Shutdown(Within(seconds(0))), ShutdownResult::kForced);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  const auto next = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(next->Stats().activities_run, 0u);
}

TEST_P(ShutdownTest, ActivityThatDoesNotStopMakesItFailAndIsWaitedForByTheDestructor) {
  Barrier barrier;
  auto runtime = StartWith([&](ActivityContext&, std::string text) {
    barrier.Enter();
    return text;
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  ShutdownOptions options(seconds(0));
  options.grace = seconds(0);
  EXPECT_EQ(runtime->Shutdown(options), ShutdownResult::kFailed);
  EXPECT_EQ(runtime->Shutdown(), ShutdownResult::kFailed);  // told again
  EXPECT_EQ(runtime->Stats().activities_run, 0u);
  std::thread destroyer([&] { runtime.reset(); });
  barrier.Open();
  destroyer.join();
  const auto next = StartRuntime(Working());
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
  EXPECT_EQ(next->Stats().activities_run, 0u);  // its result was stored all the same
}

TEST_P(ShutdownTest, CallersShareOneOutcomeAndTheEarliestDeadline) {
  Barrier running;
  running.Open();
  const auto runtime = StartWith([&](ActivityContext& context, std::string) -> Result<std::string> {
    running.Enter();
    AwaitStop(context.stop_token());
    return Status::Cancelled("stopped");
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  running.AwaitEntered(1);
  std::atomic<int> forced = 0;
  std::vector<std::thread> patient;
  for (int i = 0; i < 3; ++i) {
    patient.emplace_back([&] {
      forced += runtime->Shutdown(Within(std::chrono::hours(1))) == ShutdownResult::kForced;
    });
  }
  AwaitBegun();
  EXPECT_EQ(runtime->Shutdown(Within(seconds(0))), ShutdownResult::kForced);
  for (std::thread& thread : patient) thread.join();
  EXPECT_EQ(forced, 3);
}

TEST_P(ShutdownTest, Defect14_LeaseIsRenewedUntilTheLastResultIsStored) {
  Barrier barrier;
  std::atomic<int> runs = 0;
  const auto echo = [&](ActivityContext& context, std::string text) {
    ++runs;
    barrier.Enter();
    EXPECT_FALSE(context.stop_token().stop_requested());
    return text;
  };
  // One: no idle loop waits for the end of the lease, so that only the keeper lets time pass.
  const auto runtime = StartOne(With(echo), OneThreadEach());
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  std::thread stopper([&] { runtime->Shutdown(Within(std::chrono::hours(1'000'000))); });
  AwaitBegun(1);
  {
    const TimePasses time(clock, seconds(30));
    provider.renewals().Await(provider.renewals() + 10);
  }
  EXPECT_TRUE(provider.Dequeue("dx/work")->empty());  // nobody else got it
  barrier.Open();
  stopper.join();
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  EXPECT_EQ(runs, 1);
}

TEST_P(ShutdownTest, ReportIsTriedAgainWhileThereIsTime) {
  Barrier barrier;
  std::atomic<int> failures = 3;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool report =
        Has<tandem::DeleteMessages>(operations) && !Has<tandem::AppendEvents>(operations);
    if (!report || failures-- <= 0) return Status::Ok();
    return Status::Unavailable("later");
  });
  RuntimeOptions options = OneThreadEach();
  options.lease = std::chrono::hours(24 * 365);  // the clock below runs faster than renewals do
  options.fused_commits = false;
  const auto runtime = StartWith(
      [&](ActivityContext&, std::string text) {
        barrier.Enter();
        return text;
      },
      options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kFailed;
  std::thread stopper([&] { result = runtime->Shutdown(Within(std::chrono::hours(1'000'000))); });
  AwaitBegun();
  barrier.Open();
  {
    const TimePasses time(clock, std::chrono::minutes(1));
    stopper.join();
  }
  EXPECT_EQ(result, ShutdownResult::kDrained);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
}

TEST_P(ShutdownTest, ResultThatCanNotBeStoredMakesItFail) {
  Barrier barrier;
  std::atomic<bool> trouble = true;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool report =
        Has<tandem::DeleteMessages>(operations) && !Has<tandem::AppendEvents>(operations);
    return report && trouble ? Status::Unavailable("for long") : Status::Ok();
  });
  RuntimeOptions alone;
  alone.fused_commits = false;
  const auto runtime = StartWith(
      [&](ActivityContext&, std::string text) {
        barrier.Enter();
        return text;
      },
      alone);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kDrained;
  std::thread stopper([&] { result = runtime->Shutdown(Within(seconds(1))); });
  AwaitBegun();
  barrier.Open();
  clock.Advance(seconds(1));
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kFailed);
  trouble = false;
  const auto next = StartRuntime(Working());
  clock.Advance(seconds(30));  // the lease ends by itself
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x");
}

TEST_P(ShutdownTest, OneOfTwoRuntimesEndsAndTheOtherGoesOn) {
  const auto one = StartRuntime(Working());
  const auto two = StartRuntime(Working());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(client.Start(kSequence, Numbered("i", i), 10).ok());
  }
  EXPECT_EQ(one->Shutdown(), ShutdownResult::kDrained);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.Wait(kSequence, Numbered("i", i), kLong).value(), 55);
  }
  EXPECT_EQ(ShutdownResultName(two->Shutdown()), "drained");
}

// --- Nothing begins once it was called ----------------------------------------------------------

// A thread that has begun to look for work when the shutdown comes finds what another gives back.
TEST_P(ShutdownTest, ActivityThatIsGivenBackIsNotTakenAgainByTheSameRuntime) {
  RuntimeOptions options;
  options.activity_threads = 0;
  {
    Registry orchestrations;
    orchestrations.Add(kOnce, EchoOnce);
    const auto turns = StartExactly(std::move(orchestrations), options);
    ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
    AwaitHistory("i", 2);
  }
  Barrier looking;
  std::atomic<int> looks = 0;
  provider.OnDequeue([&] {
    if (++looks == 2) looking.Enter();  // the other thread has taken the activity
    return Status::Ok();
  });
  Barrier running;
  running.Open();
  std::atomic<int> runs = 0;
  options.orchestration_threads = 0;
  options.activity_threads = 2;
  const auto runtime =
      StartExactly(With([&](ActivityContext& context, const std::string&) -> Result<std::string> {
                     ++runs;
                     running.Enter();
                     AwaitStop(context.stop_token());
                     return Status::Cancelled("stopped");
                   }),
                   options);
  running.AwaitEntered(1);
  looking.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kDrained;
  std::thread stopper([&] { result = runtime->Shutdown(Within(seconds(0))); });
  log.Await("was stopped and given back");
  looking.Open();
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kForced);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(runtime->Stats().activities_given_back, 1u);
  provider.OnDequeue(nullptr);
  EXPECT_EQ(provider.Dequeue("dx/work")->at(0).delivery_count, 1u) << "neither of them counts";
}

TEST_P(ShutdownTest, TurnThatIsFoundAfterTheCallIsLeftToOthers) {
  Barrier looking;
  provider.OnDequeue([&] {
    looking.Enter();
    return Status::Ok();
  });
  RuntimeOptions options = OneThreadEach();
  options.activity_threads = 0;
  const auto runtime = StartOne(Working(), options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  looking.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kFailed;
  std::thread stopper([&] { result = runtime->Shutdown(); });
  AwaitBegun(1);
  looking.Open();
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kDrained);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kPending);
  EXPECT_EQ(provider.Dequeue("dx/turns")->at(0).delivery_count, 1u);
}

// What runs comes to its end and is stored, but the turn that it calls for is new work.
TEST_P(ShutdownTest, ResultIsStoredAndItsTurnLeftToOthers) {
  Barrier barrier;
  const auto runtime = StartWith([&](ActivityContext&, std::string text) {
    barrier.Enter();
    return text;
  });
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  ShutdownResult result = ShutdownResult::kFailed;
  std::thread stopper([&] { result = runtime->Shutdown(); });
  AwaitBegun();
  barrier.Open();
  stopper.join();
  EXPECT_EQ(result, ShutdownResult::kDrained);
  EXPECT_EQ(runtime->Stats().activities_run, 1u);
  EXPECT_EQ(runtime->Stats().turns, 1u);
  EXPECT_EQ(client.GetStatus("i")->state, InstanceState::kRunning);
}

// --- Renewal ------------------------------------------------------------------------------------

TEST_P(ShutdownTest, Defect12_TransientErrorsOfARenewalStopNothing) {
  Barrier barrier;
  std::atomic<int> calls = 0;
  std::atomic<bool> trouble = false;
  provider.OnRenew([&]() -> Status {
    const Status status = trouble ? Status::Unavailable("later") : Status::Ok();
    ++calls;
    calls.notify_all();
    return status;
  });
  RuntimeOptions options = OneThreadEach();
  options.lease = milliseconds(500);  // shorter than any fixed interval would allow
  const auto runtime = StartWith(
      [&](ActivityContext& context, std::string text) {
        barrier.Enter();
        EXPECT_FALSE(context.stop_token().stop_requested());
        return text + std::to_string(context.delivery_count());
      },
      options);
  ASSERT_TRUE(client.Start(kOnce, "i", "x").ok());
  barrier.AwaitEntered(1);
  const auto advance = [&](milliseconds duration) {
    // The keeper, the loop of turns; and all three of an idle runtime.
    clock.AwaitWaiters(2 + 3 * (RuntimeCount() - 1));
    const int before = calls;
    clock.Advance(duration);
    calls.wait(before);
  };
  for (int round = 0; round < 5; ++round) {
    trouble = true;
    advance(milliseconds(250));                             // half of the lease is over
    for (int i = 0; i < 3; ++i) advance(milliseconds(50));  // again and again
    trouble = false;
    advance(milliseconds(50));  // before its end
  }
  EXPECT_TRUE(provider.Dequeue("dx/work")->empty());
  barrier.Open();
  EXPECT_EQ(client.Wait(kOnce, "i", kLong).value(), "x1");
}

}  // namespace
}  // namespace duroxide
