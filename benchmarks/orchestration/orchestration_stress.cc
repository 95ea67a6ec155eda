// The shape of the stress test of the engine whose model Duroxide follows: workflows that fan out 5
// steps of 10 ms, at most 20 in flight, with few threads. There the threads are the limit: so many
// steps of 10 ms fit into them and no more. Without the sleep the engine is.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/orchestration/orchestration_parts.h"
#include "tandem/benchmarks/orchestration/workflows.h"

namespace tandem::benchmarks {

namespace {

constexpr int kSteps = 5;
constexpr int kInFlight = 20;

struct Shape {
  std::size_t threads = 1;  // for orchestrations, and as many for activities
  int step_millis = 10;
  int count = 1;  // of workflows
};

void Measure(benchmark::State& state, const Shape& shape) {
  duroxide::RuntimeOptions options;
  options.orchestration_threads = shape.threads;
  options.activity_threads = shape.threads;
  const std::chrono::milliseconds step(shape.step_millis);
  const WorkflowStore store(options, [step] {
    if (step.count() > 0) std::this_thread::sleep_for(step);
  });
  const WorkCounts before = store.Counts();
  Run run = RunWorkflows(0, shape.count, kInFlight, [&](std::uint64_t number) {
    store.RunOne(kFanOut, "stress-" + std::to_string(number), kSteps);
  });
  const WorkCounts after = store.Counts();
  std::ranges::sort(run.micros);
  const double rate = shape.count / run.seconds;
  state.counters["tandem_workflows_per_s"] = rate;
  state.counters["tandem_steps_per_s"] = rate * kSteps;
  if (shape.step_millis > 0) {
    const double bound = static_cast<double>(shape.threads) * 1000 / shape.step_millis / kSteps;
    state.counters["tandem_percent_of_bound"] = 100 * rate / bound;
  }
  state.counters["tandem_p50_ms"] = Quantile(run.micros, 0.50) / 1000;
  state.counters["tandem_p99_ms"] = Quantile(run.micros, 0.99) / 1000;
  state.counters["tandem_cpu_us_per_step"] = run.cpu_seconds * 1e6 / shape.count / kSteps;
  const auto per_workflow = [&](std::uint64_t count_after, std::uint64_t count_before) {
    return static_cast<double>(count_after - count_before) / shape.count;
  };
  state.counters["tandem_batches_per_workflow"] = per_workflow(after.batches, before.batches);
  state.counters["tandem_flushes_per_workflow"] =
      per_workflow(after.log.rocksdb_synced, before.log.rocksdb_synced);
  state.counters["tandem_replayed_per_workflow"] =
      per_workflow(after.events_replayed, before.events_replayed);
}

}  // namespace

std::vector<FigureTable> RegisterStress(const Settings& settings) {
  const std::vector<Shape> shapes = {{1, 10, settings.BlockSize(100)},
                                     {2, 10, settings.BlockSize(200)},
                                     {16, 10, settings.BlockSize(1'600)},
                                     {2, 0, settings.BlockSize(5'000)},
                                     {16, 0, settings.BlockSize(5'000)}};
  for (const Shape& shape : shapes) {
    const std::string threads = std::to_string(shape.threads);
    const std::string name =
        "stress/fan-out-5/" + threads + "+" + threads + "/" + std::to_string(shape.step_millis);
    RegisterFigure(settings, name, [=](benchmark::State& state) { Measure(state, shape); });
  }
  FigureTable table{"stress", {"workload", "threads", "ms/step"}, {}};
  table.columns.push_back({"workflows/s", "tandem_workflows_per_s", 1, "1/s"});
  table.columns.push_back({"steps/s", "tandem_steps_per_s", 0, "1/s"});
  table.columns.push_back({"% of what the threads allow", "tandem_percent_of_bound", 0, "%"});
  table.columns.push_back({"latency ms: p50", "tandem_p50_ms", 1, "ms"});
  table.columns.push_back({"p99", "tandem_p99_ms", 1, "ms"});
  table.columns.push_back({"CPU us/step", "tandem_cpu_us_per_step", 0, "us"});
  table.columns.push_back({"batches/workflow", "tandem_batches_per_workflow", 2, "1"});
  table.columns.push_back({"flushes/workflow", "tandem_flushes_per_workflow", 2, "1"});
  table.columns.push_back({"events replayed/workflow", "tandem_replayed_per_workflow", 2, "1"});
  return {table};
}

}  // namespace tandem::benchmarks
