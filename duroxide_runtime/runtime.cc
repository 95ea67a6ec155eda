#include "duroxide_runtime/runtime.h"

#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "duroxide_runtime/internal/activity_dispatcher.h"
#include "duroxide_runtime/internal/counters.h"
#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/lease_keeper.h"
#include "duroxide_runtime/internal/orchestration_dispatcher.h"
#include "duroxide_runtime/internal/pull_loop.h"
#include "duroxide_runtime/limits.h"

namespace duroxide {

namespace {

constexpr std::size_t kThreadsMax = 1024;

std::uint64_t RandomSeed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::function<std::uint64_t()> SeedsOf(const RuntimeOptions& options) {
  if (options.seeds) return options.seeds;
  return RandomSeed;
}

LogSink& LogOf(const RuntimeOptions& options) {
  return options.log != nullptr ? *options.log : StderrLogSink();
}

tandem::DequeueOptions DequeueOf(std::chrono::milliseconds lease, std::size_t max_messages) {
  tandem::DequeueOptions dequeue;
  dequeue.lease = lease;
  dequeue.max_messages = max_messages;
  return dequeue;
}

Status CheckOptions(const RuntimeOptions& options) {
  if (options.lease < std::chrono::milliseconds(1)) {
    return Status::InvalidArgument("RuntimeOptions::lease has to be at least 1 ms");
  }
  if (options.orchestration_threads > kThreadsMax || options.activity_threads > kThreadsMax) {
    return Status::InvalidArgument("RuntimeOptions: more than " + std::to_string(kThreadsMax) +
                                   " threads");
  }
  return Status::Ok();
}

}  // namespace

// Members are used by those below them, and go away from the last to the first.
struct Runtime::Impl {
  Impl(tandem::Provider& the_provider, Registry the_registry, const RuntimeOptions& options)
      : provider(the_provider),
        registry(std::move(the_registry)),
        leases(provider, options.lease),
        orchestrations(provider, registry, LogOf(options), counters, leases, SeedsOf(options)),
        activities(provider, registry, LogOf(options), counters, leases),
        turn_loop(
            provider, LogOf(options), internal::kOrchestratorQueue, options.orchestration_threads,
            [this, lease = options.lease] {
              return DequeueOf(lease, orchestrations.messages_max());
            },
            [this](const std::vector<tandem::Delivery>& deliveries, const std::stop_token&) {
              return orchestrations.Handle(deliveries);
            }),
        activity_loop(
            provider, LogOf(options), internal::kWorkerQueue, options.activity_threads,
            [lease = options.lease] { return DequeueOf(lease, 1); },
            [this](const std::vector<tandem::Delivery>& deliveries, const std::stop_token& stop) {
              return activities.Handle(deliveries.front(), stop);
            }) {}

  tandem::Provider& provider;
  const Registry registry;
  internal::Counters counters;
  internal::LeaseKeeper leases;
  internal::OrchestrationDispatcher orchestrations;
  internal::ActivityDispatcher activities;
  internal::PullLoop turn_loop;
  internal::PullLoop activity_loop;
  std::once_flag shutdown;
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Runtime::~Runtime() { Shutdown(); }

Result<std::unique_ptr<Runtime>> Runtime::Start(tandem::Provider& provider, Registry registry,
                                                const RuntimeOptions& options) {
  TANDEM_RETURN_IF_ERROR(registry.status());
  TANDEM_RETURN_IF_ERROR(CheckOptions(options));
  return std::unique_ptr<Runtime>(
      new Runtime(std::make_unique<Impl>(provider, std::move(registry), options)));
}

Client Runtime::client() const { return Client(impl_->provider, &impl_->registry); }

void Runtime::Shutdown() {
  std::call_once(impl_->shutdown, [this] {
    impl_->turn_loop.RequestStop();
    impl_->activity_loop.RequestStop();
    impl_->turn_loop.Join();
    impl_->activity_loop.Join();
  });
}

RuntimeStats Runtime::Stats() const {
  const internal::Counters& counters = impl_->counters;
  RuntimeStats stats;
  stats.turns = counters.turns;
  stats.activities_run = counters.activities_run;
  stats.activities_dropped = counters.activities_dropped;
  stats.turn_conflicts = counters.turn_conflicts;
  stats.messages_dropped = counters.messages_dropped;
  stats.parked = counters.parked;
  return stats;
}

}  // namespace duroxide
