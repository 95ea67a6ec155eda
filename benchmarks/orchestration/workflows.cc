#include "tandem/benchmarks/orchestration/workflows.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "tandem/cli/measuring/stopwatch.h"

namespace tandem::benchmarks {

namespace {

using duroxide::OrchestrationContext;
using duroxide::Task;
using duroxide::Unit;

const duroxide::Activity<int(int)> kStep("step");

Task<Result<int>> RunSequence(OrchestrationContext ctx, int steps) {
  for (int i = 0; i < steps; ++i) co_await duroxide::OrFail(ctx.Call(kStep, i));
  co_return steps;
}

Task<Result<int>> RunFanOut(OrchestrationContext ctx, int steps) {
  std::vector<duroxide::Future<int>> calls;
  calls.reserve(steps);
  for (int i = 0; i < steps; ++i) calls.push_back(ctx.Call(kStep, i));
  const std::vector<Result<int>> results = co_await duroxide::WhenAll(std::move(calls));
  co_return static_cast<int>(std::ranges::count_if(results, &Result<int>::ok));
}

Task<Result<Unit>> RunSleep(OrchestrationContext ctx, int millis) {
  co_await ctx.StartTimer(std::chrono::milliseconds(millis));
  co_return Unit{};
}

Task<Result<std::string>> RunAwaitGo(OrchestrationContext ctx, int /*in*/) {
  co_return co_await ctx.WaitForEvent<std::string>("go");
}

duroxide::Registry Workflows(std::function<void()> step) {
  duroxide::Registry registry;
  registry.Add(kSequence, RunSequence);
  registry.Add(kFanOut, RunFanOut);
  registry.Add(kSleep, RunSleep);
  registry.Add(kAwaitGo, RunAwaitGo);
  registry.Add(kStep, [step = std::move(step)](duroxide::ActivityContext&, int number) {
    if (step) step();
    return Result<int>(number);
  });
  return registry;
}

}  // namespace

WorkflowStore::WorkflowStore(const duroxide::RuntimeOptions& options, std::function<void()> step)
    : provider_(OpenTandem(directory_.path())),
      runtime_(Must(duroxide::Runtime::Start(*provider_, Workflows(std::move(step)), options))),
      client_(runtime_->client()) {}

void WorkflowStore::RunOne(const Steps& workflow, const std::string& instance, int steps) const {
  Must(client_->Start(workflow, instance, steps));
  if (Must(client_->Wait(workflow, instance, kPatience)) != steps) {
    Must(Status::Internal("a step of '" + instance + "' failed"));
  }
}

WorkCounts WorkflowStore::Counts() const {
  return {CountsOf(*provider_), provider_->Stats().batches, runtime_->Stats().events_replayed};
}

// --- Many of them -------------------------------------------------------------------------------

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Run RunWorkflows(std::uint64_t first, int count, int in_flight,
                 const std::function<void(std::uint64_t number)>& run_one) {
  Run run;
  run.micros.resize(count);
  std::atomic<int> next = 0;
  const double cpu_before = CpuSeconds();
  const measuring::Stopwatch stopwatch;
  {
    std::vector<std::jthread> threads;
    threads.reserve(in_flight);
    for (int i = 0; i < in_flight; ++i) {
      threads.emplace_back([&] {
        for (int number = next++; number < count; number = next++) {
          const measuring::Stopwatch workflow;
          run_one(first + number);
          run.micros[number] = workflow.Micros();
        }
      });
    }
  }
  run.seconds = stopwatch.Seconds();
  run.cpu_seconds = CpuSeconds() - cpu_before;
  return run;
}

}  // namespace tandem::benchmarks
