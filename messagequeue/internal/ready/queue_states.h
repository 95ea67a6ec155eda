#pragma once

// The state of every queue in use (queue_memory.h): made when it is needed, counted, given a time,
// let go. Behind one lock, which also guards the leases and the windows.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tandem/base/check.h"
#include "tandem/base/guarded.h"
#include "tandem/base/result.h"
#include "tandem/messagequeue/internal/ready/queue_memory.h"
#include "tandem/messagequeue/internal/ready/staging_context.h"
#include "tandem/messagequeue/internal/rows/message_rows.h"
#include "tandem/messagequeue/queue_time.h"

namespace tandem::internal {

// Thread-safe, but for what says that the commit latch is held.
class QueueStates {
 public:
  // `first_id`: of the messages of this opening, which is at `opened`.
  QueueStates(const MessageRows& rows, MessageId first_id, Timestamp opened)
      : rows_(rows), opened_(opened), next_id_(first_id) {}

  Guarded<QueueMemory>::Locked Lock() { return memory_.Lock(); }
  Guarded<QueueMemory>::ConstLocked Lock() const { return memory_.Lock(); }

  // The queue's state, made if it is not in use. REQUIRES: `memory` is this one's.
  Result<QueueState*> Of(QueueMemory& memory, std::string_view queue) const;

  // Keeps the queue's state until the proposal is published. Ok if its record can be read, and need
  // not be read again: to be known before anything of it is staged.
  Status Use(std::string_view queue, QueueEffects& effects);
  static void Use(std::string_view queue, QueueState& state, QueueEffects& effects);
  // Lets go what the proposal has used. REQUIRES: its other effects have been seen to.
  static void EndUse(QueueMemory& memory, const QueueEffects& effects);
  // The same for a call of Dequeue, from beginning to end.
  Status BeginCall(std::span<const std::string> queues);
  void EndCall(std::span<const std::string> queues);

  Result<QueueTime> TimeOf(std::string_view queue);
  // The same of a queue whose record was read already, by a caller that only looks.
  QueueTime TimeOf(std::string_view queue, const StoredQueue& stored) const;

  // All that follow: REQUIRES: the commit latch is held.

  MessageId TakeId() {
    TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
    return next_id_++;
  }
  MessageId next_id() const { return next_id_; }

  // Has the queue's record staged, with the time of `now`.
  static void Touch(std::string_view queue, QueueState& state, Timestamp now,
                    QueueEffects& effects);
  Status Touch(std::string_view queue, const StagingContext& context);
  Status CountAdded(std::string_view queue, const StagingContext& context);
  // Also raises the floor from time to time. REQUIRES: what is left is in the window, leased or
  // offered.
  Status CountRemoved(std::string_view queue, std::uint64_t messages,
                      const StagingContext& context);
  // The messages are counted anew when the record is staged.
  Status Miscounted(std::string_view queue, const StagingContext& context);

  // Stages the records of the queues that were touched: once in a proposal, when all else of it is
  // staged, so that a batch of many messages writes each record once.
  void StageRecords(const QueueEffects& effects, Staging& staging);

 private:
  // What the queue's record says, or should say if it is damaged or lost.
  Result<StoredQueue> Load(QueueMemory& memory, std::string_view queue) const;
  void RaiseFloor(std::string_view queue, QueueState& state, const LeaseTable& leases,
                  Timestamp now) const;

  const MessageRows& rows_;
  const Timestamp opened_;
  MessageId next_id_;  // staged; under the commit latch
  Guarded<QueueMemory> memory_;
};

}  // namespace tandem::internal
