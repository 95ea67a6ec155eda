#pragma once

// Reports the result of an activity to its instance by a message, in one batch with the
// acknowledgement of the activity's own: what is reported is never run again, and what is not is
// run again. For results that no turn of this runtime takes.

#include <stop_token>
#include <string>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/internal/dispatch/counters.h"
#include "tandem/duroxide_runtime/internal/dispatch/turn_cause.h"
#include "tandem/duroxide_runtime/log.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

class ResultReporter {
 public:
  // All references outlive the reporter. `stop`: from then on nobody waits for a store in trouble.
  ResultReporter(tandem::Provider& provider, LogSink& log, Counters& counters, std::stop_token stop)
      : provider_(provider), log_(log), counters_(counters), stop_(std::move(stop)) {}

  // Thread-safe. True when it is stored, false when it was dropped: cancelled, or taken by another.
  // The batch applies the result's operations, too; if one is refused, a failure is stored instead.
  // Errors: of the store; the activity then runs again.
  Result<bool> Report(const ActivityResult& result);

  // The same for an activity that has run, which is counted.
  Status ReportRun(const ActivityResult& result);

  // The result of an activity is no longer wanted.
  void NoteDropped(const std::string& instance, const std::string& activity);

 private:
  tandem::Provider& provider_;
  LogSink& log_;
  Counters& counters_;
  const std::stop_token stop_;
};

}  // namespace duroxide::internal
