// A thread that takes work of several instances at a time, and does not wait for what it stores:
// how many it takes, and that what becomes of one is no matter of the others.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tandem/duroxide_runtime/internal/dispatch/turn_portion.h"
#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using internal::TurnPortion;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tandem::StatusCode;

constexpr int kBurst = 64;
constexpr Orchestration<std::string(std::string)> kEchoed("echoed");
constexpr Orchestration<std::string(std::string)> kWorking("working");
constexpr Activity<std::string(std::string)> kWork("work");

Task<Result<std::string>> Echoed(OrchestrationContext /*ctx*/, std::string text) { co_return text; }

Barrier* hangs_at = nullptr;
std::set<std::string> hanging;
Task<Result<std::string>> EchoedOrHangs(OrchestrationContext /*ctx*/, std::string text) {
  if (hanging.contains(text)) hangs_at->Enter();
  co_return text;
}

TEST(TurnPortionTest, DoublesWhileThereIsMoreAndTheCodeIsQuick) {
  TurnPortion portion;
  EXPECT_EQ(portion.instances_max(), 1u);
  for (const std::size_t expected : {2, 4, 8, 16, 16}) {
    portion.Note(portion.instances_max(), milliseconds(5));
    EXPECT_EQ(portion.instances_max(), expected);
  }
  portion.Note(9, milliseconds(0));
  EXPECT_EQ(portion.instances_max(), 16u) << "more than half of it was there";
  for (const std::size_t expected : {8, 4, 2, 1}) {
    portion.Note(1, milliseconds(0));
    EXPECT_EQ(portion.instances_max(), expected);
  }
  portion.Note(1, milliseconds(5));
  portion.Note(2, milliseconds(6));
  EXPECT_EQ(portion.instances_max(), 1u) << "the code is slow";
  portion.Note(1, milliseconds(6));
  EXPECT_EQ(portion.instances_max(), 1u);
}

TEST(TurnPortionTest, FewerMessagesAfterATurnThatWasTooLargeThenMoreAgain) {
  TurnPortion portion;
  EXPECT_EQ(portion.messages_max(), internal::kTurnMessagesMax);
  portion.NoteTooManyMessages(3);
  for (const std::size_t expected : {6, 12, 24, 48, 96, 192, 256, 256}) {
    portion.NoteAllMessages(portion.messages_max());
    EXPECT_EQ(portion.messages_max(), expected);
  }
  portion.NoteTooManyMessages(100);
  portion.NoteAllMessages(256);
  EXPECT_EQ(portion.messages_max(), 100u) << "a turn was too large meanwhile";
}

class PortionTest : public RuntimeFixture {
 protected:
  static std::string Id(int number) { return Numbered("i-", number); }

  static bool AppendsTo(const std::string& instance, const ProbeProvider::Operations& operations) {
    return std::ranges::any_of(operations, [&](const tandem::Operation& operation) {
      const auto* append = std::get_if<tandem::AppendEvents>(&operation);
      return append != nullptr && append->stream.entity == internal::InstanceEntity(instance);
    });
  }

  // A burst that waits for a runtime.
  void StartAll() {
    for (int i = 0; i < kBurst; ++i) {
      ASSERT_TRUE(client.Start(kEchoed, Id(i), Numbered("echo ", i)).ok());
    }
  }
  // With one thread for turns. Deliveries are not counted: the clock of some tests runs fast.
  static RuntimeOptions Narrow() {
    RuntimeOptions options;
    options.orchestration_threads = 1;
    options.activity_threads = 0;
    options.max_deliveries = 1'000'000'000;
    return options;
  }
  std::unique_ptr<Runtimes> StartNarrow(const Registry& registry) {
    return StartRuntime(registry, Narrow());
  }
  std::unique_ptr<Runtimes> StartEchoing() {
    Registry registry;
    registry.Add(kEchoed, Echoed);
    return StartNarrow(registry);
  }
  void ExpectEchoes() {
    for (int i = 0; i < kBurst; ++i) {
      EXPECT_EQ(client.Wait(kEchoed, Id(i), kLong).value(), Numbered("echo ", i));
    }
  }
};
INSTANTIATE_TEST_SUITE_P(, PortionTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(PortionTest, ABurstIsTakenInFewPortions) {
  StartAll();
  const std::uint64_t dequeues = provider.dequeues();
  const auto runtime = StartEchoing();
  ExpectEchoes();
  // Alone 1 + 2 + 4 + 8 + 16 + 16 + 16 + 1, and one that waits.
  EXPECT_LE(provider.dequeues() - dequeues, RuntimeCount() * 9);
  EXPECT_GE(provider.async_batches(), kBurst / 2u);
}

TEST_P(PortionTest, WithoutAsynchronousBatchesEachTurnStillHappensOnce) {
  provider.DisableAsync();
  StartAll();
  auto runtime = StartEchoing();
  ExpectEchoes();
  EXPECT_EQ(provider.async_batches(), 0u);
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().turns, static_cast<std::uint64_t>(kBurst));
}

TEST_P(PortionTest, OneThatCannotBeStoredIsNoMatterOfTheOthers) {
  std::atomic<bool> refuse = true;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (!refuse || !AppendsTo(Id(40), operations)) return Status::Ok();
    return Status::InvalidArgument("not this one");
  });
  StartAll();
  const auto runtime = StartEchoing();
  log.Await("not this one");
  for (int i = 0; i < kBurst; ++i) {
    if (i == 40) continue;
    EXPECT_TRUE(client.Wait(kEchoed, Id(i), kLong).ok()) << i;
  }
  EXPECT_EQ(client.GetStatus(Id(40))->state, InstanceState::kPending);
  refuse = false;
  clock.Advance(seconds(1));
  ExpectEchoes();
}

// One is deleted while its turn is about to be stored.
TEST_P(PortionTest, WhoseLeaseIsLostIsNoMatterOfTheOthers) {
  std::atomic<bool> deleted = false;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (AppendsTo(Id(40), operations) && !deleted.exchange(true)) {
      DeleteOptions options;
      options.force = true;
      EXPECT_TRUE(client.admin().Delete(Id(40), options).ok());
    }
    return Status::Ok();
  });
  StartAll();
  const auto runtime = StartEchoing();
  for (int i = 0; i < kBurst; ++i) {
    if (i == 40) continue;
    EXPECT_TRUE(client.Wait(kEchoed, Id(i), kLong).ok()) << i;
  }
  EXPECT_TRUE(deleted);
  EXPECT_EQ(client.GetStatus(Id(40)).status().code(), StatusCode::kNotFound);
}

TEST_P(PortionTest, OfThoseThatWantTheSameIdOneGetsIt) {
  constexpr Orchestration<std::string(std::string)> kRival("rival");
  Registry registry;
  registry.Add(kEchoed, Echoed);
  registry.Add(kRival, [](OrchestrationContext ctx, std::string text) -> Task<Result<std::string>> {
    ctx.StartDetached(kEchoed, "prize", text);
    co_return text;
  });
  for (int i = 0; i < kBurst; ++i) ASSERT_TRUE(client.Start(kRival, Id(i), Id(i)).ok());
  const auto runtime = StartNarrow(registry);
  for (int i = 0; i < kBurst; ++i) EXPECT_TRUE(client.Wait(kRival, Id(i), kLong).ok()) << i;
  EXPECT_TRUE(client.Wait(kEchoed, "prize", kLong)->starts_with("i-"));
  log.Await("did not start an orchestration as 'prize'", kBurst - 1);
}

// Activities that have all run, while what they have brought is being stored and can't be.
class DetachedTest : public PortionTest {
 protected:
  static Task<Result<std::string>> Working(OrchestrationContext ctx, std::string text) {
    co_await OrFail(ctx.WaitForEvent<std::string>("go"));
    co_return co_await ctx.Call(kWork, text);
  }

  // With three threads for activities, of which two wait for what they store.
  std::unique_ptr<Runtime> RunAll() {
    provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
      if (closed_ && Has<tandem::AppendEvents>(operations)) stores_.Enter();
      return outcome_;
    });
    worked_.Open();
    Registry registry;
    registry.Add(kWorking, Working);
    registry.Add(kWork, [&](ActivityContext& /*context*/, std::string text) -> Result<std::string> {
      closed_ = true;
      worked_.Enter();
      return text;
    });
    RuntimeOptions options;
    options.activity_threads = 0;
    {
      const auto runtime = StartExactly(registry, options);
      for (int i = 0; i < kBurst; ++i) {
        EXPECT_TRUE(runtime->client().Start(kWorking, Id(i), Id(i)).ok());
        EXPECT_TRUE(client.RaiseEvent(Id(i), "go", "").ok());
      }
      for (int i = 0; i < kBurst; ++i) AwaitHistory(Id(i), 4);  // the activity is scheduled
    }
    const std::uint64_t before = provider.async_batches();
    provider.HoldAsync();
    options.activity_threads = 3;
    auto runtime = StartExactly(registry, options);
    // The third thread has left all its turns to be stored: a shutdown from here on leaves none
    // to another runtime.
    provider.async_batches().Await(before + kBurst - 2);
    stores_.AwaitEntered(2);
    return runtime;
  }
  void ExpectAllEnd() {
    for (int i = 0; i < kBurst; ++i) EXPECT_EQ(client.Wait(kWorking, Id(i), kLong).value(), Id(i));
  }

  Barrier stores_;
  Status outcome_;  // of every batch
  Barrier worked_;
  std::atomic<bool> closed_ = false;
};
INSTANTIATE_TEST_SUITE_P(, DetachedTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(DetachedTest, ThreadsGoOnWhileTheirTurnsAreStored) {
  const auto runtime = RunAll();
  stores_.Open();
  provider.ReleaseAsync();
  ExpectAllEnd();
}

TEST_P(DetachedTest, AShutdownWaitsForWhatIsBeingStored) {
  const auto runtime = RunAll();
  stores_.Open();
  ShutdownOptions impatient(milliseconds(0));
  impatient.grace = milliseconds(0);
  EXPECT_EQ(runtime->Shutdown(impatient), ShutdownResult::kFailed) << "it still runs";
  provider.ReleaseAsync();
  ExpectAllEnd();  // it is stored all the same
}

TEST_P(DetachedTest, WhatCouldNotBeStoredIsToldAndComesAgain) {
  {
    const auto runtime = RunAll();
    outcome_ = Status::Unavailable("no more");
    stores_.Open();
    provider.ReleaseAsync();
    ShutdownOptions impatient(milliseconds(0));
    impatient.grace = milliseconds(0);
    EXPECT_EQ(runtime->Shutdown(impatient), ShutdownResult::kFailed);
  }
  EXPECT_EQ(client.GetStatus(Id(0))->state, InstanceState::kRunning);
}

// A turn that never ends keeps its own thread only: those before it are stored, and those that were
// taken along with it are done by another thread, long before the lease is over.
class HangingTest : public PortionTest {
 protected:
  std::unique_ptr<Runtime> StartHanging(const std::vector<int>& numbers, std::size_t threads) {
    hangs_at = &barrier_;
    hanging.clear();
    for (const int number : numbers) hanging.insert(Numbered("echo ", number));
    Registry registry;
    registry.Add(kEchoed, EchoedOrHangs);
    StartAll();
    RuntimeOptions options = Narrow();
    options.orchestration_threads = threads;
    options.lease = hours(24 * 365);  // which no test sees the end of
    return StartOne(registry, options);
  }
  void ExpectAllOnce(Runtime& runtime) {
    barrier_.Open();
    ExpectEchoes();
    EXPECT_EQ(runtime.Shutdown(), ShutdownResult::kDrained);
    EXPECT_EQ(runtime.Stats().turns, static_cast<std::uint64_t>(kBurst)) << "each once";
  }

  Barrier barrier_;
};
INSTANTIATE_TEST_SUITE_P(, HangingTest, ::testing::ValuesIn(ProviderKinds()), KindName);

TEST_P(HangingTest, WhatWasTakenAlongIsDoneByAHelper) {
  const auto runtime = StartHanging({20}, 1);
  barrier_.AwaitEntered(1);
  clock.Advance(milliseconds(50));
  // Its thread has taken 1, 2, 4, 8 and 16 of them, and takes no more.
  for (int i = 0; i < 31; ++i) {
    if (i == 20) continue;
    EXPECT_EQ(client.Wait(kEchoed, Id(i), kLong).value(), Numbered("echo ", i));
  }
  ExpectAllOnce(*runtime);
}

TEST_P(HangingTest, OthersGoOnBehindSeveral) {
  const auto runtime = StartHanging({20, 22}, 3);
  {
    const TimePasses for_helpers(clock, seconds(1));
    for (int i = 0; i < kBurst; ++i) {
      if (i == 20 || i == 22) continue;
      EXPECT_EQ(client.Wait(kEchoed, Id(i), kLong).value(), Numbered("echo ", i));
    }
  }
  barrier_.AwaitEntered(2);
  ExpectAllOnce(*runtime);
}

// Helpers find something or nothing, also at the very end.
TEST_P(PortionTest, WhoeverIsHelpedEachTurnHappensOnce) {
  const TimePasses for_helpers(clock, seconds(1));
  StartAll();
  RuntimeOptions options = Narrow();
  options.lease = hours(24 * 365);
  Registry registry;
  registry.Add(kEchoed, Echoed);
  auto runtime = StartRuntime(registry, options);
  ExpectEchoes();
  runtime->Shutdown(ShutdownOptions(hours::max()));
  EXPECT_EQ(runtime->Stats().turns, static_cast<std::uint64_t>(kBurst));
}

// One turn that was too large for a batch does not make all portions small for good.
TEST_P(PortionTest, AfterATurnThatWasTooLargePortionsGrowAgain) {
  std::atomic<int> refusals = 1;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool fits = !AppendsTo("large", operations) || refusals-- <= 0;
    return fits ? Status::Ok() : Status::TooLarge("over the limit");
  });
  ASSERT_TRUE(client.Start(kEchoed, "large", "echo").ok());
  ASSERT_TRUE(client.RaiseEvent("large", "e", "x").ok());
  StartAll();
  const std::uint64_t dequeues = provider.dequeues();
  const auto runtime = StartEchoing();
  ExpectEchoes();
  EXPECT_LE(provider.dequeues() - dequeues, RuntimeCount() * 16);
}

// What has come back from a store in trouble is done when it works again, each once.
TEST_P(PortionTest, AStoreInTroubleLosesAndDoublesNothing) {
  std::atomic<int> calls = 0;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    const bool fails = Has<tandem::AppendEvents>(operations) && calls++ % 3 == 1 && calls < 60;
    return fails ? Status::Unavailable("for a moment") : Status::Ok();
  });
  StartAll();
  auto runtime = StartEchoing();
  {
    // Leases run out, and whoever backs off tries again.
    const TimePasses time(clock, std::chrono::minutes(1));
    ExpectEchoes();
  }
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().turns, static_cast<std::uint64_t>(kBurst));
  for (int i = 0; i < kBurst; ++i) EXPECT_EQ(HistoryOf(Id(i)).size(), 2u);
}

}  // namespace
}  // namespace duroxide
