#pragma once

// A batch is a list of operations on events and messages. Nothing is visible before AtomicBatch has
// committed it; when that returns, all of it is.

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "tandem/base/result.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

// A new one comes at the end: the index is part of stored digests (batch_digest.h).
using Operation = std::variant<AppendEvents, UpdateMetadata, DeletePartition, DeleteEntity,
                               CheckVersion, CheckMetadata, Enqueue, DeleteMessages,
                               AbandonMessages, CancelMessage, DeleteGroup>;

// What an operation reports; monostate for those that only succeed.
using OperationResult = std::variant<std::monostate, AppendResult, DeleteEventsResult,
                                     EnqueueResult, CancelResult, DeleteGroupResult>;

struct BatchOptions {
  Durability durability = Durability::kSync;

  // Makes the batch repeatable after an unknown outcome; empty = none. Repeating a batch that was
  // applied under the same id applies nothing and returns the first result; the same id with other
  // operations is IdempotencyMismatch. Known for a time (24 h unless the provider is told
  // otherwise) after it was applied. A batch that was refused leaves no id.
  std::string id = {};
};

struct BatchResult {
  std::vector<OperationResult> operations = {};  // one entry per operation, in order
  bool repeated = false;  // the id was known: this is the first result, and nothing was applied now
};

// Called exactly once, on a thread of the provider, never within the call that it was passed to.
// The rules of all callbacks of a provider:
//   * It may make asynchronous calls, but must not block: a provider has few threads, and one calls
//     back all batches that were written together, one after the other. Those behind it wait.
//   * It must not throw: an exception out of it ends the process.
//   * It must not destroy the provider, whose destructor waits for it: that fails a check.
using BatchCallback = std::function<void(Result<BatchResult>)>;

}  // namespace tandem
