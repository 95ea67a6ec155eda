#pragma once

// The operations of which batches consist (batch.h), and what each of them reports.

#include <variant>

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

namespace internal {

template <typename One>
struct Reports {
  using Outcome = std::monostate;
};
template <>
struct Reports<AppendEvents> {
  using Outcome = AppendResult;
};
template <>
struct Reports<DeletePartition> {
  using Outcome = DeleteEventsResult;
};
template <>
struct Reports<DeleteEntity> {
  using Outcome = DeleteEventsResult;
};
template <>
struct Reports<Enqueue> {
  using Outcome = EnqueueResult;
};
template <>
struct Reports<CancelMessage> {
  using Outcome = CancelResult;
};
template <>
struct Reports<DeleteGroup> {
  using Outcome = DeleteGroupResult;
};

}  // namespace internal

// The alternative of OperationResult that an operation of this type reports.
template <typename One>
using OutcomeOf = typename internal::Reports<One>::Outcome;

}  // namespace tandem
