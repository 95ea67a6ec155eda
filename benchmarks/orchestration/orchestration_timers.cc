// W5: workflows that sleep for a second, durably: how many complete, and how late.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/orchestration/orchestration_parts.h"
#include "tandem/benchmarks/orchestration/workflows.h"

namespace tandem::benchmarks {

namespace {

constexpr int kSleepMillis = 1000;
constexpr int kWaiters = 32;  // threads that wait for the oldest that have not finished

std::string SleeperId(std::uint64_t number) { return "sleeper-" + std::to_string(number); }

// When the timer of the instance was due.
Timestamp DueTime(const duroxide::Client& client, const std::string& instance) {
  const duroxide::HistoryPage page = Must(client.ReadHistory(instance, {}));
  for (const duroxide::HistoryEvent& event : page.events) {
    if (const auto* timer = std::get_if<duroxide::TimerCreated>(&event.body)) return timer->fire_at;
  }
  Must(Status::Internal("'" + instance + "' has no timer"));
  return {};
}

void Measure(benchmark::State& state, int count, int starters, std::size_t threads) {
  duroxide::RuntimeOptions options;
  options.orchestration_threads = threads;
  const WorkflowStore store(options);
  const WorkCounts before = store.Counts();
  std::vector<std::atomic<bool>> started(count);
  double start_seconds = 0;
  std::jthread starting([&] {
    const Run run = RunWorkflows(0, count, starters, [&](std::uint64_t number) {
      Must(store.client().Start(kSleep, SleeperId(number), kSleepMillis));
      started[number] = true;
      started[number].notify_one();
    });
    start_seconds = run.seconds;
  });
  std::vector<Timestamp> seen(count);
  const Run run = RunWorkflows(0, count, kWaiters, [&](std::uint64_t number) {
    started[number].wait(false);
    Must(store.client().Wait(kSleep, SleeperId(number), kPatience).status());
    seen[number] = SystemClock().Now();
  });
  starting.join();
  const WorkCounts after = store.Counts();
  std::vector<double> late_ms;
  late_ms.reserve(count);
  for (int number = 0; number < count; ++number) {
    const std::chrono::duration<double, std::milli> late =
        seen[number] - DueTime(store.client(), SleeperId(number));
    late_ms.push_back(late.count());
  }
  std::ranges::sort(late_ms);
  state.counters["tandem_completed"] = static_cast<double>(late_ms.size());
  state.counters["tandem_starts_per_s"] = count / start_seconds;
  state.counters["tandem_late_p50_ms"] = Quantile(late_ms, 0.50);
  state.counters["tandem_late_p99_ms"] = Quantile(late_ms, 0.99);
  state.counters["tandem_late_max_ms"] = late_ms.back();
  state.counters["tandem_batches_per_timer"] =
      static_cast<double>(after.batches - before.batches) / count;
  state.counters["tandem_flushes_per_timer"] =
      static_cast<double>(after.log.rocksdb_synced - before.log.rocksdb_synced) / count;
  state.counters["tandem_replayed_per_timer"] =
      static_cast<double>(after.events_replayed - before.events_replayed) / count;
  state.counters["tandem_cpu_us_per_timer"] = run.cpu_seconds * 1e6 / count;
}

}  // namespace

std::vector<FigureTable> RegisterTimers(const Settings& settings) {
  for (const int count : {settings.BlockSize(2'000), settings.BlockSize(10'000)}) {
    for (const int starters : {1, 32}) {
      for (const std::size_t threads : {2, 16}) {
        const std::string name = "timers/W5/" + std::to_string(count) + "/" +
                                 std::to_string(starters) + "/" + std::to_string(threads);
        RegisterFigure(settings, name,
                       [=](benchmark::State& state) { Measure(state, count, starters, threads); });
      }
    }
  }
  FigureTable table{
      "timers", {"workload", "timers", "starting threads", "orchestration threads"}, {}};
  table.columns.push_back({"completed", "tandem_completed", 0, "1"});
  table.columns.push_back({"starts/s", "tandem_starts_per_s", 0, "1/s"});
  table.columns.push_back({"late ms: p50", "tandem_late_p50_ms", 1, "ms"});
  table.columns.push_back({"p99", "tandem_late_p99_ms", 1, "ms"});
  table.columns.push_back({"max", "tandem_late_max_ms", 1, "ms"});
  table.columns.push_back({"CPU us/timer", "tandem_cpu_us_per_timer", 0, "us"});
  table.columns.push_back({"batches/timer", "tandem_batches_per_timer", 2, "1"});
  table.columns.push_back({"flushes/timer", "tandem_flushes_per_timer", 3, "1"});
  table.columns.push_back({"events replayed/timer", "tandem_replayed_per_timer", 2, "1"});
  return {table};
}

}  // namespace tandem::benchmarks
