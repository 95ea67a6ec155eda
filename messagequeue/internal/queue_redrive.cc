// Redrive: what waits among a queue's dead letters is moved back to it.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "tandem/messagequeue/internal/portion_proposal.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem::internal {

namespace {

class RedriveProposal final : public PortionProposal {
 public:
  RedriveProposal(QueueParts& parts, const std::string& target)
      : PortionProposal(parts, DeadLetterQueue(target)), target_(target) {}
  RedriveResult result() const { return result_; }

 private:
  Status Visit(const Walked& walked, const StagingContext& context) override {
    const Timestamp now = context.now;
    const auto& [place, group] = walked.entry;
    // One moment for all portions, so that they keep one order; what dies again meanwhile stays.
    if (!start_.has_value()) start_ = now;
    const Result<bool> is_later = IsLater(place, now);
    if (!is_later.ok()) return Fail(is_later.status());
    if (*is_later) return Status::Ok();
    Result<std::optional<StoredMessage>> read = Read(walked.entry, context.staging);
    if (!read.ok()) return Keep(read.status());
    if (!read->has_value()) return Status::Ok();
    StoredMessage& message = **read;
    const Result<bool> moves = MayMove(message, walked.entry, now, context.staging);
    if (!moves.ok() || !*moves) return Keep(moves.status());
    ++result_.moved;
    bytes_ += message.payload.size();
    MessageRef source = message.RefAt(place);
    message.dead_letter.reset();
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, parts_.states.TimeOf(target_));
    const Place target{time.Of(*start_), place.id};
    TANDEM_RETURN_IF_ERROR(parts_.writer.Insert(target_, ReadyEntry{target, group}, message,
                                                message.payload, context));
    return Take(std::move(source), context);
  }

  void VisitStray(const std::string& /*key*/, Staging& /*staging*/) override {}

  // A damaged message stays where it is.
  Status Keep(Status reason) {
    if (!reason.ok() && reason.code() != StatusCode::kCorruption) return Fail(std::move(reason));
    ++result_.kept;
    return Status::Ok();
  }

  // nullopt for what is still in flight: it has no payload in the view, and is left alone.
  Result<std::optional<StoredMessage>> Read(const ReadyEntry& entry, const Staging& staging) {
    const auto& [place, group] = entry;
    TANDEM_RETURN_IF_ERROR(parts_.states.Use(target_, effects_));
    if (!group.empty()) {
      TANDEM_RETURN_IF_ERROR(parts_.rows.groups().Get(staging, target_, group).status());
    }
    const std::string key = RecordKey(queue_, group, place);
    TANDEM_ASSIGN_OR_RETURN(const auto record, parts_.rows.GetWritten(queue_, key));
    if (!record.has_value()) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(StoredMessage message, DecodeMessage(key, *record, queue_, place.id));
    return message;
  }

  // Died after the start, in a later portion.
  Result<bool> IsLater(const Place& place, Timestamp now) const {
    TANDEM_ASSIGN_OR_RETURN(const QueueTime time, parts_.states.TimeOf(queue_));
    return place.visible_at > time.Of(*start_) && place.visible_at <= time.Of(now);
  }

  // False if it is leased or another message holds its key. A lease that has run out ends.
  Result<bool> MayMove(const StoredMessage& message, const ReadyEntry& entry, Timestamp now,
                       const Staging& staging) {
    const auto& [place, group] = entry;
    if (!message.key.empty()) {
      TANDEM_ASSIGN_OR_RETURN(const auto holder,
                              parts_.rows.HolderOf(staging, target_, message.key));
      if (holder.has_value()) return false;
    }
    const LeaseItem item{queue_, group, group.empty() ? place.id : 0};
    const auto lease = parts_.leases.Find(item).lease;
    const auto is_this = [&entry](const MessageRef& leased) { return leased.place == entry.place; };
    if (lease == nullptr || std::ranges::none_of(lease->messages, is_this)) return true;
    if (lease->deadline > now) return false;
    parts_.leases.End(*lease);
    return true;
  }

  const std::string target_;
  std::optional<Timestamp> start_;
  RedriveResult result_;
};

}  // namespace

Result<RedriveResult> RocksMessageQueue::Redrive(std::string_view queue) {
  TANDEM_RETURN_IF_ERROR(ValidateQueue(queue));
  TANDEM_RETURN_IF_ERROR(ValidateQueue(DeadLetterQueue(queue)));
  RedriveProposal proposal(parts_, std::string(queue));
  while (proposal.goes_on()) TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  TANDEM_RETURN_IF_ERROR(proposal.failure());
  return proposal.result();
}

}  // namespace tandem::internal
