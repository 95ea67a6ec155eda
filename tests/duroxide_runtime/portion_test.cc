// A thread that takes work of several instances at a time: how many, that their turns are stored
// side by side, and that what becomes of one is no matter of the others.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "duroxide_runtime/internal/side_by_side.h"
#include "duroxide_runtime/internal/turn_line.h"
#include "duroxide_runtime/internal/turn_portion.h"
#include "tests/duroxide_runtime/runtime_fixture.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT
using internal::TurnInbox;
using internal::TurnLine;
using internal::TurnPortion;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tandem::StatusCode;

constexpr int kBurst = 64;
constexpr Orchestration<std::string(std::string)> kEchoed("echoed");
constexpr Orchestration<std::string(std::string)> kWorking("working");
constexpr Activity<std::string(std::string)> kWork("work");

Task<Result<std::string>> Echoed(OrchestrationContext /*ctx*/, std::string text) { co_return text; }

TEST(TurnPortionTest, DoublesWhileThereIsMoreAndTheCodeIsQuick) {
  TurnPortion portion;
  EXPECT_EQ(portion.instances_max(), 1u);
  for (const std::size_t expected : {2, 4, 8, 16, 16}) {
    portion.Note(portion.instances_max(), milliseconds(5));
    EXPECT_EQ(portion.instances_max(), expected);
  }
  portion.Note(8, milliseconds(0));
  EXPECT_EQ(portion.instances_max(), 16u) << "half of it was there";
  portion.Note(1, milliseconds(0));
  EXPECT_EQ(portion.instances_max(), 8u);
  portion.Note(8, milliseconds(6));
  EXPECT_EQ(portion.instances_max(), 1u) << "the code is slow";
  portion.Note(1, milliseconds(6));
  EXPECT_EQ(portion.instances_max(), 1u);
}

TEST(TurnPortionTest, StaysOneWhereBatchesCannotBeSideBySide) {
  TurnPortion portion;
  portion.Note(1, milliseconds(0));
  portion.OnlyOne();
  for (int i = 0; i < 3; ++i) {
    portion.Note(portion.instances_max(), milliseconds(0));
    EXPECT_EQ(portion.instances_max(), 1u);
  }
}

class TurnLineTest : public ::testing::Test {
 protected:
  bool Join(const std::string& instance) { return line_.Join(*inbox_.Begin(instance)); }
  std::vector<std::string> Next() {
    std::vector<std::string> instances;
    for (TurnInbox::Runner& runner : line_.Next()) instances.push_back(runner.instance());
    return instances;
  }
  using Instances = std::vector<std::string>;

  TurnInbox inbox_;
  TurnLine line_;
};

TEST_F(TurnLineTest, TwoServeAndTheOthersLeaveItToThem) {
  EXPECT_TRUE(Join("a"));
  EXPECT_EQ(Next(), Instances{"a"});
  EXPECT_TRUE(Join("b"));
  EXPECT_FALSE(Join("c"));
  EXPECT_EQ(Next(), Instances{"b"}) << "in order";
  EXPECT_EQ(Next(), Instances{"c"}) << "by whoever is free";
  EXPECT_EQ(Next(), Instances());
  EXPECT_EQ(Next(), Instances());
  EXPECT_TRUE(Join("d")) << "nobody serves any more";
}

TEST_F(TurnLineTest, AsManyServeAsItTakes) {
  for (const std::string server : {"a", "b"}) {
    ASSERT_TRUE(Join(server));
    ASSERT_EQ(Next(), Instances{server});
  }
  EXPECT_FALSE(Join("c"));
  EXPECT_FALSE(Join("d"));
  EXPECT_TRUE(Join("e")) << "two serve one each";
  EXPECT_EQ(Next(), Instances{"c"});
  EXPECT_FALSE(Join("f")) << "three serve";
}

TEST_F(TurnLineTest, PortionsGrowWhileTheCodeIsQuick) {
  ASSERT_TRUE(Join("a"));
  ASSERT_EQ(Next(), Instances{"a"});
  ASSERT_TRUE(Join("b"));
  ASSERT_EQ(Next(), Instances{"b"});
  line_.Note(1, milliseconds(0));
  for (const std::string each : {"c", "d", "e", "f"}) EXPECT_FALSE(Join(each));
  EXPECT_EQ(Next(), (Instances{"c", "d"}));
  line_.Note(2, milliseconds(6));
  EXPECT_EQ(Next(), Instances{"e"});
}

class PortionTest : public RuntimeFixture {
 protected:
  static std::string Id(int number) { return Numbered("i-", number); }

  static bool AppendsTo(const std::string& instance, const ProbeProvider::Operations& operations) {
    return std::ranges::any_of(operations, [&](const tandem::Operation& operation) {
      const auto* append = std::get_if<tandem::AppendEvents>(&operation);
      return append != nullptr && append->stream.entity == instance;
    });
  }

  // A burst that waits for a runtime.
  void StartAll() {
    for (int i = 0; i < kBurst; ++i) {
      ASSERT_TRUE(client.Start(kEchoed, Id(i), Numbered("echo ", i)).ok());
    }
  }
  // With one thread for turns.
  std::unique_ptr<Runtimes> StartNarrow(const Registry& registry) {
    RuntimeOptions options;
    options.orchestration_threads = 1;
    options.activity_threads = 0;
    return StartRuntime(registry, options);
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

TEST_P(PortionTest, BatchesSideBySideAreAnsweredEachByItself) {
  using tandem::Expected;
  const auto append = [](const std::string& entity, Expected expected) {
    return std::vector<tandem::Operation>{tandem::AppendEvents{{entity, 1}, {"e"}, expected}};
  };
  const std::vector<Status> answers = internal::AtomicBatches(
      provider, {append("a", Expected::NoStream()), append("a", Expected::Exactly(1)),
                 append("b", Expected::Exists()), append("", Expected::Any()),
                 append("a", Expected::Exactly(2))});
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_TRUE(answers[0].ok());
  EXPECT_TRUE(answers[1].ok()) << "in their order";
  EXPECT_EQ(answers[2].code(), StatusCode::kConflict);
  EXPECT_EQ(answers[3].code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(answers[4].ok()) << answers[4];
  EXPECT_EQ(internal::AtomicBatches(provider, {append("b", Expected::Exists())}).at(0).code(),
            StatusCode::kConflict);
}

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
      EXPECT_TRUE(client.Delete(Id(40), options).ok());
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

// A thread whose result waits for a turn of somebody else goes on to the next activity.
TEST_P(PortionTest, MoreActivitiesRunThanThereAreThreadsThatStore) {
  Barrier stores;
  std::atomic<bool> closed = false;
  provider.OnBatch([&](const ProbeProvider::Operations& operations) -> Status {
    if (closed && Has<tandem::AppendEvents>(operations)) stores.Enter();
    return Status::Ok();
  });
  Barrier worked;
  worked.Open();
  Registry registry;
  registry.Add(kWorking,
               [](OrchestrationContext ctx, std::string text) -> Task<Result<std::string>> {
                 co_await OrFail(ctx.WaitForEvent<std::string>("go"));
                 co_return co_await ctx.Call(kWork, text);
               });
  registry.Add(kWork, [&](ActivityContext& /*context*/, std::string text) -> Result<std::string> {
    closed = true;
    worked.Enter();
    return text;
  });
  RuntimeOptions options;
  options.activity_threads = 0;
  {
    const auto runtime = StartExactly(registry, options);
    for (int i = 0; i < kBurst; ++i) {
      ASSERT_TRUE(runtime->client().Start(kWorking, Id(i), Id(i)).ok());
      ASSERT_TRUE(client.RaiseEvent(Id(i), "go", "").ok());
    }
    for (int i = 0; i < kBurst; ++i) AwaitHistory(Id(i), 4);  // the activity is scheduled
  }
  options.activity_threads = 4;
  const auto runtime = StartExactly(registry, options);
  // Two are being stored, two wait for them; with the fifth a third thread stores, and with the
  // seventh the last.
  worked.AwaitEntered(7);
  stores.AwaitEntered(4);
  stores.Open();
  for (int i = 0; i < kBurst; ++i) EXPECT_EQ(client.Wait(kWorking, Id(i), kLong).value(), Id(i));
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
  for (int i = 0; i < kBurst; ++i) {
    while (!client.Wait(kEchoed, Id(i), milliseconds(0)).ok()) {
      clock.Advance(seconds(1));
      std::this_thread::yield();
    }
  }
  runtime->Shutdown();
  EXPECT_EQ(runtime->Stats().turns, static_cast<std::uint64_t>(kBurst));
  for (int i = 0; i < kBurst; ++i) EXPECT_EQ(HistoryOf(Id(i)).size(), 2u);
}

}  // namespace
}  // namespace duroxide
