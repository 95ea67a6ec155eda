#include "messagequeue/internal/dequeue_proposal.h"

#include "base/key_encoding.h"
#include "base/record.h"
#include "base/rocks/rocks_status.h"
#include "messagequeue/queue_records.capnp.h"

namespace tandem::internal {

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

}  // namespace tandem::internal
