// How Dequeue finds messages and waits for them, and how a lease is renewed. The taking itself is
// in dequeue_proposal.cc.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/key_encoding.h"
#include "base/rocks/rocks_status.h"
#include "messagequeue/internal/dequeue_proposal.h"
#include "messagequeue/internal/queue_limits.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

namespace {

constexpr Timestamp kReadyNow = Timestamp::min();

// Stages nothing, and is answered when all before it is published.
class Settle final : public Proposal {
 public:
  Settle() : Proposal(Durability::kBuffered) {}
  Status Stage(Staging& /*staging*/, Timestamp /*now*/) override { return Status::Ok(); }
};

}  // namespace

class RocksMessageQueue::WaitScope {
 public:
  WaitScope(RocksMessageQueue& owner, std::span<const std::string> queues, Waiter& waiter)
      : owner_(owner), queues_(queues), waiter_(waiter) {}
  ~WaitScope() { owner_.StopWaiting(queues_, waiter_); }
  WaitScope(const WaitScope&) = delete;
  WaitScope& operator=(const WaitScope&) = delete;

 private:
  RocksMessageQueue& owner_;
  const std::span<const std::string> queues_;
  Waiter& waiter_;
};

// A renewal changes memory only, but is judged in the serial order like everything else.
class RocksMessageQueue::RenewProposal final : public Proposal {
 public:
  RenewProposal(RocksMessageQueue& owner, const LockToken& token,
                std::chrono::milliseconds duration)
      : Proposal(Durability::kBuffered), owner_(owner), token_(token), duration_(duration) {}

  Status Stage(Staging& /*staging*/, Timestamp now) override {
    Result<std::shared_ptr<Lease>> resolved = owner_.Resolve(token_);
    if (!resolved.ok()) {
      result_ = resolved.status();
      return Status::Ok();
    }
    Lease& lease = **resolved;
    const auto memory = owner_.memory_.Lock();
    if (lease.offered) memory->queues.find(lease.item.queue)->second.window.Remove(lease.ready);
    memory->leases.SetDeadline(lease, std::max(lease.deadline, SaturatingAdd(now, duration_)));
    result_ = lease.deadline;
    return Status::Ok();
  }

  Result<Timestamp> result() const { return result_; }

 private:
  RocksMessageQueue& owner_;
  const LockToken& token_;
  const std::chrono::milliseconds duration_;
  Result<Timestamp> result_ = Status::Internal("not staged");
};

Result<Timestamp> RocksMessageQueue::Renew(const LockToken& token,
                                           std::chrono::milliseconds duration) {
  TANDEM_RETURN_IF_ERROR(ValidateRenew(token, duration));
  RenewProposal proposal(*this, token, duration);
  TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  return proposal.result();
}

Result<std::vector<Delivery>> RocksMessageQueue::Dequeue(std::span<const std::string> queues,
                                                         const DequeueOptions& options) {
  TANDEM_RETURN_IF_ERROR(ValidateDequeue(queues, options));
  const Timestamp deadline = SaturatingAdd(clock_->Now(), options.wait);
  Waiter waiter;
  const NotifyOnStop notify(options.stop, waiter.signal);
  const WaitScope scope(*this, queues, waiter);
  bool settled = false;
  while (true) {
    TANDEM_RETURN_IF_ERROR(Refill(queues));
    const bool over = clock_->Now() >= deadline || options.stop.stop_requested();
    const bool unsettled = over && !settled && HasUnpublished(queues);
    TANDEM_ASSIGN_OR_RETURN(const Timestamp watch, LookOut(queues, over ? nullptr : &waiter));
    if (watch == kReadyNow) {
      DequeueProposal proposal(*this, queues, options);
      TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
      TANDEM_ASSIGN_OR_RETURN(std::vector<Delivery> deliveries, proposal.TakeResult());
      if (!deliveries.empty()) return deliveries;
      continue;  // somebody was faster
    }
    // The events of a batch can be read a moment before its messages are offered: who has seen them
    // must not be told that there are none.
    if (unsettled) {
      Settle settle;
      TANDEM_RETURN_IF_ERROR(door_->Commit(settle));
      settled = true;
      continue;
    }
    TANDEM_RETURN_IF_ERROR(door_->Health());
    if (over) return std::vector<Delivery>();
    clock_->WaitUntil(waiter.signal, std::min(deadline, watch));
  }
}

Status RocksMessageQueue::Refill(std::span<const std::string> queues) {
  for (const std::string& queue : queues) {
    while (true) {
      {
        const auto memory = memory_.Lock();
        TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
        if (!state->window.NeedsRefill()) break;
      }
      const std::lock_guard refill(refill_mutex_);
      Place from;
      {
        const auto memory = memory_.Lock();
        ReadyWindow& window = memory->queues.find(queue)->second.window;
        if (!window.NeedsRefill()) break;  // another caller has just done it
        from = window.BeginRefill();
      }
      std::vector<ReadyEntry> scanned;
      std::optional<Place> rest;
      const Status status = ScanReady(queue, from, &scanned, &rest);
      const auto memory = memory_.Lock();
      ReadyWindow& window = memory->queues.find(queue)->second.window;
      if (!status.ok()) {
        window.CancelRefill();
        return status;
      }
      std::erase_if(scanned, [&](const ReadyEntry& entry) {
        const MessageId id = entry.group.empty() ? entry.place.id : 0;
        const auto lease = memory->leases.FindItem(LeaseItem{queue, entry.group, id});
        return lease != nullptr && !lease->offered;
      });
      window.EndRefill(scanned, rest);
    }
  }
  return Status::Ok();
}

Status RocksMessageQueue::ScanReady(std::string_view queue, const Place& from,
                                    std::vector<ReadyEntry>* entries,
                                    std::optional<Place>* rest) const {
  const std::string end = PrefixEnd(ReadyPrefix(queue));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  for (it->Seek(ReadyKeyFloor(queue, from)); it->Valid(); it->Next()) {
    std::optional<ReadyEntry> entry = ParseReadyKey(ToView(it->key()), queue);
    if (!entry.has_value()) {
      return Status::Corruption("ready index of queue '" + std::string(queue) + "'", "bad key");
    }
    if (entries->size() == ReadyWindow::kRefillEntries) {
      *rest = entry->place;
      break;
    }
    entries->push_back(*std::move(entry));
  }
  return FromRocks(it->status(), "scan of a ready index");
}

void RocksMessageQueue::OfferExpired(QueueMemory& memory, std::string_view queue, Timestamp now) {
  const auto expired = memory.leases.OfferExpired(queue, now);
  if (expired.empty()) return;
  ReadyWindow& window = memory.queues.find(queue)->second.window;
  for (const auto& lease : expired) window.Add(ReadyEntry{lease->ready, lease->item.group});
}

Result<Timestamp> RocksMessageQueue::LookOut(std::span<const std::string> queues, Waiter* waiter) {
  const Timestamp now = clock_->Now();
  const auto memory = memory_.Lock();
  if (waiter != nullptr) waiter->notified = false;
  for (const std::string& queue : queues) {
    TANDEM_ASSIGN_OR_RETURN(QueueState* const state, StateOf(*memory, queue));
    OfferExpired(*memory, queue, now);
    const auto* front = state->window.front();
    const bool ready = front != nullptr && front->first.visible_at <= now;
    if (ready || state->window.NeedsRefill()) return kReadyNow;
  }
  if (waiter == nullptr) return kNever;
  Timestamp watch = kNever;
  for (const std::string& queue : queues) {
    QueueState& state = memory->queues.find(queue)->second;
    if (!waiter->registered) state.waiters.push_back(waiter);
    if (state.waiters.front() != waiter) continue;
    state.watched = memory->leases.NextDeadline(queue);
    if (const auto* front = state.window.front()) {
      state.watched = std::min(state.watched, front->first.visible_at);
    }
    watch = std::min(watch, state.watched);
  }
  waiter->registered = true;
  return watch;
}

bool RocksMessageQueue::HasUnpublished(std::span<const std::string> queues) const {
  const Timestamp now = clock_->Now();
  const auto memory = memory_.Lock();
  return std::ranges::any_of(queues, [&](const std::string& queue) {
    const auto state = memory->queues.find(queue);
    if (state == memory->queues.end() || state->second.unpublished.empty()) return false;
    return state->second.unpublished.begin()->visible_at <= now;
  });
}

void RocksMessageQueue::StopWaiting(std::span<const std::string> queues, Waiter& waiter) {
  if (!waiter.registered) return;
  const auto memory = memory_.Lock();
  for (const std::string& queue : queues) {
    QueueState& state = memory->queues.find(queue)->second;
    if (state.waiters.empty()) continue;  // the same queue was named twice
    const bool watched_time = state.waiters.front() == &waiter;
    state.waiters.remove(&waiter);
    if (watched_time) state.watched = kNever;
    // The next one watches the time from now on, or takes what this one was woken for.
    if (watched_time || waiter.notified) Wake(state);
  }
}

void RocksMessageQueue::WakeAll() {
  const auto memory = memory_.Lock();
  for (auto& [queue, state] : memory->queues) {
    for (Waiter* waiter : state.waiters) waiter->signal.Notify();
  }
}

void RocksMessageQueue::Wake(QueueState& state) {
  for (Waiter* waiter : state.waiters) {
    if (waiter->notified) continue;
    waiter->notified = true;
    waiter->signal.Notify();
    return;
  }
}

void RocksMessageQueue::Rearm(QueueState& state) {
  if (state.waiters.empty() || state.waiters.front()->notified) return;
  state.waiters.front()->notified = true;
  state.waiters.front()->signal.Notify();
}

}  // namespace tandem::internal
