#include "tandem/duroxide_runtime/testing/internal/simulated_runtime.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::testing {

SimulatedRuntime::SimulatedRuntime(const Environment& environment)
    : work_queues_(environment.work_queues),
      lease_(environment.lease),
      provider_(environment.store, environment.times, environment.faults),
      leases_(provider_, environment.lease, internal::LeaseKeeper::Renewal::kNever),
      reporter_(provider_, environment.log, counters_, provider_.stop_token()),
      orchestrations_(provider_, environment.registry, environment.log, counters_, leases_,
                      reporter_, environment.seeds, environment.turns),
      activities_(provider_, environment.registry, environment.log, counters_, leases_,
                  orchestrations_, reporter_, provider_.stop_token(),
                  environment.turns.max_deliveries) {}

namespace {

constexpr std::size_t kInstancesPerTake = 3;

}  // namespace

std::optional<TakenWork> SimulatedRuntime::Take(bool orchestration) {
  tandem::DequeueOptions options;
  options.lease = lease_;
  options.max_messages = orchestration ? orchestrations_.messages_max() : 1;
  // Several, so that a crash often falls between the commits of one portion.
  options.max_groups = orchestration ? kInstancesPerTake : 1;
  const std::vector<std::string> turns(1, std::string(internal::kTurnQueue));
  auto deliveries = provider_.Dequeue(orchestration ? turns : work_queues_, options);
  if (!deliveries.ok() || deliveries->empty()) return std::nullopt;
  return TakenWork{orchestration, *std::move(deliveries)};
}

void SimulatedRuntime::Work(const TakenWork& work) {
  // An error of the store is that of a process that has died: somebody else does it again.
  if (work.orchestration) {
    static_cast<void>(orchestrations_.Handle(work.deliveries));
  } else {
    static_cast<void>(activities_.Handle(work.deliveries.front()));
  }
}

}  // namespace duroxide::testing
