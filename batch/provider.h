#pragma once

// A Provider is an event store and a message queue whose changes commit together.

#include <string>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/result.h"
#include "tandem/batch/batch.h"
#include "tandem/eventstore/event_store.h"
#include "tandem/messagequeue/message_queue.h"

namespace tandem {

class ProviderAdmin;

// Thread-safe. In a child made by fork() a provider is dead: every call is Unavailable at once, an
// asynchronous one calls back within the call, and destroying it does nothing. A blocking call that
// finds no memory is Unavailable where it had not begun to change anything, or the store stops; an
// asynchronous one may throw std::bad_alloc, and then never calls back.
//
// A backend implements AtomicBatch, Flush, Read, LatestPartition, ReadMetadata,
// Dequeue and Renew, and where it can ReadAll, the asynchronous forms and admin(); the rest is
// built on those here.
class Provider : public EventStore, public MessageQueue {
 public:
  // Applies all operations or none, also for readers: nobody ever sees part of a batch, across
  // events and messages. Batches are strictly serializable.
  //
  // Preconditions (expected versions, Check*, lock tokens, deletions) are judged against the state
  // just before the batch. If any fails, nothing is applied and Status::failures() lists every one
  // that failed, with its index and reason. Keys and cancellations are effects: they apply in list
  // order, see earlier operations of the same batch, and never fail. What a batch deletes it must
  // not also change: InvalidArgument.
  //
  // A kSync batch becomes visible when its flush is done, a kBuffered one at once; every answer,
  // also a Conflict or LeaseLost to a kSync batch, is given only when what it was judged against is
  // flushed. A crash always leaves a prefix of the serial order.
  //
  // Errors besides those of the operations: Indeterminate, or NoSpace on a full disk, if the write
  // or its flush failed (either way the batch may or may not survive, and the store refuses writes
  // until it is opened again); Unavailable if one had failed before.
  virtual Result<BatchResult> AtomicBatch(Batch batch, const BatchOptions& options) = 0;
  Result<BatchResult> AtomicBatch(Batch batch) {
    return AtomicBatch(std::move(batch), BatchOptions());
  }

  // The same without a thread that waits. Batches of one thread keep their order, asynchronous and
  // blocking. See BatchCallback for what a callback may do. Optional: Unsupported, reported within
  // the call.
  virtual void AtomicBatchAsync(Batch batch, const BatchOptions& options, BatchCallback callback);

  // The barrier: when it returns, everything acknowledged before is flushed to the device.
  virtual Status Flush() = 0;

  // The clock that decides when a message is visible and when a lease has run out.
  virtual Clock& clock() = 0;

  // What operators do (batch/provider_admin.h); null if the provider has none of it.
  virtual ProviderAdmin* admin() { return nullptr; }

  using EventStore::Append;
  using MessageQueue::Abandon;
  using MessageQueue::Ack;
  using MessageQueue::Dequeue;
  using MessageQueue::Enqueue;
  Result<AppendResult> Append(const StreamId& stream, Payloads events,
                              const AppendOptions& options) final;
  Result<EnqueueResult> Enqueue(std::string queue, std::string payload,
                                const EnqueueOptions& options) final;
  Status Ack(const LockToken& token, const AckOptions& options) final;
  Status Abandon(const LockToken& token, const AbandonOptions& options) final;
};

}  // namespace tandem
