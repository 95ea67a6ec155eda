#pragma once

// Puts messages into queues and takes them out, with everything that belongs to a message: its
// record, its key, its entry in the ready index or among its group's members, the group's own
// entry, the queue's count. A failure leaves it half staged: what can fail for what is stored is to
// be read before (the checks of a batch).

#include <optional>
#include <string_view>
#include <vector>

#include "tandem/base/status.h"
#include "tandem/messagequeue/internal/ready/ready_queues.h"

namespace tandem::internal {

// REQUIRES (all of it): the commit latch is held.
class QueueWriter {
 public:
  QueueWriter(const MessageRows& rows, QueueStates& states, ReadyQueues& ready)
      : rows_(rows), states_(states), ready_(ready) {}

  // Puts a message that is in no queue into this one, at `at`. Whether it is delayed is found out
  // here.
  Status Insert(std::string_view queue, const ReadyEntry& at, Envelope envelope,
                std::string_view payload, const StagingContext& context);

  // Removes messages: one without a group, or members of one.
  Status Remove(std::string_view queue, std::string_view group,
                const std::vector<MessageRef>& messages, const StagingContext& context);

  // Puts a message without a group at another place. `message`: as it is stored.
  Status Move(std::string_view queue, const MessageRef& from, const StoredMessage& message,
              Timestamp visible_at, const StagingContext& context);

  // Hides a group as a whole until `not_before`, by the queue's time.
  Status Delay(std::string_view queue, std::string_view group, Timestamp not_before,
               const StagingContext& context);

  // Makes a group's record and its entry in the ready index anew, of its members: `entry` is there,
  // and the record, if there is one, knows nothing of it.
  Status RestoreGroup(std::string_view queue, const ReadyEntry& entry,
                      const std::optional<GroupState>& record, const StagingContext& context);

  // An entry of the ready index, and nothing else of its message.
  void RemoveReady(std::string_view queue, const ReadyEntry& entry,
                   const StagingContext& context) const;

 private:
  Status AddReady(std::string_view queue, const ReadyEntry& entry, std::string_view record,
                  std::string_view visible, const StagingContext& context);
  Status MoveGroup(std::string_view queue, std::string_view group, const ReadyChange& change,
                   const StagingContext& context);

  const MessageRows& rows_;
  QueueStates& states_;
  ReadyQueues& ready_;
};

}  // namespace tandem::internal
