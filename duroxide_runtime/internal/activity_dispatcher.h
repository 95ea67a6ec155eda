#pragma once

// The activity dispatcher runs activities and reports each result in one batch with the
// acknowledgement of its message: an activity that is reported is never run again, and one that is
// not is run again. It knows an activity from its message alone and reads no history.
//
// Fate of what can't be run: an activity whose code is not registered here is parked
// (internal/parking.h) until it was delivered too often, then reported as a failure of the
// configuration; one that was delivered too often without an answer is reported as poison
// (internal/poison.h). One that was asked to stop and fails is given back.
//
// The seam for fused commits: Report is the only place where a result leaves. There a result can
// first be offered, with the token of its message, to the instance's turn in this runtime, whose
// one batch then stores both; what Report does now remains as the fallback.

#include <cstdint>
#include <stop_token>
#include <string>

#include "batch/provider.h"
#include "duroxide_runtime/internal/counters.h"
#include "duroxide_runtime/internal/lease_keeper.h"
#include "duroxide_runtime/internal/parking.h"
#include "duroxide_runtime/internal/stored_progress.h"
#include "duroxide_runtime/internal/work_item.h"
#include "duroxide_runtime/log.h"
#include "duroxide_runtime/registry.h"

namespace duroxide::internal {

class ActivityDispatcher {
 public:
  // All references outlive the dispatcher.
  ActivityDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                     Counters& counters, LeaseKeeper& leases, std::uint32_t max_deliveries)
      : provider_(provider),
        registry_(registry),
        log_(log),
        counters_(counters),
        leases_(leases),
        max_deliveries_(max_deliveries) {}

  // Handles one delivery. Thread-safe. Returns an error of the store that ended it; the activity
  // then runs again when its lease has ended.
  Status Handle(const tandem::Delivery& delivery);

  // Asks what runs to stop, and what waits for the store to wait no longer.
  void RequestStop() { stop_.request_stop(); }

 private:
  struct Call {
    const tandem::Delivery& delivery;
    const ActivityItem& item;
    const LeaseKeeper::Held& lease;
    StoredProgress& progress;
  };

  Status Run(const Call& call, const ActivityHandler& handler);
  // Ends the call with a failure that is not its own.
  Status GiveUp(const Call& call, const Failure& failure);
  // Stores the result; true unless it was dropped.
  Result<bool> Report(const Call& call, const WorkItem& result);
  Status GiveBackStopped(const Call& call, const Status& reason);
  Status ParkUnregistered(const Call& call, const std::string& diagnosis);
  Status ParkUnreadable(const tandem::Delivery& delivery, const Status& reason);

  tandem::Provider& provider_;
  const Registry& registry_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
  const std::uint32_t max_deliveries_;

  // Own synchronization.
  std::stop_source stop_;
  Backoffs parked_;  // by queue and message
};

}  // namespace duroxide::internal
