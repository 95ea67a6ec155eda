// What does an atomic batch cost here, now, beside the raw write that it stands on?
//
// Each repetition opens two new stores side by side and alternates between them in short blocks: a
// block of turn batches through Tandem, the same block as raw RocksDB writes. So both meet the same
// moods of the machine, and their ratio means something. `./dev bench` runs it; see
// docs/benchmarks.md.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/paired_table.h"
#include "benchmarks/turn_batch.h"
#include "tests/support/temporary_directory.h"

namespace tandem::benchmarks {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kRounds = 12;  // the first is a warm-up
constexpr int kRepetitions = 5;

// So many batches a worker and block that a block takes some tens of milliseconds.
int BlockSize(int workers) {
  if (workers == 1) return 300;
  if (workers <= 4) return 200;
  return workers <= 16 ? 100 : 40;
}

// What one engine did in the counted blocks.
struct Samples {
  std::vector<std::vector<double>> micros;  // by worker
  double seconds = 0;
  WalCounts before;
  WalCounts after;

  std::vector<double> Sorted() const {
    std::vector<double> all;
    for (const auto& worker : micros) all.insert(all.end(), worker.begin(), worker.end());
    std::ranges::sort(all);
    return all;
  }
};

double Quantile(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
}

struct Comparison {
  explicit Comparison(int workers)
      : tandem(tandem_directory.path(), workers, kRounds * BlockSize(workers)),
        raw(raw_directory.path(), workers),
        barrier(workers) {
    tandem_samples.micros.resize(workers);
    raw_samples.micros.resize(workers);
  }

  testing::TemporaryDirectory tandem_directory;
  testing::TemporaryDirectory raw_directory;
  TandemTurns tandem;
  RawTurns raw;
  Samples tandem_samples;
  Samples raw_samples;
  std::barrier<> barrier;
};

std::unique_ptr<Comparison> comparison;  // of the repetition that runs

template <typename Engine>
void RunBlock(Engine& engine, Samples& samples, int worker, int batches, bool counted,
              Durability durability) {
  comparison->barrier.arrive_and_wait();
  const auto block_start = SteadyClock::now();
  for (int i = 0; i < batches; ++i) {
    const auto start = SteadyClock::now();
    engine.Commit(worker, durability);
    const std::chrono::duration<double, std::micro> took = SteadyClock::now() - start;
    if (counted) samples.micros[worker].push_back(took.count());
  }
  comparison->barrier.arrive_and_wait();
  if (worker != 0) return;
  if (counted) {
    samples.seconds += std::chrono::duration<double>(SteadyClock::now() - block_start).count();
    samples.after = engine.Counts();
  } else {
    samples.before = engine.Counts();
  }
}

void Report(benchmark::State& state, const std::string& engine, const Samples& samples) {
  const std::vector<double> sorted = samples.Sorted();
  const auto batches = static_cast<double>(sorted.size());
  const auto per_batch = [&](std::uint64_t WalCounts::* count) {
    return static_cast<double>(samples.after.*count - samples.before.*count) / batches;
  };
  state.counters[engine + "_per_s"] = batches / samples.seconds;
  state.counters[engine + "_p50_us"] = Quantile(sorted, 0.50);
  state.counters[engine + "_p99_us"] = Quantile(sorted, 0.99);
  state.counters[engine + "_flushes"] = per_batch(&WalCounts::rocksdb_synced);
  state.counters[engine + "_wal_bytes"] = per_batch(&WalCounts::bytes);
  if (engine == "tandem" && samples.after.flushes - samples.before.flushes !=
                                samples.after.rocksdb_synced - samples.before.rocksdb_synced) {
    state.SkipWithError("our count of flushes differs from RocksDB's");
  }
}

void SetRatio(benchmark::State& state, const char* ratio, const char* figure) {
  state.counters[ratio] = state.counters["tandem_" + std::string(figure)] /
                          state.counters["raw_" + std::string(figure)];
}

void TurnBatch(benchmark::State& state, Durability durability) {
  const int worker = state.thread_index();
  const int batches = BlockSize(state.threads());
  int round = 0;
  for ([[maybe_unused]] auto _ : state) {
    const bool counted = round++ > 0;
    RunBlock(comparison->tandem, comparison->tandem_samples, worker, batches, counted, durability);
    RunBlock(comparison->raw, comparison->raw_samples, worker, batches, counted, durability);
  }
  comparison->barrier.arrive_and_wait();
  if (worker != 0) return;
  Report(state, "tandem", comparison->tandem_samples);
  Report(state, "raw", comparison->raw_samples);
  SetRatio(state, "per_s_ratio", "per_s");
  SetRatio(state, "p50_ratio", "p50_us");
  SetRatio(state, "p99_ratio", "p99_us");
}

void Register(const char* name, Durability durability) {
  benchmark::RegisterBenchmark(name, TurnBatch, durability)
      ->Setup([](const benchmark::State& state) {
        comparison = std::make_unique<Comparison>(state.threads());
      })
      ->Teardown([](const benchmark::State&) { comparison.reset(); })
      ->Threads(1)
      ->Threads(4)
      ->Threads(16)
      ->Threads(64)
      ->Iterations(kRounds)
      ->Repetitions(kRepetitions)
      ->UseRealTime();
}

}  // namespace
}  // namespace tandem::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  tandem::benchmarks::Register("synced", tandem::Durability::kSync);
  tandem::benchmarks::Register("buffered", tandem::Durability::kBuffered);
  tandem::benchmarks::PairedTable table;
  benchmark::RunSpecifiedBenchmarks(&table);
  return table.failed() ? 1 : 0;
}
