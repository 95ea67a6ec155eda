#pragma once

// Purge and Redrive walk through a whole queue in portions, each a proposal of its own, so that no
// batch waits long for them.

#include <optional>
#include <string>
#include <vector>

#include "tandem/base/rocks/commit_door.h"
#include "tandem/messagequeue/internal/queue_parts.h"

namespace tandem::internal {

// One portion of a walk through a queue, as its View shows it: first the messages without a group,
// in the ready index, then the members of the groups. Only forward, so it comes to an end.
class PortionProposal : public Proposal {
 public:
  PortionProposal(QueueParts& parts, std::string queue)
      : Proposal(Durability::kSync), parts_(parts), queue_(std::move(queue)) {}

  // To be committed again: there may be more.
  bool goes_on() const { return !ended_ && failure_.ok(); }
  // Of a read. Everything that was staged before it is whole.
  const Status& failure() const { return failure_; }

  Status Stage(Staging& staging, Timestamp now) final;
  void Publish() final { parts_.ready.Publish(effects_); }

 protected:
  struct Walked {
    ReadyEntry entry;   // with a group: a member of it
    std::string value;  // as the view shows it
  };

  // Of each portion.
  virtual void Begin() {}
  // A failure that is returned may leave it half staged: what can't be read is to be kept by Fail.
  virtual Status Visit(const Walked& walked, const StagingContext& context) = 0;
  // A key that makes no sense.
  virtual void VisitStray(const std::string& key, Staging& staging) = 0;

  Status Fail(Status failure) {
    failure_ = std::move(failure);
    return Status::Ok();
  }

  // Removes it from the queue: one without a group now, a member together with its neighbours.
  Status Take(MessageRef message, const StagingContext& context);

  QueueParts& parts_;
  const std::string queue_;
  QueueEffects effects_;
  std::size_t bytes_ = 0;  // of payloads that the portion has moved

 private:
  // The next message; nullopt where there is none, but maybe further on.
  Result<std::optional<Walked>> Next(Staging& staging);
  Status LeaveGroup(const StagingContext& context);

  bool in_groups_ = false;
  std::string from_;  // empty: from the first
  bool ended_ = false;
  Status failure_;
  std::string group_;              // that the walk is in
  std::vector<MessageRef> taken_;  // of it
};

}  // namespace tandem::internal
