#include "tandem/batch/internal/memory/memory_state.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tandem/base/check.h"
#include "tandem/batch/batch_digest.h"
#include "tandem/batch/batch_limits.h"

namespace tandem::internal {

void MemoryState::OpenAgain(Timestamp now) {
  queues.OpenAgain(now);
  // If the clock was set back, an id is known for the retention time from now on.
  for (auto& [id, batch] : applied) batch.known_since = std::min(batch.applied_at, now);
}

Result<BatchResult> MemoryState::Apply(const Batch& batch, const std::string& id,
                                       std::chrono::milliseconds retention, Timestamp now) {
  TANDEM_REQUIRE(ValidateBatch(batch, {.id = id}).ok(), "the batch was checked");
  while (!applied_order.empty() && !applied.at(applied_order.front()).IsKnown(now, retention)) {
    applied.erase(applied_order.front());
    applied_order.pop_front();
  }
  if (const auto known = applied.find(id);
      known != applied.end() && known->second.IsKnown(now, retention)) {
    if (known->second.digest != BatchDigest(batch)) {
      return Status::IdempotencyMismatch("batch id '" + id + "' was used with other operations");
    }
    BatchResult result = known->second.result;
    result.repeated = true;
    return result;
  }

  MemoryQueues::Judged judged;
  std::vector<OperationFailure> failures;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto check = [&](const auto& operation) {
      if constexpr (requires { events.Check(operation); }) {
        return events.Check(operation);
      } else {
        return queues.Check(operation, judged);
      }
    };
    Status status = std::visit(check, batch.operations()[i]);
    if (!status.ok()) failures.push_back({i, std::move(status)});
  }
  if (!failures.empty()) return Status::OfFailures(std::move(failures));

  BatchResult result;
  for (const Operation& each : batch.operations()) {
    const auto apply = [&](const auto& operation) {
      if constexpr (requires { events.Apply(operation, now); }) {
        return events.Apply(operation, now);
      } else {
        return queues.Apply(operation, now, judged);
      }
    };
    result.operations.push_back(std::visit(apply, each));
  }
  queues.DropEmpty();
  if (!id.empty()) {
    const bool is_new =
        applied.insert_or_assign(id, AppliedBatch{BatchDigest(batch), result, now, now}).second;
    if (!is_new) std::erase(applied_order, id);  // as before a clock was set
    applied_order.push_back(id);
  }
  return result;
}

}  // namespace tandem::internal
