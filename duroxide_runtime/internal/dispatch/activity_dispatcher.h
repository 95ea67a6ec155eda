#pragma once

// The activity dispatcher runs activities and brings each result to the turn of its instance in
// this runtime, or else reports it by a message. Either way the batch that stores the result
// acknowledges the activity's message: an activity with a stored result is never run again, and one
// without is. It knows an activity from its message alone and reads no history.
//
// Fate of what can't be run: an activity whose code is not registered here is handed over to other
// runtimes and parked (internal/dispatch/parking.h) until it was parked too often, then reported as
// a failure of the configuration; one that was delivered too often without an answer is reported as
// poison (internal/engine/poison.h). One that was asked to stop and fails is given back.

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "tandem/duroxide_runtime/internal/dispatch/orchestration_dispatcher.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/result_reporter.h"
#include "tandem/duroxide_runtime/internal/dispatch/stored_progress.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::internal {

class ActivityDispatcher {
 public:
  // All references outlive the dispatcher. `stop`: asks what runs to stop.
  ActivityDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                     Counters& counters, LeaseKeeper& leases, OrchestrationDispatcher& turns,
                     ResultReporter& reporter, std::stop_token stop, std::uint32_t max_deliveries)
      : provider_(provider),
        registry_(registry),
        log_(log),
        counters_(counters),
        leases_(leases),
        turns_(turns),
        reporter_(reporter),
        stop_(std::move(stop)),
        max_deliveries_(max_deliveries) {}

  // Handles one delivery. Thread-safe. Returns an error of the store that ended it; the activity
  // then runs again when its lease has ended.
  Status Handle(const tandem::Delivery& delivery);

 private:
  struct Call {
    const tandem::Delivery& delivery;
    const ActivityItem& item;
    LeaseKeeper::Held lease;  // held until the batch that ends the call is answered
  };

  Status Run(Call call, const ActivityHandler& handler);
  // Ends the call with a failure that is not its own.
  Status GiveUp(Call call, const Failure& failure);
  Status GiveBackStopped(const Call& call, const Status& reason);
  // Also where it is handed over, or given up.
  Status ParkUnregistered(Call call);
  Status HandOver(const Call& call, const std::string& diagnosis);
  Status ParkUnreadable(const tandem::Delivery& delivery, const Status& reason);

  tandem::Provider& provider_;
  const Registry& registry_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
  OrchestrationDispatcher& turns_;
  ResultReporter& reporter_;
  const std::stop_token stop_;
  const std::uint32_t max_deliveries_;

  Backoffs parked_;  // by queue and message; own synchronization
};

}  // namespace duroxide::internal
