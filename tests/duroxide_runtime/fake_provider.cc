#include "tests/duroxide_runtime/fake_provider.h"

#include <algorithm>
#include <tuple>

namespace duroxide::testing {

using tandem::Result;
using tandem::Status;
using tandem::Timestamp;

Result<tandem::BatchResult> FakeProvider::AtomicBatch(std::vector<tandem::Operation> operations,
                                                      const tandem::BatchOptions&) {
  std::lock_guard lock(mutex_);
  std::vector<tandem::OperationFailure> failures;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Status status = Check(operations[i]);
    if (!status.ok()) failures.push_back({i, status});
  }
  if (!failures.empty()) return Status::OfFailures(std::move(failures));
  tandem::BatchResult result;
  for (const tandem::Operation& operation : operations) {
    result.operations.push_back(Apply(operation));
  }
  NotifyAll();
  return result;
}

Status FakeProvider::Check(const tandem::Operation& operation) const {
  const auto check_version = [&](const tandem::StreamId& stream, const tandem::Expected& expected) {
    const auto found = streams_.find(stream);
    const tandem::Version head = found == streams_.end() ? 0 : found->second.size();
    if (expected.Holds(head)) return Status::Ok();
    return Status::Conflict(expected.ToString(), head);
  };
  if (const auto* append = std::get_if<tandem::AppendEvents>(&operation)) {
    return check_version(append->stream, append->expected);
  }
  if (const auto* check = std::get_if<tandem::CheckVersion>(&operation)) {
    return check_version(check->stream, check->expected);
  }
  if (const auto* check = std::get_if<tandem::CheckMetadata>(&operation)) {
    std::optional<std::string> actual;
    if (const auto stream = metadata_.find(check->stream); stream != metadata_.end()) {
      const auto entry = stream->second.find(check->key);
      if (entry != stream->second.end()) actual = entry->second;
    }
    if (actual == check->expected) return Status::Ok();
    return Status::Conflict("metadata '" + check->key + "' as given", 0);
  }
  if (const auto* ack = std::get_if<tandem::DeleteMessages>(&operation)) {
    return CheckToken(ack->lock_token);
  }
  if (const auto* abandon = std::get_if<tandem::AbandonMessages>(&operation)) {
    return CheckToken(abandon->lock_token);
  }
  return Status::Ok();
}

Status FakeProvider::CheckToken(const tandem::LockToken& token) const {
  if (leases_.contains(token.bytes)) return Status::Ok();
  return Status::LeaseLost(taken_.contains(token.bytes) ? tandem::LeaseLoss::kTaken
                                                        : tandem::LeaseLoss::kGone);
}

tandem::OperationResult FakeProvider::Apply(const tandem::Operation& operation) {
  if (const auto* append = std::get_if<tandem::AppendEvents>(&operation)) {
    std::vector<tandem::Event>& stream = streams_[append->stream];
    tandem::AppendResult result;
    result.first = stream.size() + 1;
    for (const std::string& payload : append->events) {
      stream.push_back({stream.size() + 1, ++position_, clock_.Now(), payload});
    }
    result.last = stream.size();
    result.position = append->events.empty() ? 0 : position_;
    return result;
  }
  if (const auto* update = std::get_if<tandem::UpdateMetadata>(&operation)) {
    auto& entries = metadata_[update->stream];
    for (const std::string& key : update->erase) entries.erase(key);
    for (const auto& [key, value] : update->set) entries[key] = value;
  } else if (const auto* enqueue = std::get_if<tandem::Enqueue>(&operation)) {
    return ApplyEnqueue(*enqueue);
  } else if (const auto* ack = std::get_if<tandem::DeleteMessages>(&operation)) {
    const std::vector<tandem::MessageId> messages = leases_.at(ack->lock_token.bytes).messages;
    EndLease(ack->lock_token.bytes, true, Timestamp::min());
    for (const tandem::MessageId id : messages) Remove(id);
  } else if (const auto* abandon = std::get_if<tandem::AbandonMessages>(&operation)) {
    EndLease(abandon->lock_token.bytes, abandon->count, clock_.Now() + abandon->delay);
  } else if (const auto* cancel = std::get_if<tandem::CancelMessage>(&operation)) {
    return ApplyCancel(*cancel);
  }
  return std::monostate();
}

tandem::OperationResult FakeProvider::ApplyEnqueue(const tandem::Enqueue& enqueue) {
  const std::pair<std::string, std::string> key(enqueue.queue, enqueue.options.key);
  if (!key.second.empty()) {
    if (const auto held = keys_.find(key); held != keys_.end()) {
      return tandem::EnqueueResult{held->second, tandem::EnqueueOutcome::kDuplicate};
    }
  }
  const Timestamp now = clock_.Now();
  Message message;
  message.queue = enqueue.queue;
  message.payload = enqueue.payload;
  message.group = enqueue.options.group;
  message.key = enqueue.options.key;
  message.enqueued_at = now;
  message.visible_at = now + enqueue.options.delay;
  if (enqueue.options.visible_at) message.visible_at = std::max(now, *enqueue.options.visible_at);
  const tandem::MessageId id = ++last_id_;
  if (!message.key.empty()) keys_[key] = id;
  messages_.emplace(id, std::move(message));
  return tandem::EnqueueResult{id, tandem::EnqueueOutcome::kQueued};
}

tandem::OperationResult FakeProvider::ApplyCancel(const tandem::CancelMessage& cancel) {
  const auto held = keys_.find({cancel.queue, cancel.key});
  if (held == keys_.end()) return tandem::CancelResult{false};
  const tandem::MessageId id = held->second;
  const std::string token = messages_.at(id).token;
  if (!token.empty()) EndLease(token, false, Timestamp::min());
  Remove(id);
  return tandem::CancelResult{true};
}

void FakeProvider::EndLease(const std::string& token, bool count, Timestamp hidden_until) {
  const Lease lease = leases_.at(token);
  leases_.erase(token);
  for (const tandem::MessageId id : lease.messages) {
    Message& message = messages_.at(id);
    message.token.clear();
    if (!count) message.delivery_count -= 1;
    if (lease.group.second.empty()) message.visible_at = std::max(message.visible_at, hidden_until);
  }
  if (!lease.group.second.empty()) groups_[lease.group] = Group{"", hidden_until};
}

void FakeProvider::Take(const std::string& token) {
  EndLease(token, true, Timestamp::min());
  taken_.insert(token);
}

void FakeProvider::Remove(tandem::MessageId id) {
  const Message& message = messages_.at(id);
  if (!message.key.empty()) keys_.erase({message.queue, message.key});
  messages_.erase(id);
}

Timestamp FakeProvider::EligibleAt(const Message& message) const {
  Timestamp at = message.visible_at;
  std::string token = message.token;
  if (!message.group.empty()) {
    const auto group = groups_.find({message.queue, message.group});
    if (group == groups_.end()) return at;
    at = std::max(at, group->second.hidden_until);
    token = group->second.token;
  }
  return token.empty() ? at : std::max(at, leases_.at(token).deadline);
}

Timestamp FakeProvider::NextEligible(std::span<const std::string> queues) const {
  Timestamp next = tandem::kNever;
  for (const auto& [id, message] : messages_) {
    if (std::find(queues.begin(), queues.end(), message.queue) == queues.end()) continue;
    next = std::min(next, EligibleAt(message));
  }
  return next;
}

std::vector<tandem::Delivery> FakeProvider::TakeReady(std::span<const std::string> queues,
                                                      const tandem::DequeueOptions& options) {
  const Timestamp now = clock_.Now();
  std::vector<std::pair<Timestamp, tandem::MessageId>> ready;
  for (const auto& [id, message] : messages_) {
    if (std::find(queues.begin(), queues.end(), message.queue) == queues.end()) continue;
    if (EligibleAt(message) <= now) ready.emplace_back(message.visible_at, id);
  }
  std::sort(ready.begin(), ready.end());
  std::vector<tandem::Delivery> deliveries;
  if (ready.empty()) return deliveries;

  const Message& oldest = messages_.at(ready.front().second);
  const std::pair<std::string, std::string> group(oldest.queue, oldest.group);
  std::string token;
  for (const auto& [visible_at, id] : ready) {
    Message& message = messages_.at(id);
    if (deliveries.size() == options.max_messages) break;
    if (message.group != group.second) continue;
    if (!group.second.empty() && message.queue != group.first) continue;
    if (group.second.empty() || deliveries.empty()) {
      const std::string old = group.second.empty() ? message.token : groups_[group].token;
      if (!old.empty()) Take(old);
      token = "token " + std::to_string(++last_token_);
      leases_[token].deadline = now + options.lease;
      leases_[token].group = {message.queue, message.group};
      if (!group.second.empty()) groups_[group] = Group{token, Timestamp::min()};
    }
    message.token = token;
    message.delivery_count += 1;
    leases_[token].messages.push_back(id);
    deliveries.push_back({{token},
                          message.queue,
                          id,
                          message.key,
                          message.group,
                          message.delivery_count,
                          message.enqueued_at,
                          message.payload});
  }
  return deliveries;
}

void FakeProvider::NotifyAll() {
  for (tandem::Signal* waiter : waiters_) waiter->Notify();
}

void FakeProvider::WaitFor(std::chrono::milliseconds wait, const std::stop_token& stop,
                           const std::function<bool(Timestamp& again_at)>& attempt) {
  tandem::Signal signal;
  const tandem::NotifyOnStop notify(stop, signal);
  std::unique_lock lock(mutex_);
  const Timestamp until = tandem::SaturatingAdd(clock_.Now(), wait);
  waiters_.insert(&signal);
  while (true) {
    Timestamp again_at = until;
    if (attempt(again_at) || stop.stop_requested() || clock_.Now() >= until) break;
    lock.unlock();
    clock_.WaitUntil(signal, std::min(again_at, until));
    lock.lock();
  }
  waiters_.erase(&signal);
}

Result<std::vector<tandem::Delivery>> FakeProvider::Dequeue(std::span<const std::string> queues,
                                                            const tandem::DequeueOptions& options) {
  std::vector<tandem::Delivery> deliveries;
  WaitFor(options.wait, options.stop, [&](Timestamp& again_at) {
    deliveries = TakeReady(queues, options);
    again_at = NextEligible(queues);
    return !deliveries.empty();
  });
  return deliveries;
}

Result<Timestamp> FakeProvider::Renew(const tandem::LockToken& token,
                                      std::chrono::milliseconds duration) {
  std::lock_guard lock(mutex_);
  TANDEM_RETURN_IF_ERROR(CheckToken(token));
  Lease& lease = leases_.at(token.bytes);
  lease.deadline = std::max<Timestamp>(lease.deadline, clock_.Now() + duration);
  return lease.deadline;
}

Result<tandem::EventPage> FakeProvider::Read(const tandem::StreamId& stream,
                                             const tandem::ReadOptions& options) {
  tandem::EventPage page;
  const tandem::Version from = options.from.value_or(1);
  WaitFor(options.wait, options.stop, [&](Timestamp&) {
    page = tandem::EventPage();
    const std::vector<tandem::Event>& events = streams_[stream];
    page.head = events.size();
    page.next = from;
    while (page.next <= page.head && page.events.size() < options.max_events) {
      page.events.push_back(events[page.next - 1]);
      page.next += 1;
    }
    return !page.events.empty();
  });
  return page;
}

Result<std::optional<tandem::PartitionHead>> FakeProvider::LatestPartition(
    std::string_view entity) {
  std::lock_guard lock(mutex_);
  std::optional<tandem::PartitionHead> latest;
  for (const auto& [stream, events] : streams_) {
    if (stream.entity == entity && !events.empty()) {
      latest = tandem::PartitionHead{stream.partition, events.size()};
    }
  }
  return latest;
}

Result<tandem::MetadataPage> FakeProvider::ReadMetadata(const tandem::StreamId& stream,
                                                        const tandem::MetadataOptions& options) {
  std::lock_guard lock(mutex_);
  tandem::MetadataPage page;
  for (const auto& [key, value] : metadata_[stream]) {
    if (key <= options.after || !key.starts_with(options.prefix)) continue;
    page.more = page.entries.size() == options.limit;
    if (page.more) break;
    page.entries.emplace_back(key, value);
  }
  return page;
}

Result<tandem::FeedPage> FakeProvider::ReadAll(tandem::Position, const tandem::FeedOptions&) {
  return Status::Unsupported("the fake provider has no feed");
}

}  // namespace duroxide::testing
