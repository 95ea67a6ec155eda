#include "tandem/messagequeue/internal/portion_proposal.h"

#include <utility>

#include "tandem/base/key_encoding.h"

namespace tandem::internal {

namespace {

// What one portion looks at, and moves, at most.
constexpr std::size_t kMovePortionEntries = 256;
constexpr std::size_t kMovePortionBytes = std::size_t{8} << 20;

}  // namespace

Status PortionProposal::Stage(Staging& staging, Timestamp now) {
  const StagingContext context{staging, effects_, now};
  effects_ = QueueEffects();
  bytes_ = 0;
  failure_ = parts_.states.Use(queue_, effects_);
  Begin();
  for (std::size_t i = 0; i < kMovePortionEntries && bytes_ < kMovePortionBytes && goes_on(); ++i) {
    const Result<std::optional<Walked>> next = Next(staging);
    failure_ = next.status();
    if (!failure_.ok() || !next->has_value()) continue;
    const Walked& walked = **next;
    if (walked.entry.group != group_) {
      TANDEM_RETURN_IF_ERROR(LeaveGroup(context));
      group_ = walked.entry.group;
      failure_ = parts_.rows.groups().Get(staging, queue_, group_).status();
    }
    if (failure_.ok()) TANDEM_RETURN_IF_ERROR(Visit(walked, context));
  }
  TANDEM_RETURN_IF_ERROR(LeaveGroup(context));
  parts_.states.StageRecords(effects_, staging);
  return Status::Ok();
}

Status PortionProposal::Take(MessageRef message, const StagingContext& context) {
  taken_.push_back(std::move(message));
  return group_.empty() ? LeaveGroup(context) : Status::Ok();
}

Result<std::optional<PortionProposal::Walked>> PortionProposal::Next(Staging& staging) {
  const std::string prefix = in_groups_ ? MembersPrefix(queue_) : ReadyPrefix(queue_);
  if (from_.empty()) {
    from_ =
        in_groups_ ? prefix : ReadyKeyFloor(queue_, parts_.states.Lock()->Existing(queue_).floor);
  }
  TANDEM_ASSIGN_OR_RETURN(auto found,
                          staging.First(parts_.rows.family(), from_, PrefixEnd(prefix)));
  if (!found.has_value()) {
    ended_ = in_groups_;
    in_groups_ = true;
    from_.clear();
    return std::nullopt;
  }
  from_ = found->first + '\0';
  auto entry = in_groups_ ? ParseMember(found->first, queue_) : ParseReadyKey(found->first, queue_);
  if (!entry.has_value()) VisitStray(found->first, staging);
  if (!entry.has_value()) return std::nullopt;
  if (!in_groups_ && !entry->group.empty()) return std::nullopt;
  return Walked{*std::move(entry), std::move(found->second)};
}

Status PortionProposal::LeaveGroup(const StagingContext& context) {
  const std::vector<MessageRef> taken = std::exchange(taken_, {});
  return parts_.writer.Remove(queue_, group_, taken, context);
}

}  // namespace tandem::internal
