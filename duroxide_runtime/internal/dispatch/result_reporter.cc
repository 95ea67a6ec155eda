#include "tandem/duroxide_runtime/internal/dispatch/result_reporter.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "tandem/duroxide_runtime/internal/dispatch/pull_loop.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

namespace {

using tandem::OperationFailure;

bool Failed(const Status& status, std::size_t operation) {
  return std::any_of(status.failures().begin(), status.failures().end(),
                     [&](const OperationFailure& one) { return one.operation == operation; });
}

// Whether a batch was refused for the operations of an activity, which come behind `own` of the
// runtime. A batch as a whole is only refused for them: without them it is small.
bool IsRefusal(const Status& status, std::size_t own) {
  if (status.failures().empty()) return IsDeterministic(status.code());
  return status.failures().back().operation >= own;
}

// What the activity fails with: "operation 1 of activity 'charge' was refused: ...".
Status Refusal(const std::string& activity, const Status& status, std::size_t own) {
  for (const auto& [operation, reason] : status.failures()) {
    if (operation < own) continue;
    return {reason.code(), "operation " + std::to_string(operation - own) + " of activity '" +
                               activity + "' was refused: " + reason.message()};
  }
  return {status.code(),
          "the operations of activity '" + activity + "' were refused: " + status.message()};
}

}  // namespace

Result<bool> ResultReporter::Report(const ActivityResult& result) {
  WorkItem item = result.item;
  bool erase = result.progress.has_value();
  bool apply = !result.operations.empty();
  for (;;) {
    tandem::Batch batch;
    const auto ack = batch.Ack(result.token);
    batch.Add(ToInstance(result.instance, item));
    if (erase) batch.Add(*result.progress);
    const std::size_t own = batch.size();
    if (apply) batch.Add(result.operations);
    const Status status = provider_.AtomicBatch(std::move(batch)).status();
    if (status.ok()) return true;
    if (Failed(status, ack.index)) break;
    if (apply && IsRefusal(status, own)) {
      const auto& id = std::get<ActivityCompletedItem>(item).id;
      item = ActivityFailedItem{id, Failure::Of(Refusal(result.activity, status, own))};
      apply = false;
      continue;
    }
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
