#include "tandem/messagequeue/internal/dequeue_proposal.h"

#include "tandem/base/key_encoding.h"
#include "tandem/base/rocks/rocks_status.h"

namespace tandem::internal {

Status DequeueProposal::Stage(Staging& staging, Timestamp now) {
  const StagingContext context{staging, effects_, now};
  while (deliveries_.size() < messages_max_ && groups_ < groups_max_ && !full_ && !moved_enough_) {
    std::optional<Candidate> candidate = parts_.ready.PopOldest(queues_, now);
    if (!candidate.has_value()) {
      failure_ = parts_.ready.Refill(queues_);  // a window may have run empty
      if (failure_.ok()) candidate = parts_.ready.PopOldest(queues_, now);
    }
    if (!candidate.has_value()) break;
    const bool alone = candidate->entry.group.empty();
    if (!alone && groups_max_ == 1 && !deliveries_.empty()) {
      parts_.ready.PutBack(candidate->queue, candidate->entry);
      break;
    }
    const Result<bool> taken =
        alone ? TakeAlone(*candidate, context) : TakeGroup(*candidate, context);
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
    parts_.ready.PutBack(candidate->queue, candidate->entry);
    if (!taken.ok()) failure_ = taken.status();
    break;
  }
  parts_.states.StageRecords(effects_, staging);
  return Status::Ok();
}

Result<bool> DequeueProposal::TakeAlone(Candidate& candidate, const StagingContext& context) {
  const Place& place = candidate.entry.place;
  const LeaseItem item{candidate.queue, {}, place.id};
  const Obstacle obstacle = parts_.leases.Find(item);
  if (obstacle.holds) return true;
  const std::string key = ReadyKey(candidate.queue, place, {});
  if (context.staging.DeletedByStaged(parts_.rows.family(), key)) return true;
  std::optional<std::string> record = std::move(candidate.record);
  if (record->empty()) {
    // Not through the view: it shows payloads only once their group is no longer in flight, which
    // ends after the message was published.
    TANDEM_ASSIGN_OR_RETURN(record, parts_.rows.GetWritten(candidate.queue, key));
    if (!record.has_value()) return true;
  }
  TANDEM_ASSIGN_OR_RETURN(Found found, Read(item, place, *record, context.staging));
  if (IsDead(found)) {
    TANDEM_RETURN_IF_ERROR(CheckDeadLetters(item, context.staging));
    if (!Condemn(found)) return false;
    if (obstacle.lease != nullptr) parts_.leases.End(*obstacle.lease);
    std::vector<Found> dying;
    dying.push_back(std::move(found));
    broken_ = MoveToDeadLetters(item, std::move(dying), context);
    return true;
  }
  const std::size_t first = deliveries_.size();
  if (!Deliver(item, std::move(found), context.staging)) return false;
  if (obstacle.lease != nullptr) parts_.leases.End(*obstacle.lease);
  Grant(item, place, first, context);
  return true;
}

Result<bool> DequeueProposal::TakeGroup(const Candidate& candidate, const StagingContext& context) {
  const std::string& group = candidate.entry.group;
  const LeaseItem item{candidate.queue, group, 0};
  const Obstacle obstacle = parts_.leases.Find(item);
  if (obstacle.holds) return true;
  // The candidate's place may be outdated, by a batch that is not published yet or by a message
  // that was gone before it was published: the record decides.
  TANDEM_ASSIGN_OR_RETURN(const std::optional<GroupState> state,
                          parts_.rows.groups().Get(context.staging, candidate.queue, group));
  if (!state.has_value() || candidate.entry.place != state->ready()) {
    const std::string key = ReadyKey(candidate.queue, candidate.entry.place, group);
    TANDEM_ASSIGN_OR_RETURN(const auto entry, context.staging.Get(parts_.rows.family(), key));
    if (entry.has_value()) {  // and the record says otherwise
      broken_ = parts_.writer.RestoreGroup(candidate.queue, candidate.entry, state, context);
      return true;
    }
  }
  if (!state.has_value()) return true;
  if (candidate.entry.place < state->ready()) {
    parts_.ready.PutBack(candidate.queue, ReadyEntry{state->ready(), group});
    return true;
  }

  const std::size_t first = deliveries_.size();
  std::vector<Found> dying;
  TakeMembers(item, *state, context.staging, candidate.time.Of(context.now), &dying);
  const bool delivered = deliveries_.size() > first;
  if (!delivered && dying.empty()) {
    if (!failure_.ok()) return failure_;
    return !full_ && !moved_enough_;
  }
  if (obstacle.lease != nullptr) parts_.leases.End(*obstacle.lease);
  // First, so that the rest of the group is leased when its place moves.
  if (delivered) {
    Grant(item, state->ready(), first, context);
    ++groups_;
  }
  broken_ = MoveToDeadLetters(item, std::move(dying), context);
  if (!delivered && !failure_.ok()) return failure_;
  return true;
}

void DequeueProposal::TakeMembers(const LeaseItem& item, const GroupState& state, Staging& staging,
                                  Timestamp queue_now, std::vector<Found>* dying) {
  const std::string prefix = MemberPrefix(item.queue, item.group);
  const std::string head = MemberKey(item.queue, item.group, state.head);
  // What is in the database only: a message is not delivered before the events of its batch can be
  // read. And nothing behind one that is not: it comes first, and its publication offers the group.
  const std::string end = staging.FirstUnwritten(parts_.rows.family(), head, PrefixEnd(prefix));
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(
      staging.db()->NewIterator(options, parts_.rows.family()));
  Place reached = state.head;
  for (it->Seek(head); it->Valid(); it->Next()) {
    if (staging.DeletedByStaged(parts_.rows.family(), ToView(it->key()))) continue;
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

void DequeueProposal::SetAside(const std::string& queue, const Place& ready, Damage damage) {
  moved_enough_ = moved_enough_ || ++set_aside_ == kDyingMax;
  parts_.ready.SetAside(queue, ready, std::move(damage));
}

Result<DequeueProposal::Found> DequeueProposal::Read(const LeaseItem& item, const Place& place,
                                                     std::string_view record,
                                                     const Staging& staging) const {
  Found found;
  found.place = place;
  const std::string key = RecordKey(item.queue, item.group, place);
  TANDEM_ASSIGN_OR_RETURN(found.message, DecodeMessage(key, record, item.queue, place.id));
  TANDEM_ASSIGN_OR_RETURN(found.deliveries,
                          parts_.rows.DeliveriesOf(staging, item.queue, place.id));
  return found;
}

bool DequeueProposal::Condemn(const Found& found) {
  const std::size_t bytes = dying_bytes_ + found.message.payload.size();
  moved_enough_ = dying_ > 0 && (dying_ == kDyingMax || bytes > kDyingBytesMax);
  if (moved_enough_) return false;
  ++dying_;
  dying_bytes_ = bytes;
  return true;
}

Status DequeueProposal::CheckDeadLetters(const LeaseItem& item, const View& view) {
  const std::string dead = DeadLetterQueue(item.queue);
  TANDEM_RETURN_IF_ERROR(parts_.states.Use(dead, effects_));
  if (item.group.empty()) return Status::Ok();
  return parts_.rows.groups().Get(view, dead, item.group).status();
}

Status DequeueProposal::MoveToDeadLetters(const LeaseItem& item, std::vector<Found> dying,
                                          const StagingContext& context) {
  if (dying.empty()) return Status::Ok();
  std::vector<MessageRef> refs;
  refs.reserve(dying.size());
  for (const Found& found : dying) refs.push_back(found.message.RefAt(found.place));
  TANDEM_RETURN_IF_ERROR(parts_.writer.Remove(item.queue, item.group, refs, context));
  const std::string dead = DeadLetterQueue(item.queue);
  TANDEM_ASSIGN_OR_RETURN(const QueueTime time, parts_.states.TimeOf(dead));
  for (Found& found : dying) {
    Envelope& envelope = found.message;
    envelope.dead_letter = DeadLetter{item.queue, found.deliveries};
    TANDEM_RETURN_IF_ERROR(parts_.writer.Insert(
        dead, ReadyEntry{Place{time.Of(context.now), found.place.id}, item.group}, envelope,
        found.message.payload, context));
  }
  return Status::Ok();
}

bool DequeueProposal::Deliver(const LeaseItem& item, Found found, Staging& staging) {
  StoredMessage& message = found.message;
  full_ = !Fits(message.payload.size());
  if (full_) return false;
  const std::uint32_t count = found.deliveries + 1;
  parts_.rows.CountDelivery(item.queue, found.place.id, count, staging);
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

void DequeueProposal::Grant(const LeaseItem& item, const Place& ready, std::size_t first,
                            const StagingContext& context) {
  const auto refs = refs_.begin() + static_cast<std::ptrdiff_t>(first);
  const LockToken token = parts_.leases.Grant(item, ready, {refs, refs_.end()}, lease_, context);
  for (std::size_t i = first; i < deliveries_.size(); ++i) deliveries_[i].lock_token = token;
}

}  // namespace tandem::internal
