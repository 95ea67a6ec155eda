// Many open instances, each waiting for an event: how much memory they take, when only some of them
// stay in memory, and how they wake. Measured in a process of its own.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/own_process.h"
#include "tandem/benchmarks/orchestration/orchestration_parts.h"
#include "tandem/benchmarks/orchestration/workflows.h"

namespace tandem::benchmarks {

namespace {

constexpr int kThreads = 32;  // that start, raise and wait

std::string WaiterId(std::uint64_t number) { return "waiter-" + std::to_string(number); }

}  // namespace

int RunOpenProbe(int instances, int live) {
  duroxide::RuntimeOptions options;
  options.live_instances = live;
  const WorkflowStore store(options);
  const duroxide::Client& client = store.client();
  const double empty_mib = MemoryMib();
  const Run started = RunWorkflows(0, instances, kThreads, [&](std::uint64_t number) {
    Must(client.Start(kAwaitGo, WaiterId(number), 0));
  });
  PrintCounter("tandem_starts_per_s", instances / started.seconds);
  PrintCounter("tandem_empty_mib", empty_mib);
  PrintCounter("tandem_open_mib", MemoryMib());
  const WorkCounts open = store.Counts();
  const Run raised = RunWorkflows(0, instances, kThreads, [&](std::uint64_t number) {
    Must(client.RaiseEvent(WaiterId(number), "go", WaiterId(number)));
  });
  std::vector<int> woken(instances);
  const Run waited = RunWorkflows(0, instances, kThreads, [&](std::uint64_t number) {
    const std::string output = Must(client.Wait(kAwaitGo, WaiterId(number), kPatience));
    woken[number] = output == WaiterId(number) ? 1 : 0;
  });
  const WorkCounts done = store.Counts();
  PrintCounter("tandem_wakes_per_s", instances / (raised.seconds + waited.seconds));
  PrintCounter("tandem_woken", static_cast<double>(std::ranges::count(woken, 1)));
  PrintCounter("tandem_peak_mib", PeakMemoryMib());
  const auto per_wake = [&](std::uint64_t after, std::uint64_t before) {
    return static_cast<double>(after - before) / instances;
  };
  PrintCounter("tandem_batches_per_wake", per_wake(done.batches, open.batches));
  PrintCounter("tandem_flushes_per_wake",
               per_wake(done.log.rocksdb_synced, open.log.rocksdb_synced));
  PrintCounter("tandem_replayed_per_wake", per_wake(done.events_replayed, open.events_replayed));
  PrintCounter("tandem_cpu_us_per_wake",
               (raised.cpu_seconds + waited.cpu_seconds) * 1e6 / instances);
  return 0;
}

std::vector<FigureTable> RegisterOpen(const Settings& settings) {
  const int instances = settings.BlockSize(100'000);
  for (const int live : {100, 10'000}) {
    const std::string name =
        "open/await-go/" + std::to_string(instances) + "/" + std::to_string(live);
    RegisterFigure(settings, name, [=](benchmark::State& state) {
      RunSelf(state, {"open-probe", std::to_string(instances), std::to_string(live)});
    });
  }
  FigureTable table{"open", {"workload", "open instances", "live at most"}, {}};
  table.columns.push_back({"memory MiB: before", "tandem_empty_mib", 0, "MiB"});
  table.columns.push_back({"all open", "tandem_open_mib", 0, "MiB"});
  table.columns.push_back({"peak", "tandem_peak_mib", 0, "MiB"});
  table.columns.push_back({"starts/s", "tandem_starts_per_s", 0, "1/s"});
  table.columns.push_back({"wakes/s", "tandem_wakes_per_s", 0, "1/s"});
  table.columns.push_back({"woken rightly", "tandem_woken", 0, "1"});
  table.columns.push_back({"CPU us/wake", "tandem_cpu_us_per_wake", 0, "us"});
  table.columns.push_back({"batches/wake", "tandem_batches_per_wake", 2, "1"});
  table.columns.push_back({"flushes/wake", "tandem_flushes_per_wake", 3, "1"});
  table.columns.push_back({"events replayed/wake", "tandem_replayed_per_wake", 2, "1"});
  return {table};
}

}  // namespace tandem::benchmarks
