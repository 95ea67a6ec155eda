// What an atomic batch costs, against the raw RocksDB write of the same bytes. `./dev bench
// atomic_batch` runs it; see docs/benchmarks.md.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tandem/benchmarks/atomic_batch/turn_batch.h"
#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/frame/program.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {
namespace {

// So many batches a worker and block that a block takes some tens of milliseconds.
int BatchesPerBlock(int threads) {
  if (threads == 1) return 300;
  if (threads <= 4) return 200;
  return threads <= 16 ? 100 : 40;
}

void CompareTurns(benchmark::State& state, const Settings& settings, Durability durability,
                  int threads) {
  const Schedule schedule{threads, settings.rounds, settings.BlockSize(BatchesPerBlock(threads))};
  const testing::TemporaryDirectory tandem_directory;
  const testing::TemporaryDirectory raw_directory;
  TandemTurns tandem(tandem_directory.path(), threads,
                     static_cast<int>(schedule.rounds) * schedule.block);
  RawTurns raw(raw_directory.path(), threads);
  Compare(
      state,
      {{"tandem", [&](int worker) { tandem.Commit(worker, durability); },
        [&] { return tandem.Counts(); }},
       {"raw", [&](int worker) { raw.Commit(worker, durability); }, [&] { return raw.Counts(); }}},
      schedule);
  state.counters["threads"] = threads;
}

void Register(const Settings& settings, const std::string& name, Durability durability) {
  for (const int threads : {1, 4, 16, 64}) {
    RegisterFigure(
        settings, "batch/" + name + "/" + std::to_string(threads),
        [=](benchmark::State& state) { CompareTurns(state, settings, durability, threads); });
  }
}

FigureTable BatchTable() {
  FigureTable table{"batch", {"durability", "threads"}, {}};
  AddPaired(table, "batches/s", "per_s", 0);
  AddPaired(table, "p50 us", "p50_us", 0);
  AddPaired(table, "p99 us", "p99_us", 0);
  table.columns.push_back({"flushes/batch: tandem", "tandem_flushes", 3});
  table.columns.push_back({"raw", "raw_flushes", 3});
  table.columns.push_back({"WAL B/batch: tandem", "tandem_wal_bytes", 0});
  table.columns.push_back({"raw", "raw_wal_bytes", 0});
  return table;
}

std::vector<FigureTable> RegisterBatches(const Settings& settings) {
  Register(settings, "synced", Durability::kSync);
  Register(settings, "buffered", Durability::kBuffered);
  return {BatchTable()};
}

}  // namespace
}  // namespace tandem::benchmarks

int main(int argc, char** argv) {
  return tandem::benchmarks::RunProgram(argc, argv, tandem::benchmarks::RegisterBatches);
}
