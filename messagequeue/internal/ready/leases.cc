#include "tandem/messagequeue/internal/ready/leases.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"

namespace tandem::internal {

Result<std::shared_ptr<Lease>> Leases::Resolve(const LockToken& token) const {
  const std::optional<TokenFields> fields = DecodeToken(token);
  if (!fields.has_value()) return Status::InvalidArgument("malformed lock token");
  const auto memory = std::as_const(states_).Lock();
  const bool issued_here =
      fields->store == identity_.store &&
      (fields->incarnation < identity_.incarnation ||
       (fields->incarnation == identity_.incarnation && fields->epoch < next_epoch_));
  if (!issued_here) {
    return Status::InvalidArgument("unknown lock token: this store never issued it");
  }
  std::shared_ptr<Lease> lease;
  if (fields->incarnation == identity_.incarnation) lease = memory->leases.Find(fields->epoch);
  if (lease != nullptr) {
    if (lease->item == fields->item) return lease;
    return Status::InvalidArgument("altered lock token: pass one that Dequeue returned, unchanged");
  }
  const bool taken = memory->leases.FindItem(fields->item) != nullptr;
  return Status::LeaseLost(taken ? LeaseLoss::kTaken : LeaseLoss::kGone);
}

Obstacle Leases::Find(const LeaseItem& item) const {
  // Another thread may offer the lease at any time: both in one lock.
  const auto memory = std::as_const(states_).Lock();
  std::shared_ptr<Lease> lease = memory->leases.FindItem(item);
  const bool holds = lease != nullptr && !lease->offered;
  return {std::move(lease), holds};
}

std::optional<Lease> Leases::Held(std::string_view queue, const ReadyEntry& entry,
                                  Timestamp now) const {
  const auto memory = std::as_const(states_).Lock();
  const auto lease = memory->LeaseOf(queue, entry);
  if (lease == nullptr || lease->deadline <= now) return std::nullopt;
  return *lease;
}

LockToken Leases::Grant(const LeaseItem& item, const Place& ready, std::vector<MessageRef> messages,
                        std::chrono::milliseconds duration, const StagingContext& context) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  auto lease = std::make_shared<Lease>();
  lease->item = item;
  lease->ready = ready;
  lease->deadline = SaturatingAdd(context.now, duration);
  lease->messages = std::move(messages);
  const auto memory = states_.Lock();
  lease->epoch = next_epoch_++;
  LockToken token =
      EncodeToken(TokenFields{identity_.store, identity_.incarnation, lease->epoch, item});
  QueueState& state = memory->Existing(item.queue);
  if (lease->deadline < state.watched) state.Rearm();
  // A delayed message is ready from now on, whatever the clock says when the store is opened again.
  Timestamp visible_at = ready.visible_at;
  for (const MessageRef& message : lease->messages) {
    visible_at = std::max(visible_at, message.place.visible_at);
  }
  if (visible_at > state.latest) {
    QueueStates::Touch(item.queue, state, context.now, context.effects);
  }
  memory->leases.Insert(std::move(lease));
  return token;
}

Result<Timestamp> Leases::Renew(const LockToken& token, std::chrono::milliseconds duration,
                                Timestamp now) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  TANDEM_ASSIGN_OR_RETURN(const std::shared_ptr<Lease> lease, Resolve(token));
  const auto memory = states_.Lock();
  QueueState& state = memory->Existing(lease->item.queue);
  if (lease->offered) state.window.Remove(lease->ready);
  memory->leases.SetDeadline(*lease, std::max(lease->deadline, SaturatingAdd(now, duration)));
  if (lease->deadline < state.watched) state.Rearm();
  return lease->deadline;
}

bool Leases::End(const Lease& lease) {
  TANDEM_REQUIRE(Staging::IsOnThisThread(), "the commit latch is held");
  const auto memory = states_.Lock();
  if (memory->leases.Find(lease.epoch) == nullptr) return false;
  if (lease.offered) memory->Existing(lease.item.queue).window.Remove(lease.ready);
  memory->leases.Remove(lease);
  return true;
}

void Leases::EndOf(const LeaseItem& item) {
  const Obstacle obstacle = Find(item);
  if (obstacle.lease != nullptr) End(*obstacle.lease);
}

}  // namespace tandem::internal
