#pragma once

// A batch is a list of operations on events and messages. Nothing is visible before AtomicBatch has
// committed it; when that returns, all of it is.

#include <variant>
#include <vector>

#include "eventstore/event_store.h"
#include "messagequeue/message_queue.h"

namespace tandem {

using Operation = std::variant<AppendEvents, UpdateMetadata, CheckVersion, CheckMetadata, Enqueue,
                               DeleteMessages, AbandonMessages, CancelMessage>;

// What an operation reports; monostate for those that only succeed.
using OperationResult = std::variant<std::monostate, AppendResult, EnqueueResult, CancelResult>;

struct BatchOptions {
  Durability durability = Durability::kSync;
};

struct BatchResult {
  std::vector<OperationResult> operations;  // one entry per operation, in order
};

}  // namespace tandem
