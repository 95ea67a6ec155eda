// Purge: all messages of a queue are removed, and all that leads to none.

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/messagequeue/internal/portion_proposal.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

constexpr std::size_t kSweepPortionEntries = 256;

class PurgeProposal final : public PortionProposal {
 public:
  using PortionProposal::PortionProposal;
  std::uint64_t removed() const { return removed_; }
  // Messages that are enqueued during the purge stay: else a busy queue had no end.
  MessageId end() const { return end_; }

 private:
  void Begin() override {
    if (end_ == 0) end_ = parts_.states.next_id();
  }
  Status Visit(const Walked& walked, const StagingContext& context) override {
    const auto& [place, group] = walked.entry;
    if (place.id >= end_ && place.id < parts_.states.next_id()) return Status::Ok();
    parts_.leases.EndOf(LeaseItem{queue_, group, group.empty() ? place.id : 0});
    ++removed_;
    return Take(RefOf(RecordKey(queue_, group, place), walked.value, queue_, place), context);
  }
  void VisitStray(const std::string& key, Staging& staging) override {
    staging.Delete(parts_.rows.family(), key);
  }

  MessageId end_ = 0;
  std::uint64_t removed_ = 0;
};

// What the purge leaves behind of what was damaged: entries that lead to no message. In portions,
// too.
class SweepProposal final : public Proposal {
 public:
  // `end`: messages from this id on were enqueued after the purge had begun.
  SweepProposal(QueueParts& parts, std::string queue, MessageId end)
      : Proposal(Durability::kSync),
        parts_(parts),
        queue_(std::move(queue)),
        end_(end),
        kinds_{{{GroupKey(queue_, {}), &SweepProposal::IsGroup},
                {ReadyPrefix(queue_), &SweepProposal::IsEntry},  // after the groups that it names
                {HeldKey(queue_, {}), &SweepProposal::IsHeld},
                {DelayedPrefix(queue_), &SweepProposal::IsDelayed},
                {DeliveredPrefix(queue_), &SweepProposal::IsDelivered}}} {}

  // To be committed again: there may be more.
  bool goes_on() const { return kind_ < kinds_.size() && failure_.ok(); }
  const Status& failure() const { return failure_; }

  Status Stage(Staging& staging, Timestamp now) override {
    const StagingContext context{staging, effects_, now};
    effects_ = QueueEffects();
    failure_ = parts_.states.Use(queue_, effects_);
    for (std::size_t i = 0; i < kSweepPortionEntries && goes_on(); ++i) failure_ = Look(context);
    if (failure_.ok() && !goes_on()) failure_ = CountWhatIsLeft(context);
    parts_.states.StageRecords(effects_, staging);
    return Status::Ok();
  }

  void Publish() override { parts_.ready.Publish(effects_); }

 private:
  struct Kind {
    std::string prefix;
    // Whether an entry leads to a message.
    Result<bool> (SweepProposal::*leads)(const View::Entry&, const View&) const;
  };

  // At the next entry.
  Status Look(const StagingContext& context) {
    Staging& staging = context.staging;
    const Kind& kind = kinds_[kind_];
    if (from_.empty()) from_ = kind.prefix;
    TANDEM_ASSIGN_OR_RETURN(const auto entry,
                            staging.First(parts_.rows.family(), from_, PrefixEnd(kind.prefix)));
    if (!entry.has_value()) {
      ++kind_;
      from_.clear();
      return Status::Ok();
    }
    from_ = entry->first + '\0';
    TANDEM_ASSIGN_OR_RETURN(const bool leads, std::invoke(kind.leads, *this, *entry, staging));
    if (leads) return Status::Ok();
    swept_ = true;
    const std::optional<ReadyEntry> ready = ParseReadyKey(entry->first, queue_);
    if (ready.has_value()) {
      parts_.leases.EndOf(
          LeaseItem{queue_, ready->group, ready->group.empty() ? ready->place.id : 0});
      parts_.writer.RemoveReady(queue_, *ready, context);
    } else {
      staging.Delete(parts_.rows.family(), entry->first);
    }
    return Status::Ok();
  }

  Status CountWhatIsLeft(const StagingContext& context) {
    TANDEM_ASSIGN_OR_RETURN(const auto record,
                            context.staging.Get(parts_.rows.family(), QueueKey(queue_)));
    if (!swept_ && !record.has_value()) return Status::Ok();
    return parts_.states.Miscounted(queue_, context);
  }

  Result<bool> IsThere(const std::string& key, const View& view) const {
    TANDEM_ASSIGN_OR_RETURN(const auto value, view.Get(parts_.rows.family(), key));
    return value.has_value();
  }

  Result<bool> IsEntry(const View::Entry& entry, const View& view) const {
    const std::optional<ReadyEntry> ready = ParseReadyKey(entry.first, queue_);
    if (!ready.has_value()) return false;
    // The purge has removed the others, but for what stands before the floor.
    if (ready->group.empty()) return IsNewer(ready->place.id);
    TANDEM_ASSIGN_OR_RETURN(const auto state, parts_.rows.groups().Get(view, queue_, ready->group));
    return state.has_value() && state->ready() == ready->place;
  }

  Result<bool> IsGroup(const View::Entry& entry, const View& view) const {
    const std::string_view group =
        std::string_view(entry.first).substr(kinds_[kind_].prefix.size());
    const std::string members = MemberPrefix(queue_, group);
    TANDEM_ASSIGN_OR_RETURN(const auto first,
                            view.First(parts_.rows.family(), members, PrefixEnd(members)));
    return first.has_value();
  }

  Result<bool> IsHeld(const View::Entry& entry, const View& view) const {
    const Result<KeyHolder> holder = DecodeKeyHolder(entry.first, entry.second);
    if (!holder.ok()) return false;
    return IsThere(RecordKey(queue_, holder->group, holder->place), view);
  }

  Result<bool> IsDelayed(const View::Entry& entry, const View& view) const {
    const std::optional<ReadyEntry> delayed = ParseDelayedKey(entry.first, queue_);
    if (!delayed.has_value()) return false;
    return IsThere(MemberKey(queue_, delayed->group, delayed->place), view);
  }

  Result<bool> IsDelivered(const View::Entry& entry, const View& /*view*/) const {
    const std::optional<MessageId> id = ParseDeliveredKey(entry.first, queue_);
    return id.has_value() && IsNewer(*id);
  }

  // Enqueued after the purge had begun.
  bool IsNewer(MessageId id) const { return id >= end_ && id < parts_.states.next_id(); }

  QueueParts& parts_;
  const std::string queue_;
  const MessageId end_;
  const std::array<Kind, 5> kinds_;

  std::size_t kind_ = 0;  // that is looked through
  std::string from_;      // empty: from its first
  bool swept_ = false;
  QueueEffects effects_;
  Status failure_;
};

}  // namespace

Result<std::uint64_t> RocksMessageQueue::Purge(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  PurgeProposal proposal(parts_, std::string(queue));
  while (proposal.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  TANDEM_RETURN_IF_ERROR(proposal.failure());
  SweepProposal sweep(parts_, std::string(queue), proposal.end());
  while (sweep.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(sweep));
  TANDEM_RETURN_IF_ERROR(sweep.failure());
  return proposal.removed();
}

}  // namespace tandem::internal
