#include "tandem/eventstore/internal/stream_waiters.h"

namespace tandem::internal {

namespace {

// No stream of a caller has an empty entity.
const StreamId& AnyStream() {
  static const StreamId kAny;
  return kAny;
}

}  // namespace

StreamWaiters::Registration::Registration(StreamWaiters& waiters, const StreamId* stream,
                                          Notifiable& waiter)
    : waiters_(waiters) {
  auto signals = waiters_.signals_.Lock();
  self_ = signals->emplace(stream == nullptr ? AnyStream() : *stream, &waiter);
  ++waiters_.count_;
}

StreamWaiters::Registration::~Registration() {
  auto signals = waiters_.signals_.Lock();
  signals->erase(self_);
  --waiters_.count_;
}

void StreamWaiters::Notify(const StreamId& stream) {
  // Sequentially consistent with the registration: either this sees the waiter, or the waiter, who
  // reads the store after it registered, sees what was published before this call.
  if (count_ == 0) return;
  auto signals = signals_.Lock();
  for (const StreamId* key : {&stream, &AnyStream()}) {
    const auto [begin, end] = signals->equal_range(*key);
    for (auto it = begin; it != end; ++it) it->second->Notify();
  }
}

void StreamWaiters::NotifyEntity(std::string_view entity) {
  if (count_ == 0) return;  // as above
  auto signals = signals_.Lock();
  auto it = signals->lower_bound(StreamId{std::string(entity), 0});
  for (; it != signals->end() && it->first.entity == entity; ++it) it->second->Notify();
}

}  // namespace tandem::internal
