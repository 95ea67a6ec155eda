// Leasing: how Dequeue finds, takes and waits for messages, and how a lease is renewed.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/key_encoding.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "messagequeue/internal/rocks_message_queue.h"
#include "messagequeue/queue_records.capnp.h"

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

// Takes the oldest eligible messages, in the serial order of batches. It writes delivery counts
// only: the lease itself is in memory.
class RocksMessageQueue::DequeueProposal final : public Proposal {
 public:
  DequeueProposal(RocksMessageQueue& queue, std::span<const std::string> queues,
                  const DequeueOptions& options)
      : Proposal(Durability::kBuffered),
        owner_(queue),
        queues_(queues),
        lease_(options.lease),
        messages_max_(std::min(options.max_messages, kDequeueMessagesMax)),
        bytes_max_(std::min(options.max_bytes, kPageBytesMax)) {}

  Status Stage(Staging& staging, Timestamp now) override;

  // A failure shows only if nothing was delivered before it.
  Result<std::vector<Delivery>> TakeResult() {
    if (deliveries_.empty() && !failure_.ok()) return failure_;
    return std::move(deliveries_);
  }

 private:
  struct Candidate {
    std::string queue;
    ReadyEntry entry;
  };

  struct Obstacle {
    std::shared_ptr<Lease> lease;  // null: none
    bool holds = false;            // else it has run out: whoever takes the item ends it
  };

  Obstacle FindLease(const LeaseItem& item) const {
    // Another thread may offer the lease at any time: both in one lock.
    const auto memory = owner_.memory_.Lock();
    std::shared_ptr<Lease> lease = memory->leases.FindItem(item);
    const bool holds = lease != nullptr && !lease->offered;
    return {std::move(lease), holds};
  }

  // Takes the oldest visible entry out of its window; nullopt if there is none.
  std::optional<Candidate> PopOldest(QueueMemory& memory, Timestamp now);
  // False if it would exceed the limits. A candidate that is gone or leased is taken as nothing.
  Result<bool> TakeAlone(const Candidate& candidate, Staging& staging, Timestamp now);
  Result<bool> TakeGroup(const Candidate& candidate, Staging& staging, Timestamp now);
  bool Fits(std::size_t payload_bytes) const {
    return deliveries_.empty() ||
           (deliveries_.size() < messages_max_ && bytes_ + payload_bytes <= bytes_max_);
  }
  // False, and nothing staged, if it would exceed the limits.
  Result<bool> Deliver(const LeaseItem& item, const Place& place, std::string_view record,
                       Staging& staging);
  void Grant(const LeaseItem& item, const Place& ready, std::size_t first, Timestamp now);
  void PutBack(const Candidate& candidate);

  RocksMessageQueue& owner_;
  const std::span<const std::string> queues_;
  const std::chrono::milliseconds lease_;
  const std::size_t messages_max_;
  const std::size_t bytes_max_;

  std::vector<Delivery> deliveries_;
  std::vector<Place> places_;  // of the deliveries
  std::size_t bytes_ = 0;
  Status failure_;
};

Status RocksMessageQueue::DequeueProposal::Stage(Staging& staging, Timestamp now) {
  while (deliveries_.size() < messages_max_) {
    const std::optional<Candidate> candidate = PopOldest(*owner_.memory_.Lock(), now);
    if (!candidate.has_value()) break;
    const bool alone = candidate->entry.group.empty();
    // A group is delivered by itself, under its one token.
    if (!alone && !deliveries_.empty()) {
      PutBack(*candidate);
      break;
    }
    const Result<bool> taken =
        alone ? TakeAlone(*candidate, staging, now) : TakeGroup(*candidate, staging, now);
    if (taken.ok() && *taken) {
      if (!alone && !deliveries_.empty()) break;
      continue;
    }
    // Nothing was staged of it. A damaged message stays where it is: it is reported, not skipped.
    PutBack(*candidate);
    if (!taken.ok()) failure_ = taken.status();
    break;
  }
  return Status::Ok();
}

std::optional<RocksMessageQueue::DequeueProposal::Candidate>
RocksMessageQueue::DequeueProposal::PopOldest(QueueMemory& memory, Timestamp now) {
  const std::string* oldest_queue = nullptr;
  QueueState* oldest = nullptr;
  for (const std::string& queue : queues_) {
    owner_.OfferExpired(memory, queue, now);
    QueueState& state = memory.queues.find(queue)->second;  // LookOut has made it
    if (state.window.NeedsRefill()) {
      return std::nullopt;  // its oldest may be older than what others have
    }
    const auto* front = state.window.front();
    if (front == nullptr || front->first.visible_at > now) continue;
    if (oldest != nullptr && oldest->window.front()->first <= front->first) continue;
    oldest = &state;
    oldest_queue = &queue;
  }
  if (oldest == nullptr) return std::nullopt;
  const auto [place, group] = *oldest->window.front();
  oldest->window.Remove(place);
  return Candidate{*oldest_queue, ReadyEntry{place, group}};
}

Result<bool> RocksMessageQueue::DequeueProposal::TakeAlone(const Candidate& candidate,
                                                           Staging& staging, Timestamp now) {
  const Place& place = candidate.entry.place;
  const LeaseItem item{candidate.queue, {}, place.id};
  const Obstacle obstacle = FindLease(item);
  if (obstacle.holds) return true;
  const std::string key = ReadyKey(candidate.queue, place, {});
  if (staging.DeletedByStaged(owner_.family_, key)) return true;
  // Not through the view: it shows payloads only once their group is no longer in flight, which
  // ends after the message was published.
  std::string record;
  const rocksdb::Status read =
      staging.db()->Get(rocksdb::ReadOptions(), owner_.family_, ToSlice(key), &record);
  if (read.IsNotFound()) return true;
  TANDEM_RETURN_IF_ERROR(FromRocks(read, "read of queue '" + candidate.queue + "'"));
  const std::size_t first = deliveries_.size();
  TANDEM_ASSIGN_OR_RETURN(const bool fits, Deliver(item, place, record, staging));
  if (!fits) return false;
  if (obstacle.lease != nullptr) owner_.EndLease(*obstacle.lease);
  Grant(item, place, first, now);
  return true;
}

Result<bool> RocksMessageQueue::DequeueProposal::TakeGroup(const Candidate& candidate,
                                                           Staging& staging, Timestamp now) {
  const std::string& group = candidate.entry.group;
  const LeaseItem item{candidate.queue, group, 0};
  const Obstacle obstacle = FindLease(item);
  if (obstacle.holds) return true;
  // The candidate's place may be outdated, by a batch that is not published yet or by a message
  // that was gone before it was published: the record decides.
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          owner_.groups_.Get(staging, candidate.queue, group));
  if (!state.has_value()) return true;
  if (candidate.entry.place < state->ready()) {
    PutBack(Candidate{candidate.queue, ReadyEntry{state->ready(), group}});
    return true;
  }

  const std::string prefix = MemberPrefix(candidate.queue, group);
  const std::string head = MemberKey(candidate.queue, group, state->head);
  // What is in the database only: a message is not delivered before the events of its batch can be
  // read. And nothing behind one that is not: it comes first, and its publication offers the group.
  const std::string end = staging.FirstUnwritten(owner_.family_, head, PrefixEnd(prefix));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(staging.db()->NewIterator(options, owner_.family_));
  for (it->Seek(head); it->Valid(); it->Next()) {
    if (staging.DeletedByStaged(owner_.family_, ToView(it->key()))) continue;
    const std::optional<Place> place = ParseMemberKey(ToView(it->key()), prefix);
    if (!place.has_value()) failure_ = Status::Corruption("group '" + group + "'", "bad key");
    if (!failure_.ok()) break;
    if (place->visible_at > now) break;
    const Result<bool> fits = Deliver(item, *place, ToView(it->value()), staging);
    failure_ = fits.status();
    if (!fits.ok() || !*fits) break;
  }
  if (failure_.ok()) failure_ = FromRocks(it->status(), "read of group '" + group + "'");
  if (deliveries_.empty()) {
    if (!failure_.ok()) return failure_;
    return true;
  }
  if (obstacle.lease != nullptr) owner_.EndLease(*obstacle.lease);
  Grant(item, state->ready(), 0, now);
  return true;
}

Result<bool> RocksMessageQueue::DequeueProposal::Deliver(const LeaseItem& item, const Place& place,
                                                         std::string_view record,
                                                         Staging& staging) {
  Delivery delivery;
  delivery.queue = item.queue;
  delivery.group = item.group;
  delivery.id = place.id;
  const auto where = [&] {
    return "message " + std::to_string(place.id) + " of queue '" + item.queue + "'";
  };
  TANDEM_RETURN_IF_ERROR(
      DecodeRecord<MessageRecord>(record, where, [&delivery](MessageRecord::Reader message) {
        delivery.enqueued_at = Timestamp(std::chrono::microseconds(message.getEnqueuedAt()));
        delivery.key = ToBytes(message.getKey());
        delivery.payload = ToBytes(message.getPayload());
      }));
  if (!Fits(delivery.payload.size())) return false;
  TANDEM_ASSIGN_OR_RETURN(const std::uint32_t deliveries,
                          owner_.DeliveriesOf(staging, item.queue, place.id));
  delivery.delivery_count = deliveries + 1;
  staging.Put(owner_.family_, DeliveredKey(item.queue, place.id),
              EncodeRecord<DeliveredRecord>([&delivery](DeliveredRecord::Builder stored) {
                stored.setCount(delivery.delivery_count);
              }));
  bytes_ += delivery.payload.size();
  deliveries_.push_back(std::move(delivery));
  places_.push_back(place);
  return true;
}

// Puts the deliveries from `first` on under one new lease.
void RocksMessageQueue::DequeueProposal::Grant(const LeaseItem& item, const Place& ready,
                                               std::size_t first, Timestamp now) {
  auto lease = std::make_shared<Lease>();
  lease->item = item;
  lease->ready = ready;
  lease->deadline = SaturatingAdd(now, lease_);
  const auto memory = owner_.memory_.Lock();
  lease->epoch = owner_.next_epoch_++;
  const LockToken token = EncodeToken(
      TokenFields{owner_.identity_.store, owner_.identity_.incarnation, lease->epoch, item});
  for (std::size_t i = first; i < deliveries_.size(); ++i) {
    deliveries_[i].lock_token = token;
    lease->messages.push_back(LeasedMessage{places_[i], deliveries_[i].key});
  }
  QueueState& state = memory->queues.find(item.queue)->second;
  if (lease->deadline < state.watched) Rearm(state);
  memory->leases.Insert(std::move(lease));
}

void RocksMessageQueue::DequeueProposal::PutBack(const Candidate& candidate) {
  const auto memory = owner_.memory_.Lock();
  QueueState& state = memory->queues.find(candidate.queue)->second;
  state.window.Add(candidate.entry);
  // Whoever was woken for it may have looked while it was out of the window.
  Wake(state);
}

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
  TANDEM_RETURN_IF_ERROR(Validate(DeleteMessages{token}));
  if (duration <= std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("a lease is renewed for a positive duration");
  }
  RenewProposal proposal(*this, token, duration);
  TANDEM_RETURN_IF_ERROR(door_->Commit(proposal));
  return proposal.result();
}

Result<std::vector<Delivery>> RocksMessageQueue::Dequeue(std::span<const std::string> queues,
                                                         const DequeueOptions& options) {
  if (queues.empty() || queues.size() > kDequeueQueuesMax) {
    return Status::InvalidArgument("dequeue from 1 to " + std::to_string(kDequeueQueuesMax) +
                                   " queues");
  }
  for (const std::string& queue : queues) TANDEM_RETURN_IF_ERROR(CheckName("queue", queue));
  if (options.max_messages == 0) return Status::InvalidArgument("max_messages must not be 0");
  if (options.lease <= std::chrono::milliseconds::zero()) {
    return Status::InvalidArgument("a lease has a positive duration");
  }
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
