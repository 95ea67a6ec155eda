// W4: one workflow of many steps, one after the other. Does a step cost more the longer the history
// is?

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/orchestration/orchestration_parts.h"
#include "tandem/benchmarks/orchestration/raw_workflows.h"
#include "tandem/benchmarks/orchestration/workflows.h"
#include "tandem/cli/measuring/stopwatch.h"

namespace tandem::benchmarks {

namespace {

using SteadyClock = std::chrono::steady_clock;

// Of the steps from one to another, by the times at which they began.
double MicrosPerStep(const std::vector<SteadyClock::time_point>& began, std::size_t from,
                     std::size_t to) {
  const std::chrono::duration<double, std::micro> took = began[to] - began[from];
  return took.count() / static_cast<double>(to - from);
}

void Measure(benchmark::State& state, int steps, bool live) {
  std::vector<SteadyClock::time_point> began;
  began.reserve(steps);
  duroxide::RuntimeOptions options;
  if (!live) options.live_instances = 0;
  const WorkflowStore tandem(options, [&began] { began.push_back(SteadyClock::now()); });
  RawWorkflows raw;
  tandem.RunOne(kSequence, "warm-up", std::max(1, steps / 10));
  began.clear();

  const WorkCounts before = tandem.Counts();
  const double cpu_before = CpuSeconds();
  const measuring::Stopwatch stopwatch;
  tandem.RunOne(kSequence, "long", steps);
  const double seconds = stopwatch.Seconds();
  const double cpu_seconds = CpuSeconds() - cpu_before;
  const WorkCounts after = tandem.Counts();
  const measuring::Stopwatch raw_stopwatch;
  raw.RunSequence(0, steps);
  const double raw_seconds = raw_stopwatch.Seconds();

  const std::size_t tenth = std::max(began.size() / 10, std::size_t{1});
  const auto per_step = [&](auto after_count, auto before_count) {
    return static_cast<double>(after_count - before_count) / steps;
  };
  const double first = MicrosPerStep(began, 0, tenth);
  const double last = MicrosPerStep(began, began.size() - 1 - tenth, began.size() - 1);
  state.counters["tandem_total_s"] = seconds;
  state.counters["raw_total_s"] = raw_seconds;
  SetRatio(state, "total_s");
  state.counters["tandem_first_tenth_us_per_step"] = first;
  state.counters["tandem_last_tenth_us_per_step"] = last;
  state.counters["tandem_last_by_first"] = last / first;
  state.counters["tandem_cpu_us_per_step"] = cpu_seconds * 1e6 / steps;
  state.counters["tandem_batches_per_step"] = per_step(after.batches, before.batches);
  state.counters["tandem_flushes_per_step"] =
      per_step(after.log.rocksdb_synced, before.log.rocksdb_synced);
  state.counters["tandem_wal_bytes_per_step"] = per_step(after.log.bytes, before.log.bytes);
  state.counters["tandem_replayed_per_step"] =
      per_step(after.events_replayed, before.events_replayed);
}

}  // namespace

std::vector<FigureTable> RegisterLong(const Settings& settings) {
  for (const bool live : {true, false}) {
    for (const int steps : {settings.BlockSize(1'000), settings.BlockSize(5'000)}) {
      const std::string name = "long/W4/" + std::to_string(steps) + (live ? "/live" : "/replayed");
      RegisterFigure(settings, name, [=](benchmark::State& state) { Measure(state, steps, live); });
    }
  }
  FigureTable table{"long", {"workload", "steps", "instances"}, {}};
  AddPaired(table, "total s", "total_s", 2, "s");
  table.columns.push_back({"us/step: first tenth", "tandem_first_tenth_us_per_step", 0, "us"});
  table.columns.push_back({"last tenth", "tandem_last_tenth_us_per_step", 0, "us"});
  table.columns.push_back({"ratio", "tandem_last_by_first", 2, "1"});
  table.columns.push_back({"CPU us/step", "tandem_cpu_us_per_step", 0, "us"});
  table.columns.push_back({"batches/step", "tandem_batches_per_step", 3, "1"});
  table.columns.push_back({"flushes/step", "tandem_flushes_per_step", 3, "1"});
  table.columns.push_back({"WAL B/step", "tandem_wal_bytes_per_step", 0, "B"});
  table.columns.push_back({"events replayed/step", "tandem_replayed_per_step", 1, "1"});
  return {table};
}

}  // namespace tandem::benchmarks
