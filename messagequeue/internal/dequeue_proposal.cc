#include "messagequeue/internal/dequeue_proposal.h"

#include "base/key_encoding.h"
#include "base/rocks/rocks_status.h"

namespace tandem::internal {

Status RocksMessageQueue::DequeueProposal::Stage(Staging& staging, Timestamp now) {
  while (deliveries_.size() < messages_max_ && groups_ < groups_max_ && !full_ && !moved_enough_) {
    std::optional<Candidate> candidate = PopOldest(*owner_.memory_.Lock(), now);
    if (!candidate.has_value()) {
      failure_ = owner_.Refill(queues_);  // a window may have run empty
      if (failure_.ok()) candidate = PopOldest(*owner_.memory_.Lock(), now);
    }
    if (!candidate.has_value()) break;
    const bool alone = candidate->entry.group.empty();
    if (!alone && groups_max_ == 1 && !deliveries_.empty()) {
      PutBack(candidate->queue, candidate->entry);
      break;
    }
    const Result<bool> taken =
        alone ? TakeAlone(*candidate, staging, now) : TakeGroup(*candidate, staging, now);
    TANDEM_RETURN_IF_ERROR(broken_);
    if (taken.ok() && *taken) {
      if (!failure_.ok()) break;  // the rest of a group can't be read
      continue;
    }
    // Nothing was staged of it.
    if (taken.status().code() == StatusCode::kCorruption) {
      SetAside(candidate->queue, candidate->entry.place,
               Damage{candidate->entry.group, candidate->entry.place});
      continue;
    }
    PutBack(candidate->queue, candidate->entry);
    if (!taken.ok()) failure_ = taken.status();
    break;
  }
  owner_.StageRecords(effects_, staging);
  return Status::Ok();
}

std::optional<RocksMessageQueue::DequeueProposal::Candidate>
RocksMessageQueue::DequeueProposal::PopOldest(QueueMemory& memory, Timestamp now) {
  const std::string* oldest_queue = nullptr;
  QueueState* oldest = nullptr;
  Place oldest_place;  // by the clock: queues need not agree on the time
  for (const std::string& queue : queues_) {
    owner_.OfferExpired(memory, queue, now);
    QueueState& state = memory.queues.find(queue)->second;  // BeginCall has made it
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

Result<bool> RocksMessageQueue::DequeueProposal::TakeAlone(Candidate& candidate, Staging& staging,
                                                           Timestamp now) {
  const Place& place = candidate.entry.place;
  const LeaseItem item{candidate.queue, {}, place.id};
  const Obstacle obstacle = FindLease(item);
  if (obstacle.holds) return true;
  const std::string key = ReadyKey(candidate.queue, place, {});
  if (staging.DeletedByStaged(owner_.family_, key)) return true;
  std::optional<std::string> record = std::move(candidate.record);
  if (record->empty()) {
    // Not through the view: it shows payloads only once their group is no longer in flight, which
    // ends after the message was published.
    TANDEM_ASSIGN_OR_RETURN(record, owner_.GetWritten(candidate.queue, key));
    if (!record.has_value()) return true;
  }
  TANDEM_ASSIGN_OR_RETURN(Found found, Read(item, place, *record, staging));
  if (IsDead(found)) {
    TANDEM_RETURN_IF_ERROR(CheckDeadLetters(item, staging));
    if (!Condemn(found)) return false;
    if (obstacle.lease != nullptr) owner_.EndLease(*obstacle.lease);
    std::vector<Found> dying;
    dying.push_back(std::move(found));
    broken_ = MoveToDeadLetters(item, std::move(dying), staging, now);
    return true;
  }
  const std::size_t first = deliveries_.size();
  if (!Deliver(item, std::move(found), staging)) return false;
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
  if (!state.has_value() || candidate.entry.place != state->ready()) {
    const std::string key = ReadyKey(candidate.queue, candidate.entry.place, group);
    TANDEM_ASSIGN_OR_RETURN(const auto entry, staging.Get(owner_.family_, key));
    if (entry.has_value()) {  // and the record says otherwise
      broken_ =
          owner_.RestoreGroup(candidate.queue, candidate.entry, state, staging, now, effects_);
      return true;
    }
  }
  if (!state.has_value()) return true;
  if (candidate.entry.place < state->ready()) {
    PutBack(candidate.queue, ReadyEntry{state->ready(), group});
    return true;
  }

  const std::size_t first = deliveries_.size();
  std::vector<Found> dying;
  TakeMembers(item, *state, staging, candidate.time.Of(now), &dying);
  const bool delivered = deliveries_.size() > first;
  if (!delivered && dying.empty()) {
    if (!failure_.ok()) return failure_;
    return !full_ && !moved_enough_;
  }
  if (obstacle.lease != nullptr) owner_.EndLease(*obstacle.lease);
  // First, so that the rest of the group is leased when its place moves.
  if (delivered) {
    Grant(item, state->ready(), first, now);
    ++groups_;
  }
  broken_ = MoveToDeadLetters(item, std::move(dying), staging, now);
  if (!delivered && !failure_.ok()) return failure_;
  return true;
}

void RocksMessageQueue::DequeueProposal::TakeMembers(const LeaseItem& item, const GroupState& state,
                                                     Staging& staging, Timestamp queue_now,
                                                     std::vector<Found>* dying) {
  const std::string prefix = MemberPrefix(item.queue, item.group);
  const std::string head = MemberKey(item.queue, item.group, state.head);
  // What is in the database only: a message is not delivered before the events of its batch can be
  // read. And nothing behind one that is not: it comes first, and its publication offers the group.
  const std::string end = staging.FirstUnwritten(owner_.family_, head, PrefixEnd(prefix));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(staging.db()->NewIterator(options, owner_.family_));
  Place reached = state.head;
  for (it->Seek(head); it->Valid(); it->Next()) {
    if (staging.DeletedByStaged(owner_.family_, ToView(it->key()))) continue;
    const std::optional<Place> place = ParseMemberKey(ToView(it->key()), prefix);
    if (!place.has_value()) continue;
    if (place->visible_at > queue_now) break;
    reached = *place;
    Result<Found> found = Read(item, *place, ToView(it->value()), staging);
    failure_ = found.status();
    if (failure_.ok() && IsDead(*found) && dying->empty()) {
      failure_ = CheckDeadLetters(item, staging);
    }
    if (!failure_.ok()) break;
    if (!IsDead(*found)) {
      if (!Deliver(item, *std::move(found), staging)) break;
    } else if (Condemn(*found)) {
      dying->push_back(*std::move(found));
    } else {
      break;
    }
  }
  if (failure_.ok()) failure_ = FromRocks(it->status(), "read of group '" + item.group + "'");
  if (failure_.code() != StatusCode::kCorruption) return;
  // Nothing behind it can be delivered: the order of a group is a promise.
  SetAside(item.queue, state.ready(), Damage{item.group, reached});
  failure_ = Status::Ok();
}

void RocksMessageQueue::DequeueProposal::SetAside(const std::string& queue, const Place& ready,
                                                  Damage damage) {
  moved_enough_ = moved_enough_ || ++set_aside_ == kDyingMax;
  const auto memory = owner_.memory_.Lock();
  memory->queues.find(queue)->second.damaged.insert_or_assign(ready, std::move(damage));
}

Result<RocksMessageQueue::DequeueProposal::Found> RocksMessageQueue::DequeueProposal::Read(
    const LeaseItem& item, const Place& place, std::string_view record,
    const Staging& staging) const {
  Found found;
  found.place = place;
  const std::string key = RecordKey(item.queue, item.group, place);
  TANDEM_ASSIGN_OR_RETURN(found.message, DecodeMessage(key, record, item.queue, place.id));
  TANDEM_ASSIGN_OR_RETURN(found.deliveries, owner_.DeliveriesOf(staging, item.queue, place.id));
  return found;
}

bool RocksMessageQueue::DequeueProposal::Condemn(const Found& found) {
  const std::size_t bytes = dying_bytes_ + found.message.payload.size();
  moved_enough_ = dying_ > 0 && (dying_ == kDyingMax || bytes > kDyingBytesMax);
  if (moved_enough_) return false;
  ++dying_;
  dying_bytes_ = bytes;
  return true;
}

Status RocksMessageQueue::DequeueProposal::CheckDeadLetters(const LeaseItem& item,
                                                            const View& view) {
  const std::string dead = DeadLetterQueue(item.queue);
  TANDEM_RETURN_IF_ERROR(owner_.Use(dead, effects_));
  if (item.group.empty()) return Status::Ok();
  return owner_.groups_.Get(view, dead, item.group).status();
}

Status RocksMessageQueue::DequeueProposal::MoveToDeadLetters(const LeaseItem& item,
                                                             std::vector<Found> dying,
                                                             Staging& staging, Timestamp now) {
  if (dying.empty()) return Status::Ok();
  std::vector<MessageRef> refs;
  refs.reserve(dying.size());
  for (const Found& found : dying) refs.push_back(found.message.RefAt(found.place));
  TANDEM_RETURN_IF_ERROR(owner_.Remove(item.queue, item.group, refs, now, staging, effects_));
  const std::string dead = DeadLetterQueue(item.queue);
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, owner_.TimeOf(dead));
  for (Found& found : dying) {
    Envelope& envelope = found.message;
    envelope.dead_letter = DeadLetter{item.queue, found.deliveries};
    TANDEM_RETURN_IF_ERROR(owner_.Insert(dead, item.group, Place{time.Of(now), found.place.id},
                                         envelope, found.message.payload, now, staging, effects_));
  }
  return Status::Ok();
}

bool RocksMessageQueue::DequeueProposal::Deliver(const LeaseItem& item, Found found,
                                                 Staging& staging) {
  StoredMessage& message = found.message;
  full_ = !Fits(message.payload.size());
  if (full_) return false;
  const std::uint32_t count = found.deliveries + 1;
  const std::string delivered = DeliveredKey(item.queue, found.place.id);
  staging.Put(owner_.family_, delivered, EncodeDelivered(delivered, count));
  bytes_ += message.payload.size();
  refs_.push_back(message.RefAt(found.place));
  Delivery delivery;
  delivery.queue = item.queue;
  delivery.id = found.place.id;
  delivery.key = std::move(message.key);
  delivery.group = item.group;
  delivery.delivery_count = count;
  delivery.enqueued_at = message.enqueued_at;
  delivery.payload = std::move(message.payload);
  delivery.dead_letter = std::move(message.dead_letter);
  deliveries_.push_back(std::move(delivery));
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
    lease->messages.push_back(refs_[i]);
  }
  QueueState& state = memory->queues.find(item.queue)->second;
  if (lease->deadline < state.watched) Rearm(state);
  // What was delayed is ready from now on, whatever the clock says when the store is opened again.
  Timestamp visible_at = ready.visible_at;
  for (const MessageRef& message : lease->messages) {
    visible_at = std::max(visible_at, message.place.visible_at);
  }
  if (visible_at > state.latest) Touch(item.queue, state, now, effects_);
  memory->leases.Insert(std::move(lease));
}

void RocksMessageQueue::DequeueProposal::PutBack(const std::string& queue,
                                                 const ReadyEntry& entry) {
  const auto memory = owner_.memory_.Lock();
  QueueState& state = memory->queues.find(queue)->second;
  state.window.Add(entry);
  // Whoever was woken for it may have looked while it was out of the window.
  Wake(state);
}

}  // namespace tandem::internal
