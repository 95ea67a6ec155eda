// W1: one workflow of one no-op step at a time. W2: workflows of 5 steps, one after the other, at
// most 256 in flight. W3: workflows that fan out 20 steps and join.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/orchestration/orchestration_parts.h"
#include "tandem/benchmarks/orchestration/raw_workflows.h"
#include "tandem/benchmarks/orchestration/workflows.h"

namespace tandem::benchmarks {

namespace {

struct Workload {
  std::string name;
  Steps workflow;
  int steps = 1;
  int count = 1;          // of workflows
  int in_flight = 1;      // of them
  int raw_in_flight = 1;  // where raw is at its best, or as in_flight
  int rounds = 2;         // of so many workflows, alternating with raw
  std::vector<std::size_t> activity_threads = {16};
};

// The counted runs of one contender, together.
struct Totals {
  double workflows = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::vector<double> micros;

  void Add(const Run& run) {
    workflows += static_cast<double>(run.micros.size());
    seconds += run.seconds;
    cpu_seconds += run.cpu_seconds;
    micros.insert(micros.end(), run.micros.begin(), run.micros.end());
  }
};

void SetCounters(benchmark::State& state, const std::string& name, const Workload& workload,
                 Totals totals, const LogCounts& before, const LogCounts& after) {
  const auto set = [&](const char* figure, double value) {
    state.counters[name + "_" + figure] = value;
  };
  std::ranges::sort(totals.micros);
  set("workflows_per_s", totals.workflows / totals.seconds);
  set("steps_per_s", totals.workflows * workload.steps / totals.seconds);
  set("p50_us", Quantile(totals.micros, 0.50));
  set("p99_us", Quantile(totals.micros, 0.99));
  set("cpu_us_per_step", totals.cpu_seconds * 1e6 / (totals.workflows * workload.steps));
  set("flushes_per_workflow",
      static_cast<double>(after.rocksdb_synced - before.rocksdb_synced) / totals.workflows);
  set("wal_bytes_per_workflow", static_cast<double>(after.bytes - before.bytes) / totals.workflows);
}

// In new stores, after a tenth as a warm-up.
void Measure(benchmark::State& state, const Workload& workload, std::size_t activity_threads) {
  duroxide::RuntimeOptions options;
  options.activity_threads = activity_threads;
  const WorkflowStore tandem(options);
  RawWorkflows raw;
  const auto run_tandem = [&](std::uint64_t number) {
    tandem.RunOne(workload.workflow, "workflow-" + std::to_string(number), workload.steps);
  };
  const auto run_raw = [&](std::uint64_t number) {
    if (workload.workflow.name() == kFanOut.name()) {
      raw.RunFanOut(number, workload.steps);
    } else {
      raw.RunSequence(number, workload.steps);
    }
  };
  std::uint64_t first = 0;
  const auto run = [&](int count, bool is_tandem) {
    return is_tandem ? RunWorkflows(first, count, workload.in_flight, run_tandem)
                     : RunWorkflows(first, count, workload.raw_in_flight, run_raw);
  };
  const int warm_up = std::max(1, workload.count / 10);
  run(warm_up, true);
  run(warm_up, false);
  first += warm_up;
  const WorkCounts before = tandem.Counts();
  const LogCounts raw_before = raw.Counts();
  Totals tandem_totals;
  Totals raw_totals;
  for (int round = 0; round < workload.rounds; ++round, first += workload.count) {
    tandem_totals.Add(run(workload.count, true));
    raw_totals.Add(run(workload.count, false));
  }
  const WorkCounts after = tandem.Counts();
  const double workflows = tandem_totals.workflows;
  SetCounters(state, "tandem", workload, std::move(tandem_totals), before.log, after.log);
  SetCounters(state, "raw", workload, std::move(raw_totals), raw_before, raw.Counts());
  for (const char* figure : {"workflows_per_s", "cpu_us_per_step"}) SetRatio(state, figure);
  state.counters["tandem_batches_per_workflow"] =
      static_cast<double>(after.batches - before.batches) / workflows;
  state.counters["tandem_replayed_per_workflow"] =
      static_cast<double>(after.events_replayed - before.events_replayed) / workflows;
}

}  // namespace

std::vector<FigureTable> RegisterThroughput(const Settings& settings) {
  constexpr int kInFlight = 256;
  constexpr int kRawInFlight = 64;
  const std::vector<Workload> workloads = {
      {"W1", kSequence, 1, settings.BlockSize(500), 1, 1, 4},
      {"W2", kSequence, 5, settings.BlockSize(5'000), kInFlight, kRawInFlight, 2, {4, 16, 64}},
      {"W2", kSequence, 5, settings.BlockSize(20'000), kInFlight, kRawInFlight, 1, {16, 64}},
      {"W3", kFanOut, 20, settings.BlockSize(500), kInFlight, kRawInFlight, 4, {4, 16, 64}},
  };
  for (const Workload& workload : workloads) {
    for (const std::size_t threads : workload.activity_threads) {
      const std::string name = "workflows/" + workload.name + "/" + std::to_string(workload.count) +
                               "/" + std::to_string(threads);
      RegisterFigure(settings, name,
                     [=](benchmark::State& state) { Measure(state, workload, threads); });
    }
  }
  FigureTable table{"workflows", {"workload", "workflows", "activity threads"}, {}};
  AddPaired(table, "workflows/s", "workflows_per_s", 0, "1/s");
  table.columns.push_back({"steps/s", "tandem_steps_per_s", 0, "1/s"});
  table.columns.push_back({"p50 us", "tandem_p50_us", 0, "us"});
  table.columns.push_back({"p99 us", "tandem_p99_us", 0, "us"});
  AddPaired(table, "CPU us/step", "cpu_us_per_step", 0, "us");
  table.columns.push_back({"batches/workflow", "tandem_batches_per_workflow", 2, "1"});
  table.columns.push_back({"flushes/workflow: tandem", "tandem_flushes_per_workflow", 3, "1"});
  table.columns.push_back({"raw", "raw_flushes_per_workflow", 3, "1"});
  table.columns.push_back({"WAL B/workflow: tandem", "tandem_wal_bytes_per_workflow", 0, "B"});
  table.columns.push_back({"raw", "raw_wal_bytes_per_workflow", 0, "B"});
  table.columns.push_back({"events replayed/workflow", "tandem_replayed_per_workflow", 2, "1"});
  return {table};
}

}  // namespace tandem::benchmarks
