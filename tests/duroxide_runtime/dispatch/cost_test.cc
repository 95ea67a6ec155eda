// What a step costs, in counts: the same however long the history is.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>

#include "tandem/tests/duroxide_runtime/runtime_fixture.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

constexpr int kSteps = 10'000;
constexpr int kWindow = 100;  // steps that are counted together

// The log of RocksDB is framed by blocks of 32 KiB, so that the same records differ by some
// headers; and a few numbers in it take more bytes when they are large.
constexpr std::uint64_t kWalSlackPercent = 1;

struct Costs {
  std::uint64_t batches = 0;
  std::uint64_t reads = 0;  // of events or metadata
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;      // of names and payloads in the operations
  std::uint64_t flushes = 0;    // of RocksDB, by its own ticker
  std::uint64_t wal_bytes = 0;  // of RocksDB

  friend Costs operator-(const Costs& a, const Costs& b) {
    return {a.batches - b.batches, a.reads - b.reads,     a.operations - b.operations,
            a.bytes - b.bytes,     a.flushes - b.flushes, a.wal_bytes - b.wal_bytes};
  }
};

std::uint64_t BytesOf(const tandem::AppendEvents& append) {
  std::uint64_t bytes = append.stream.entity.size();
  for (const std::string& event : append.events) bytes += event.size();
  return bytes;
}
std::uint64_t BytesOf(const tandem::UpdateMetadata& update) {
  std::uint64_t bytes = update.stream.entity.size();
  for (const auto& [key, value] : update.set) bytes += key.size() + value.size();
  for (const std::string& key : update.erase) bytes += key.size();
  return bytes;
}
std::uint64_t BytesOf(const tandem::Enqueue& enqueue) {
  return enqueue.queue.size() + enqueue.payload.size() + enqueue.options.group.size() +
         enqueue.options.key.size();
}
std::uint64_t BytesOf(const tandem::DeleteMessages& ack) { return ack.lock_token.bytes.size(); }
template <typename Check>
std::uint64_t BytesOf(const Check& /*operation*/) {
  return 0;
}

constexpr Orchestration<int(int)> kEchoes("echoes");
constexpr Orchestration<int(int)> kEchoesAndNotes("echoes-and-notes");

// n activities, one after the other, each the same.
Task<Result<int>> Echoes(OrchestrationContext ctx, int n) {
  for (int i = 0; i < n; ++i) co_await OrFail(ctx.Call(kEcho, "the same"));
  co_return n;
}

// The same with a local step before each of them.
Task<Result<int>> EchoesAndNotes(OrchestrationContext ctx, int n) {
  for (int i = 0; i < n; ++i) {
    const Result<std::string> note = ctx.Run("note", [] { return std::string("noted"); });
    if (!note.ok()) co_return note.status();
    co_await OrFail(ctx.Call(kEcho, *note));
  }
  co_return n;
}

// One live runtime that takes one activity at a time: at its call, all that was before is stored.
class CostTest : public RuntimeFixture {
 protected:
  static RuntimeOptions OneActivityAtATime() {
    RuntimeOptions options;
    options.activity_threads = 1;
    return options;
  }

  // Runs it, and notes what it had cost when it came to each of the steps in costs_at.
  void Run(const Orchestration<int(int)>& orchestration, int steps) {
    provider.OnBatch([this](const ProbeProvider::Operations& batch) {
      operations_ += batch.size();
      for (const tandem::Operation& operation : batch) {
        bytes_ += std::visit([](const auto& one) { return BytesOf(one); }, operation);
      }
      return Status::Ok();
    });
    Registry registry;
    registry.Add(kEchoes, Echoes);
    registry.Add(kEchoesAndNotes, EchoesAndNotes);
    int step = 0;
    Barrier started;
    Barrier last;
    last.Open();
    registry.Add(kEcho, [&](ActivityContext&, std::string text) -> Result<std::string> {
      started.Enter();  // until Start has returned: else its thread runs some of the turns
      if (const auto wanted = costs_at.find(++step); wanted != costs_at.end()) {
        wanted->second = CostsSoFar();
      }
      if (step == steps) last.Enter();
      return text;
    });
    const auto runtime = StartExactly(registry, OneActivityAtATime());
    ASSERT_TRUE(runtime->client().Start(orchestration, "i", steps).ok());
    started.Open();
    last.AwaitEntered(1);  // until then nobody waits for the output: that reads with each step
    EXPECT_EQ(client.Wait(orchestration, "i", kLong).value(), steps);
    runtime->Shutdown();
    EXPECT_EQ(step, steps);
    EXPECT_EQ(runtime->Stats().events_replayed, 0u);
    EXPECT_EQ(runtime->Stats().turns, steps + 1u);
  }

  Costs CostsSoFar() {
    Costs costs;
    costs.batches = provider.batches();
    costs.reads = provider.reads();
    costs.operations = operations_;
    costs.bytes = bytes_;
    if (const auto stats = RocksDbStats()) {
      costs.flushes = stats->wal_synced;
      costs.wal_bytes = stats->wal_bytes;
    }
    return costs;
  }
  std::optional<tandem::RocksDbStats> RocksDbStats() {
    const auto* rocksdb = dynamic_cast<tandem::RocksDbProvider*>(&provider.target());
    if (rocksdb == nullptr) return std::nullopt;
    return rocksdb->Stats();
  }

  void ExpectLateStepsToCostWhatEarlyOnesDo(const Orchestration<int(int)>& orchestration) {
    constexpr int kEarly = 10;
    constexpr int kLate = kSteps - kWindow;
    for (const int step : {kEarly, kEarly + kWindow, kLate, kLate + kWindow}) costs_at[step] = {};
    Run(orchestration, kSteps);
    const Costs early = costs_at[kEarly + kWindow] - costs_at[kEarly];
    const Costs late = costs_at[kLate + kWindow] - costs_at[kLate];
    EXPECT_EQ(early.batches, static_cast<std::uint64_t>(kWindow));
    EXPECT_EQ(late.batches, early.batches);
    EXPECT_EQ(early.reads, 0u);
    EXPECT_EQ(late.reads, 0u);
    EXPECT_EQ(late.operations, early.operations);
    EXPECT_EQ(late.bytes, early.bytes) << "numbers in records and keys have a fixed width";
    EXPECT_EQ(late.flushes, early.flushes);
    EXPECT_LE(late.wal_bytes, early.wal_bytes + early.wal_bytes * kWalSlackPercent / 100);
  }

  std::map<int, Costs> costs_at;

 private:
  std::atomic<std::uint64_t> operations_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};
INSTANTIATE_TEST_SUITE_P(, CostTest, ::testing::ValuesIn(LiveKindsOfOneRuntime()), KindName);

TEST_P(CostTest, Step10000CostsWhatStep10Does) { ExpectLateStepsToCostWhatEarlyOnesDo(kEchoes); }

TEST_P(CostTest, Step10000WithALocalStepCostsWhatStep10Does) {
  ExpectLateStepsToCostWhatEarlyOnesDo(kEchoesAndNotes);
}

TEST_P(CostTest, NActivitiesInARowTakeNPlusOneFlushes) {
  constexpr int kActivities = 50;
  const Costs before = CostsSoFar();
  Run(kEchoes, kActivities);
  const Costs costs = CostsSoFar() - before;
  EXPECT_EQ(costs.batches, kActivities + 1u);
  EXPECT_EQ(costs.flushes, RocksDbStats() ? kActivities + 1u : 0u);
}

}  // namespace
}  // namespace duroxide
