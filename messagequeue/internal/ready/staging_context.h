#pragma once

// What is staged of one proposal, besides its rows.

#include <set>
#include <string>
#include <vector>

#include "tandem/base/rocks/staging.h"
#include "tandem/base/timestamp.h"
#include "tandem/messagequeue/internal/rows/queue_keys.h"

namespace tandem::internal {

// What a staged proposal changes in memory once its rows are visible.
struct QueueEffects {
  struct Change {
    std::string queue;
    ReadyEntry entry;
    bool added = false;  // else removed
  };
  // Of the windows, in order: a later operation may remove what an earlier one has added.
  std::vector<Change> changes;
  // Queues whose record is to be staged (QueueStates::StageRecords).
  std::set<std::string, std::less<>> touched;
  // Queues whose state the proposal uses, until it is published.
  std::set<std::string, std::less<>> used;
};

// Where a proposal puts what it does. `now` is the clock's; places are by the queue's own time.
struct StagingContext {
  Staging& staging;
  QueueEffects& effects;
  Timestamp now;
};

}  // namespace tandem::internal
