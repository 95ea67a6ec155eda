// Purge and Redrive: a queue's messages removed, or moved back from its dead letters, in portions
// of one proposal each.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/key_encoding.h"
#include "messagequeue/internal/queue_limits.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

namespace {

// What one portion looks at, and moves, at most.
constexpr std::size_t kMovePortionEntries = 256;
constexpr std::size_t kMovePortionBytes = std::size_t{8} << 20;

// Where a walk over all messages of a queue goes on: first those without a group, in the ready
// index, then the members of the groups. Only forward, so it comes to an end.
struct WalkState {
  bool in_groups = false;
  std::string from;  // empty: from the first
};

struct Walked {
  ReadyEntry entry;   // with a group: a member of it
  std::string value;  // as the view shows it
};

}  // namespace

// One portion of a walk through a queue, as its View shows it.
class RocksMessageQueue::PortionProposal : public Proposal {
 public:
  PortionProposal(RocksMessageQueue& owner, const std::string& queue)
      : Proposal(Durability::kSync), owner_(owner), queue_(queue) {}

  // To be committed again: there may be more.
  bool goes_on() const { return !ended_ && failure_.ok(); }
  // Of a read. What was staged before it is whole.
  const Status& failure() const { return failure_; }

  Status Stage(Staging& staging, Timestamp now) final {
    effects_ = QueueEffects();
    bytes_ = 0;
    failure_ = owner_.Use(queue_, effects_);
    Begin();
    for (std::size_t i = 0; i < kMovePortionEntries && bytes_ < kMovePortionBytes && goes_on();
         ++i) {
      const Result<std::optional<Walked>> next = Next(staging);
      failure_ = next.status();
      if (!failure_.ok() || !next->has_value()) continue;
      const Walked& walked = **next;
      if (walked.entry.group != group_) {
        TANDEM_RETURN_IF_ERROR(LeaveGroup(now, staging));
        group_ = walked.entry.group;
        failure_ = owner_.groups_.Get(staging, queue_, group_).status();
      }
      if (failure_.ok()) TANDEM_RETURN_IF_ERROR(Visit(walked, now, staging));
    }
    TANDEM_RETURN_IF_ERROR(LeaveGroup(now, staging));
    owner_.StageRecords(effects_, staging);
    return Status::Ok();
  }

  void Publish() final { owner_.Publish(effects_); }

 protected:
  // Of each portion.
  virtual void Begin() {}
  // A failure that is returned may leave it half staged: what can't be read is to be kept by Fail.
  virtual Status Visit(const Walked& walked, Timestamp now, Staging& staging) = 0;
  // A key that makes no sense.
  virtual void VisitStray(const std::string& key, Staging& staging) = 0;

  Status Fail(Status failure) {
    failure_ = std::move(failure);
    return Status::Ok();
  }

  // Removes it from the queue: one without a group now, a member together with its neighbours.
  Status Take(MessageRef message, Timestamp now, Staging& staging) {
    taken_.push_back(std::move(message));
    return group_.empty() ? LeaveGroup(now, staging) : Status::Ok();
  }

  RocksMessageQueue& owner_;
  const std::string queue_;
  QueueEffects effects_;
  std::size_t bytes_ = 0;  // of payloads that the portion has moved

 private:
  // The next message; nullopt where there is none, but maybe further on.
  Result<std::optional<Walked>> Next(Staging& staging) {
    const std::string prefix = walk_.in_groups ? MembersPrefix(queue_) : ReadyPrefix(queue_);
    if (walk_.from.empty()) {
      const auto memory = owner_.memory_.Lock();
      TANDEM_ASSIGN_OR_RETURN(const QueueState* const state, owner_.StateOf(*memory, queue_));
      walk_.from = walk_.in_groups ? prefix : ReadyKeyFloor(queue_, state->floor);
    }
    TANDEM_ASSIGN_OR_RETURN(auto found,
                            staging.First(owner_.family_, walk_.from, PrefixEnd(prefix)));
    if (!found.has_value()) {
      ended_ = walk_.in_groups;
      walk_ = WalkState{true, {}};
      return std::optional<Walked>();
    }
    walk_.from = found->first + '\0';
    auto entry =
        walk_.in_groups ? ParseMember(found->first, queue_) : ParseReadyKey(found->first, queue_);
    if (!entry.has_value()) VisitStray(found->first, staging);
    if (!entry.has_value()) return std::optional<Walked>();
    if (!walk_.in_groups && !entry->group.empty()) return std::optional<Walked>();
    return std::optional<Walked>(Walked{*std::move(entry), std::move(found->second)});
  }

  Status LeaveGroup(Timestamp now, Staging& staging) {
    const std::vector<MessageRef> taken = std::exchange(taken_, {});
    return owner_.Remove(queue_, group_, taken, now, staging, effects_);
  }

  WalkState walk_;
  bool ended_ = false;
  Status failure_;
  std::string group_;              // that the walk is in
  std::vector<MessageRef> taken_;  // of it
};

class RocksMessageQueue::PurgeProposal final : public PortionProposal {
 public:
  using PortionProposal::PortionProposal;
  std::uint64_t removed() const { return removed_; }
  // What is enqueued meanwhile is left alone: else a busy queue had no end.
  MessageId end() const { return end_; }

 private:
  void Begin() override {
    if (end_ == 0) end_ = owner_.next_id_;
  }
  Status Visit(const Walked& walked, Timestamp now, Staging& staging) override {
    const auto& [place, group] = walked.entry;
    if (place.id >= end_ && place.id < owner_.next_id_) return Status::Ok();
    owner_.EndLeaseOf(LeaseItem{queue_, group, group.empty() ? place.id : 0});
    ++removed_;
    return Take(RefOf(RecordKey(queue_, group, place), walked.value, queue_, place), now, staging);
  }
  void VisitStray(const std::string& key, Staging& staging) override {
    staging.Delete(owner_.family_, key);
  }

  MessageId end_ = 0;
  std::uint64_t removed_ = 0;
};

class RocksMessageQueue::RedriveProposal final : public PortionProposal {
 public:
  RedriveProposal(RocksMessageQueue& owner, const std::string& target)
      : PortionProposal(owner, DeadLetterQueue(target)), target_(target) {}
  RedriveResult result() const { return result_; }

 private:
  Status Visit(const Walked& walked, Timestamp now, Staging& staging) override {
    const auto& [place, group] = walked.entry;
    // One moment for all portions, so that they keep one order; what dies again meanwhile stays.
    if (!start_.has_value()) start_ = now;
    const Result<bool> is_later = IsLater(place, now);
    if (!is_later.ok()) return Fail(is_later.status());
    if (*is_later) return Status::Ok();
    Result<std::optional<StoredMessage>> read = Read(walked.entry, staging);
    if (!read.ok()) return Keep(read.status());
    if (!read->has_value()) return Status::Ok();
    StoredMessage& message = **read;
    const Result<bool> moves = MayMove(message, walked.entry, now, staging);
    if (!moves.ok() || !*moves) return Keep(moves.status());
    ++result_.moved;
    bytes_ += message.payload.size();
    MessageRef source = message.RefAt(place);
    message.dead_letter.reset();
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, owner_.TimeOf(target_));
    const Place target{time.Of(*start_), place.id};
    TANDEM_RETURN_IF_ERROR(
        owner_.Insert(target_, group, target, message, message.payload, now, staging, effects_));
    return Take(std::move(source), now, staging);
  }

  void VisitStray(const std::string& /*key*/, Staging& /*staging*/) override {}

  // What is damaged stays where it is.
  Status Keep(Status reason) {
    if (!reason.ok() && reason.code() != StatusCode::kCorruption) return Fail(std::move(reason));
    ++result_.kept;
    return Status::Ok();
  }

  // nullopt for what is still in flight: it has no payload in the view, and is left alone.
  Result<std::optional<StoredMessage>> Read(const ReadyEntry& entry, const Staging& staging) {
    const auto& [place, group] = entry;
    TANDEM_RETURN_IF_ERROR(owner_.Use(target_, effects_));
    if (!group.empty()) {
      TANDEM_RETURN_IF_ERROR(owner_.groups_.Get(staging, target_, group).status());
    }
    const std::string key = RecordKey(queue_, group, place);
    TANDEM_ASSIGN_OR_RETURN(const auto record, owner_.GetWritten(queue_, key));
    if (!record.has_value()) return std::optional<StoredMessage>();
    TANDEM_ASSIGN_OR_RETURN(StoredMessage message, DecodeMessage(key, *record, queue_, place.id));
    return std::optional<StoredMessage>(std::move(message));
  }

  // Died after the start, in a later portion.
  Result<bool> IsLater(const Place& place, Timestamp now) const {
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, owner_.TimeOf(queue_));
    return place.visible_at > time.Of(*start_) && place.visible_at <= time.Of(now);
  }

  // False if it is leased or another message holds its key. A lease that has run out ends.
  Result<bool> MayMove(const StoredMessage& message, const ReadyEntry& entry, Timestamp now,
                       const Staging& staging) {
    const auto& [place, group] = entry;
    if (!message.key.empty()) {
      TANDEM_ASSIGN_OR_RETURN(const auto holder, owner_.HolderOf(staging, target_, message.key));
      if (holder.has_value()) return false;
    }
    const LeaseItem item{queue_, group, group.empty() ? place.id : 0};
    const auto lease = owner_.memory_.Lock()->leases.FindItem(item);
    const auto is_this = [&entry](const MessageRef& leased) { return leased.place == entry.place; };
    if (lease == nullptr || std::ranges::none_of(lease->messages, is_this)) return true;
    if (lease->deadline > now) return false;
    owner_.EndLease(*lease);
    return true;
  }

  const std::string target_;
  std::optional<Timestamp> start_;
  RedriveResult result_;
};

Result<std::uint64_t> RocksMessageQueue::Purge(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  PurgeProposal proposal(*this, std::string(queue));
  while (proposal.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  TANDEM_RETURN_IF_ERROR(proposal.failure());
  TANDEM_RETURN_IF_ERROR(Sweep(queue, proposal.end()));
  return proposal.removed();
}

Result<RedriveResult> RocksMessageQueue::Redrive(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  TANDEM_RETURN_IF_ERROR(ValidateQueue(DeadLetterQueue(queue)));
  RedriveProposal proposal(*this, std::string(queue));
  while (proposal.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  TANDEM_RETURN_IF_ERROR(proposal.failure());
  return proposal.result();
}

}  // namespace tandem::internal
