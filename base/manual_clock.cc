#include "tandem/base/manual_clock.h"

#include "tandem/base/check.h"

namespace tandem {

Timestamp ManualClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

bool ManualClock::WaitUntil(Signal& signal, Timestamp deadline) {
  std::multimap<Timestamp, Signal*>::iterator self;
  {
    std::lock_guard lock(mutex_);
    if (now_ >= deadline) {
      signal.TryTake();
      return false;
    }
    self = waiters_.emplace(deadline, &signal);
    waiters_changed_.notify_all();
  }
  signal.Wait();  // for its own notification, or for MoveTo's
  std::lock_guard lock(mutex_);
  waiters_.erase(self);
  return now_ < deadline;
}

void ManualClock::Advance(std::chrono::microseconds duration) {
  TANDEM_CHECK(duration >= std::chrono::microseconds::zero(), "time does not go backwards");
  std::lock_guard lock(mutex_);
  MoveTo(SaturatingAdd(now_, duration));
}

bool ManualClock::AdvanceToNextDeadline() {
  std::lock_guard lock(mutex_);
  const auto next = waiters_.upper_bound(now_);
  if (next == waiters_.end() || next->first == kNever) return false;
  MoveTo(next->first);
  return true;
}

void ManualClock::MoveTo(Timestamp now) {
  now_ = now;
  for (auto it = waiters_.begin(); it != waiters_.end() && it->first <= now_; ++it) {
    it->second->Notify();
  }
}

void ManualClock::AwaitWaiters(std::size_t count) const {
  std::unique_lock lock(mutex_);
  waiters_changed_.wait(lock, [&] { return waiters_.size() >= count; });
}

}  // namespace tandem
