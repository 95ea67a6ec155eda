#pragma once

// What makes an instance's next turn happen: messages of the queue of turns, or the result of
// an activity that has run in this runtime. Each is leased, and the turn's batch acknowledges it.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tandem/batch/batch.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"

namespace duroxide::internal {

// What one Dequeue returned of an instance's group.
struct QueuedItems {
  std::vector<WorkItem> items;  // not empty
  tandem::LockToken token;
  LeaseKeeper::Held lease;  // kept until the turn is answered
  std::uint64_t first = 0;  // id of the message of the first item
  std::uint32_t delivery_count = 1;
};

struct ActivityResult {
  std::string instance;
  std::string activity;  // its name
  WorkItem item;         // ActivityCompletedItem or ActivityFailedItem
  tandem::LockToken token;
  LeaseKeeper::Held lease;  // kept until the batch with the result is answered
  std::optional<tandem::UpdateMetadata> progress;  // what erases its record, if there may be one
  tandem::Batch operations;                        // those that it gave with its value
};

using TurnCause = std::variant<QueuedItems, ActivityResult>;
using Causes = std::vector<TurnCause>;

inline const tandem::LockToken& TokenOf(const TurnCause& cause) {
  return std::visit([](const auto& kind) -> const tandem::LockToken& { return kind.token; }, cause);
}

}  // namespace duroxide::internal
