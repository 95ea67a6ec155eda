// How Dequeue finds messages and who waits for them, and how a lease is renewed. The decisions are
// in dequeue_call.cc, the taking itself in dequeue_proposal.cc.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/key_encoding.h"
#include "base/rocks/rocks_status.h"
#include "messagequeue/internal/queue_limits.h"
#include "messagequeue/internal/rocks_message_queue.h"

namespace tandem::internal {

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
    QueueState& state = memory->queues.find(lease.item.queue)->second;
    if (lease.offered) state.window.Remove(lease.ready);
    memory->leases.SetDeadline(lease, std::max(lease.deadline, SaturatingAdd(now, duration_)));
    if (lease.deadline < state.watched) Rearm(state);
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
      std::vector<ReadyWindow::Entry> scanned;
      std::optional<Place> rest;
      Status status;
      try {
        status = ScanReady(queue, from, &scanned, &rest);
      } catch (...) {
        memory_.Lock()->queues.find(queue)->second.window.CancelRefill();
        throw;
      }
      const auto memory = memory_.Lock();
      ReadyWindow& window = memory->queues.find(queue)->second.window;
      if (!status.ok()) {
        window.CancelRefill();
        return status;
      }
      EraseLeased(*memory, queue, scanned);
      window.EndRefill(std::move(scanned), rest);
    }
  }
  return Status::Ok();
}

Status RocksMessageQueue::ScanReady(std::string_view queue, const Place& from,
                                    std::vector<ReadyWindow::Entry>* entries,
                                    std::optional<Place>* rest) const {
  const std::string end = PrefixEnd(ReadyPrefix(queue));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family_));
  std::size_t record_bytes = 0;
  for (it->Seek(ReadyKeyFloor(queue, from)); it->Valid(); it->Next()) {
    std::optional<ReadyEntry> entry = ParseReadyKey(ToView(it->key()), queue);
    if (!entry.has_value()) continue;  // no entry of ours: Verify names it, Purge removes it
    if (entries->size() == ReadyWindow::kRefillEntries) {
      *rest = entry->place;
      break;
    }
    std::string record;
    if (record_bytes + it->value().size() <= ReadyWindow::kRefillRecordBytes) {
      record = it->value().ToString();
      record_bytes += record.size();
    }
    entries->push_back({*std::move(entry), std::move(record)});
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
    const bool ready = front != nullptr && front->visible_at <= state->time.Of(now);
    if (ready || state->window.NeedsRefill()) return kReadyNow;
  }
  if (waiter == nullptr) return kNever;
  Timestamp watch = kNever;
  // Set before: should there be no memory for the rest, the waiter still leaves the lists.
  const bool registered = std::exchange(waiter->registered, true);
  for (const std::string& queue : queues) {
    QueueState& state = memory->queues.find(queue)->second;
    if (!registered) state.waiters.push_back(waiter);
    if (state.waiters.front() != waiter) continue;
    state.watched = memory->leases.NextDeadline(queue);
    if (const auto* front = state.window.front()) {
      state.watched = std::min(state.watched, state.time.ClockAt(front->visible_at));
    }
    watch = std::min(watch, state.watched);
  }
  return watch;
}

Status RocksMessageQueue::OfferWritten(std::span<const std::string> queues) {
  const Timestamp now = clock_->Now();
  for (const std::string& queue : queues) {
    Place from;
    Timestamp queue_now;
    {
      const auto memory = memory_.Lock();
      const auto state = memory->queues.find(queue);
      if (state == memory->queues.end() || state->second.unpublished.empty()) continue;
      from = *state->second.unpublished.begin();
      queue_now = state->second.time.Of(now);
    }
    if (from.visible_at > queue_now) continue;
    std::vector<ReadyWindow::Entry> written;
    std::optional<Place> rest;  // of more than that, one is enough for now
    TANDEM_RETURN_IF_ERROR(ScanReady(queue, from, &written, &rest));
    const auto memory = memory_.Lock();
    EraseLeased(*memory, queue, written);
    ReadyWindow& window = memory->queues.find(queue)->second.window;
    for (const auto& [entry, record] : written) window.Add(entry);
  }
  return Status::Ok();
}

void RocksMessageQueue::EraseLeased(const QueueMemory& memory, const std::string& queue,
                                    std::vector<ReadyWindow::Entry>& entries) {
  std::erase_if(entries, [&](const ReadyWindow::Entry& found) {
    const ReadyEntry& entry = found.entry;
    const MessageId id = entry.group.empty() ? entry.place.id : 0;
    const auto lease = memory.leases.FindItem(LeaseItem{queue, entry.group, id});
    return lease != nullptr && !lease->offered;
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
    for (Waiter* waiter : state.waiters) waiter->wake->Notify();
  }
}

void RocksMessageQueue::Wake(QueueState& state) {
  for (Waiter* waiter : state.waiters) {
    if (waiter->notified) continue;
    waiter->notified = true;
    waiter->wake->Notify();
    return;
  }
}

void RocksMessageQueue::Rearm(QueueState& state) {
  if (state.waiters.empty() || state.waiters.front()->notified) return;
  state.waiters.front()->notified = true;
  state.waiters.front()->wake->Notify();
}

}  // namespace tandem::internal
