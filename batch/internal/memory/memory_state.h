#pragma once

// All that the in-memory provider holds, as a plain value: its copy is what a crash right after a
// flush would leave. Calls come one after the other, and that is the serial order.

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tandem/batch/batch.h"
#include "tandem/batch/internal/memory/memory_events.h"
#include "tandem/batch/internal/memory/memory_queues.h"

namespace tandem::internal {

struct AppliedBatch {
  std::string digest;
  BatchResult result;
  Timestamp applied_at;
  Timestamp known_since;  // the same, but no later than this opening of what was applied before it

  bool IsKnown(Timestamp now, std::chrono::milliseconds retention) const {
    return now < SaturatingAdd(known_since, retention);
  }
};

struct MemoryState {
  // Judges all operations by the state as it is, then applies all of them or none. REQUIRES:
  // ValidateBatch has passed.
  Result<BatchResult> Apply(const Batch& batch, const std::string& id,
                            std::chrono::milliseconds retention, Timestamp now);

  // Ends what ends with an opening, by the clock that there is now.
  void OpenAgain(Timestamp now);

  MemoryEvents events;
  MemoryQueues queues;
  std::map<std::string, AppliedBatch> applied;  // the batches that had an id, by it
  std::deque<std::string> applied_order;        // their ids, the oldest first
};

}  // namespace tandem::internal
