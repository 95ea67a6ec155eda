#pragma once

// What the message queue is made of, from the disk upwards. A proposal gets all of it: to take a
// message concerns its rows, its lease, its window and its queue.

#include "tandem/base/clock.h"
#include "tandem/messagequeue/internal/queue_operations.h"
#include "tandem/messagequeue/message_id.h"

namespace tandem::internal {

struct QueueParts {
  QueueParts(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, const Clock* clock,
             StoreIdentity identity)
      : rows(db, family),
        states(rows, IdBefore(identity.incarnation) + 1, clock->Now()),
        leases(states, identity),
        ready(rows, states, clock),
        writer(rows, states, ready),
        operations(rows, states, leases, ready, writer) {}
  QueueParts(const QueueParts&) = delete;
  QueueParts& operator=(const QueueParts&) = delete;

  const MessageRows rows;
  QueueStates states;
  Leases leases;
  ReadyQueues ready;
  QueueWriter writer;
  QueueOperations operations;
};

}  // namespace tandem::internal
