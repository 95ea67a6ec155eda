#pragma once

// A runtime without threads: it takes a delivery when it is told to, and works on one when it is
// told to. Everything in it is gone when its process dies.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tandem/duroxide_runtime/internal/dispatch/activity_dispatcher.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "tandem/duroxide_runtime/internal/dispatch/orchestration_dispatcher.h"
#include "tandem/duroxide_runtime/testing/internal/simulated_provider.h"

namespace duroxide::testing {

// What was taken and is not worked on yet.
struct TakenWork {
  bool orchestration = false;  // else an activity
  std::vector<tandem::Delivery> deliveries;
};

class SimulatedRuntime {
 public:
  struct Environment {
    tandem::Provider& store;
    EventTimes& times;
    const Registry& registry;
    LogSink& log;
    std::vector<std::string> work_queues;
    std::chrono::milliseconds lease;
    CommitFaults faults;
    internal::TurnOptions turns;
    std::function<std::uint64_t()> seeds;
  };

  explicit SimulatedRuntime(const Environment& environment);

  // nullopt if there is nothing of that kind.
  std::optional<TakenWork> Take(bool orchestration);
  void Work(const TakenWork& work);

  bool dead() const { return provider_.dead(); }
  const internal::Counters& counters() const { return counters_; }

 private:
  const std::vector<std::string> work_queues_;
  const std::chrono::milliseconds lease_;
  SimulatedProvider provider_;
  internal::Counters counters_;
  internal::LeaseKeeper leases_;
  internal::ResultReporter reporter_;
  internal::OrchestrationDispatcher orchestrations_;
  internal::ActivityDispatcher activities_;
};

}  // namespace duroxide::testing
