// What Purge leaves behind of what was damaged: entries that lead to no message. In portions of one
// proposal each, as the purge itself.

#include <array>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/key_encoding.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

namespace {

constexpr std::size_t kSweepPortionEntries = 256;

}  // namespace

class RocksMessageQueue::SweepProposal final : public Proposal {
 public:
  // `end`: messages from this id on were enqueued after the purge had begun.
  SweepProposal(RocksMessageQueue& owner, std::string queue, MessageId end)
      : Proposal(Durability::kSync),
        owner_(owner),
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
    effects_ = QueueEffects();
    failure_ = owner_.Use(queue_, effects_);
    for (std::size_t i = 0; i < kSweepPortionEntries && goes_on(); ++i) failure_ = Look(staging);
    if (failure_.ok() && !goes_on()) failure_ = CountWhatIsLeft(now, staging);
    owner_.StageRecords(effects_, staging);
    return Status::Ok();
  }

  void Publish() override { owner_.Publish(effects_); }

 private:
  struct Kind {
    std::string prefix;
    // Whether an entry leads to a message.
    Result<bool> (SweepProposal::*leads)(const View::Entry&, const View&) const;
  };

  // At the next entry.
  Status Look(Staging& staging) {
    const Kind& kind = kinds_[kind_];
    if (from_.empty()) from_ = kind.prefix;
    TANDEM_ASSIGN_OR_RETURN(const auto entry,
                            staging.First(owner_.family_, from_, PrefixEnd(kind.prefix)));
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
      owner_.EndLeaseOf(
          LeaseItem{queue_, ready->group, ready->group.empty() ? ready->place.id : 0});
      owner_.RemoveReady(queue_, *ready, staging, effects_);
    } else {
      staging.Delete(owner_.family_, entry->first);
    }
    return Status::Ok();
  }

  Status CountWhatIsLeft(Timestamp now, const Staging& staging) {
    TANDEM_ASSIGN_OR_RETURN(const auto record, staging.Get(owner_.family_, QueueKey(queue_)));
    if (!swept_ && !record.has_value()) return Status::Ok();
    const auto memory = owner_.memory_.Lock();
    TANDEM_ASSIGN_OR_RETURN(QueueState* const state, owner_.StateOf(*memory, queue_));
    state->count_is_wrong = true;
    Touch(queue_, *state, now, effects_);
    return Status::Ok();
  }

  Result<bool> IsThere(const std::string& key, const View& view) const {
    TANDEM_ASSIGN_OR_RETURN(const auto value, view.Get(owner_.family_, key));
    return value.has_value();
  }

  Result<bool> IsEntry(const View::Entry& entry, const View& view) const {
    const std::optional<ReadyEntry> ready = ParseReadyKey(entry.first, queue_);
    if (!ready.has_value()) return false;
    // The purge has removed the others, but for what stands before the floor.
    if (ready->group.empty()) return IsNewer(ready->place.id);
    TANDEM_ASSIGN_OR_RETURN(const auto state, owner_.groups_.Get(view, queue_, ready->group));
    return state.has_value() && state->ready() == ready->place;
  }

  Result<bool> IsGroup(const View::Entry& entry, const View& view) const {
    const std::string_view group =
        std::string_view(entry.first).substr(kinds_[kind_].prefix.size());
    const std::string members = MemberPrefix(queue_, group);
    TANDEM_ASSIGN_OR_RETURN(const auto first,
                            view.First(owner_.family_, members, PrefixEnd(members)));
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
  bool IsNewer(MessageId id) const { return id >= end_ && id < owner_.next_id_; }

  RocksMessageQueue& owner_;
  const std::string queue_;
  const MessageId end_;
  const std::array<Kind, 5> kinds_;

  std::size_t kind_ = 0;  // that is looked through
  std::string from_;      // empty: from its first
  bool swept_ = false;
  QueueEffects effects_;
  Status failure_;
};

Status RocksMessageQueue::Sweep(std::string_view queue, MessageId end) {
  SweepProposal proposal(*this, std::string(queue), end);
  while (proposal.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  return proposal.failure();
}

}  // namespace tandem::internal
