#include "tandem/messagequeue/internal/ready/ready_queues.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

namespace {

void OfferExpired(QueueMemory& memory, std::string_view queue, Timestamp now) {
  const auto expired = memory.leases.OfferExpired(queue, now);
  if (expired.empty()) return;
  ReadyWindow& window = memory.Existing(queue).window;
  for (const auto& lease : expired) window.Add(ReadyEntry{lease->ready, lease->item.group});
}

void EraseLeased(const QueueMemory& memory, std::string_view queue,
                 std::vector<ReadyWindow::Entry>& entries) {
  std::erase_if(entries, [&](const ReadyWindow::Entry& found) {
    const auto lease = memory.LeaseOf(queue, found.entry);
    return lease != nullptr && !lease->offered;
  });
}

}  // namespace

Status ReadyQueues::Offer(std::string_view queue, const ReadyEntry& entry, QueueEffects& effects) {
  const auto memory = states_.Lock();
  TANDEM_ASSIGN_OR_RETURN(QueueState* const state, states_.Of(*memory, queue));
  QueueStates::Use(queue, *state, effects);
  state->unpublished.insert(entry.place);
  if (entry.place < state->floor) {
    state->floor = entry.place;
    effects.touched.emplace(queue);
  }
  effects.changes.push_back({std::string(queue), entry, /*added=*/true});
  return Status::Ok();
}

void ReadyQueues::Publish(const QueueEffects& effects) {
  if (effects.changes.empty() && effects.used.empty()) return;
  const Timestamp now = clock_->Now();
  const auto memory = states_.Lock();
  for (const auto& [queue, entry, added] : effects.changes) {
    if (!added) {
      const auto found = memory->queues.find(queue);
      if (found == memory->queues.end()) continue;
      found->second.window.Remove(entry.place);
      found->second.damaged.erase(entry.place);
      continue;
    }
    QueueState& state = memory->Existing(queue);
    state.damaged.erase(entry.place);  // it is looked at again
    state.unpublished.extract(entry.place);
    if (!entry.group.empty()) {
      const auto lease = memory->LeaseOf(queue, entry);
      if (lease != nullptr && !lease->offered) continue;  // offered again when that lease ends
    }
    state.window.Add(entry);
    if (entry.place.visible_at <= state.time.Of(now)) {
      state.Wake();
    } else if (state.time.ClockAt(entry.place.visible_at) < state.watched) {
      state.Rearm();
    }
  }
  QueueStates::EndUse(*memory, effects);
}

Status ReadyQueues::OfferWritten(std::span<const std::string> queues) {
  const Timestamp now = clock_->Now();
  for (const std::string& queue : queues) {
    Place from;
    Timestamp queue_now;
    {
      const auto memory = states_.Lock();
      const QueueState& state = memory->Existing(queue);
      if (state.unpublished.empty()) continue;
      from = *state.unpublished.begin();
      queue_now = state.time.Of(now);
    }
    if (from.visible_at > queue_now) continue;
    // If there is more than one scan finds, that is enough for now.
    TANDEM_ASSIGN_OR_RETURN(Scan written, ScanFrom(queue, from));
    const auto memory = states_.Lock();
    EraseLeased(*memory, queue, written.entries);
    ReadyWindow& window = memory->Existing(queue).window;
    for (const auto& [entry, record] : written.entries) window.Add(entry);
  }
  return Status::Ok();
}

Status ReadyQueues::Refill(std::span<const std::string> queues) {
  for (const std::string& queue : queues) {
    while (true) {
      {
        const auto memory = states_.Lock();
        TANDEM_ASSIGN_OR_RETURN(QueueState* const state, states_.Of(*memory, queue));
        if (!state->window.NeedsRefill()) break;
      }
      const MutexLock refill(refill_mutex_);
      Place from;
      {
        const auto memory = states_.Lock();
        ReadyWindow& window = memory->Existing(queue).window;
        if (!window.NeedsRefill()) break;  // another caller has just done it
        from = window.BeginRefill();
      }
      try {
        Result<Scan> scanned = ScanFrom(queue, from);
        const auto memory = states_.Lock();
        ReadyWindow& window = memory->Existing(queue).window;
        if (!scanned.ok()) {
          window.CancelRefill();
          return scanned.status();
        }
        EraseLeased(*memory, queue, scanned->entries);
        window.EndRefill(std::move(scanned->entries), scanned->rest);
      } catch (...) {  // no memory
        states_.Lock()->Existing(queue).window.CancelRefill();
        throw;
      }
    }
  }
  return Status::Ok();
}

Result<ReadyQueues::Scan> ReadyQueues::ScanFrom(std::string_view queue, const Place& from) const {
  const std::string end = PrefixEnd(ReadyPrefix(queue));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(rows_.db()->NewIterator(options, rows_.family()));
  Scan scan;
  std::size_t record_bytes = 0;
  for (it->Seek(ReadyKeyFloor(queue, from)); it->Valid(); it->Next()) {
    std::optional<ReadyEntry> entry = ParseReadyKey(ToView(it->key()), queue);
    if (!entry.has_value()) continue;  // no entry of ours: Verify names it, Purge removes it
    if (scan.entries.size() == ReadyWindow::kRefillEntries) {
      scan.rest = entry->place;
      break;
    }
    std::string record;
    if (record_bytes + it->value().size() <= ReadyWindow::kRefillRecordBytes) {
      record = it->value().ToString();
      record_bytes += record.size();
    }
    scan.entries.push_back({*std::move(entry), std::move(record)});
  }
  TANDEM_RETURN_IF_ERROR(FromRocks(it->status(), "scan of a ready index"));
  return scan;
}

std::optional<Candidate> ReadyQueues::PopOldest(std::span<const std::string> queues,
                                                Timestamp now) {
  const auto memory = states_.Lock();
  const std::string* oldest_queue = nullptr;
  QueueState* oldest = nullptr;
  Place oldest_place;  // by the clock: queues need not agree on the time
  for (const std::string& queue : queues) {
    OfferExpired(*memory, queue, now);
    QueueState& state = memory->Existing(queue);
    if (state.window.NeedsRefill()) {
      return std::nullopt;  // its oldest may be older than what others have
    }
    const Place* front = state.window.front();
    if (front == nullptr || front->visible_at > state.time.Of(now)) continue;
    const Place place{state.time.ClockAt(front->visible_at), front->id};
    if (oldest != nullptr && oldest_place <= place) continue;
    oldest = &state;
    oldest_queue = &queue;
    oldest_place = place;
  }
  if (oldest == nullptr) return std::nullopt;
  ReadyWindow::Entry front = oldest->window.PopFront();
  return Candidate{*oldest_queue, std::move(front.entry), std::move(front.record), oldest->time};
}

void ReadyQueues::PutBack(std::string_view queue, const ReadyEntry& entry) {
  const auto memory = states_.Lock();
  QueueState& state = memory->Existing(queue);
  state.window.Add(entry);
  // A waiter that was woken for it may have looked while it was out of the window.
  state.Wake();
}

void ReadyQueues::SetAside(std::string_view queue, const Place& ready, Damage damage) {
  states_.Lock()->Existing(queue).damaged.insert_or_assign(ready, std::move(damage));
}

Result<Timestamp> ReadyQueues::LookOut(std::span<const std::string> queues, Waiter* waiter) {
  const Timestamp now = clock_->Now();
  const auto memory = states_.Lock();
  if (waiter != nullptr) waiter->notified = false;
  for (const std::string& queue : queues) {
    TANDEM_ASSIGN_OR_RETURN(QueueState* const state, states_.Of(*memory, queue));
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
    QueueState& state = memory->Existing(queue);
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

void ReadyQueues::StopWaiting(std::span<const std::string> queues, Waiter& waiter) {
  if (!waiter.registered) return;
  const auto memory = states_.Lock();
  for (const std::string& queue : queues) {
    QueueState& state = memory->Existing(queue);
    if (state.waiters.empty()) continue;  // the same queue was named twice
    const bool watched_time = state.waiters.front() == &waiter;
    state.waiters.remove(&waiter);
    if (watched_time) state.watched = kNever;
    // The next one watches the time from now on, or takes what this one was woken for.
    if (watched_time || waiter.notified) state.Wake();
  }
}

void ReadyQueues::WakeAll() {
  const auto memory = states_.Lock();
  for (auto& [queue, state] : memory->queues) {
    for (Waiter* waiter : state.waiters) waiter->wake->Notify();
  }
}

ReadyHint ReadyQueues::Hint(std::string_view queue, const StoredQueue& stored,
                            Timestamp now) const {
  const auto memory = std::as_const(states_).Lock();
  const auto found = memory->queues.find(queue);
  ReadyHint hint;
  if (found == memory->queues.end()) {
    hint.from = stored.floor;
    return hint;
  }
  const ReadyWindow& window = found->second.window;
  hint.from = window.cursor();
  if (window.front() != nullptr) {
    hint.from = std::min(hint.from.value_or(kLastPlace), *window.front());
  }
  for (const auto& lease : memory->leases.NotOffered(queue)) {
    if (lease->deadline <= now) {
      hint.expired.push_back(lease->ready);
    } else if (!lease->item.group.empty()) {
      hint.groups.push_back(*lease);
    }
  }
  return hint;
}

}  // namespace tandem::internal
