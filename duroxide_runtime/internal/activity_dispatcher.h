#pragma once

// The activity dispatcher runs activities of the queue "worker" and reports each result in one
// batch with the acknowledgement of its message: an activity that is reported is never run again,
// and one that is not is run again.
//
// The seam for fused commits: Report is the only place where a result leaves. There a result can
// first be offered, with the token of its message, to the instance's turn in this runtime, whose
// one batch then stores both; what Report does now remains as the fallback.

#include <stop_token>
#include <string>
#include <vector>

#include "batch/provider.h"
#include "duroxide_runtime/internal/counters.h"
#include "duroxide_runtime/internal/lease_keeper.h"
#include "duroxide_runtime/internal/work_item.h"
#include "duroxide_runtime/log.h"
#include "duroxide_runtime/registry.h"

namespace duroxide::internal {

class ActivityDispatcher {
 public:
  // All references outlive the dispatcher.
  ActivityDispatcher(tandem::Provider& provider, const Registry& registry, LogSink& log,
                     Counters& counters, LeaseKeeper& leases)
      : provider_(provider), registry_(registry), log_(log), counters_(counters), leases_(leases) {}

  // Handles one delivery. Thread-safe. Returns an error of the store that ended it; the activity
  // then runs again when its lease has ended.
  Status Handle(const tandem::Delivery& delivery, const std::stop_token& stop);

 private:
  // Never throws: an exception of the activity is its failure.
  Result<std::string> Run(const ActivityHandler& handler, const tandem::Delivery& delivery,
                          const ActivityItem& item, const std::stop_token& stop);
  Status Report(const tandem::Delivery& delivery, const ActivityItem& item,
                Result<std::string> result, const LeaseKeeper::Held& lease,
                const std::stop_token& stop);
  Status ParkUnregistered(const tandem::Delivery& delivery, const ActivityItem& item);
  Status ParkUnreadable(const tandem::Delivery& delivery, const Status& reason);

  tandem::Provider& provider_;
  const Registry& registry_;
  LogSink& log_;
  Counters& counters_;
  LeaseKeeper& leases_;
};

}  // namespace duroxide::internal
