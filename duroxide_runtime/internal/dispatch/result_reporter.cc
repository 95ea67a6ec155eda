#include "tandem/duroxide_runtime/internal/dispatch/result_reporter.h"

#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/internal/dispatch/pull_loop.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

Result<bool> ResultReporter::Report(const ActivityResult& result) {
  const tandem::Enqueue told = ToInstance(result.instance, result.item);
  bool erase = result.progress.has_value();
  for (;;) {
    tandem::Batch batch;
    batch.Add(tandem::DeleteMessages{result.token});
    batch.Add(told);
    if (erase) batch.Add(*result.progress);
    const Status status = provider_.AtomicBatch(std::move(batch)).status();
    if (status.ok()) return true;
    if (status.code() == StatusCode::kLeaseLost) break;
    if (status.code() == StatusCode::kConflict && erase) {
      erase = false;  // the execution was deleted, and the record with it
      continue;
    }
    // The work is done: as long as the lease holds, reporting it is tried again.
    if (status.code() != StatusCode::kUnavailable) return status;
    if (result.lease.lost()) break;
    if (!SleepFor(provider_.clock(), tuning::kReportRetryDelay, stop_)) return status;
  }
  NoteDropped(result.instance, result.activity);
  return false;
}

Status ResultReporter::ReportRun(const ActivityResult& result) {
  TANDEM_ASSIGN_OR_RETURN(const bool stored, Report(result));
  if (stored) counters_.activities_run += 1;
  return Status::Ok();
}

void ResultReporter::NoteDropped(const std::string& instance, const std::string& activity) {
  counters_.activities_dropped += 1;
  log_.Log(LogLevel::kInfo, instance,
           "dropped the result of activity '" + activity + "': cancelled, or taken by another");
}

}  // namespace duroxide::internal
