#include "tandem/base/manual_clock.h"

#include "tandem/base/check.h"

namespace tandem {

Timestamp ManualClock::Now() const {
  const MutexLock lock(mutex_);
  return now_;
}

bool ManualClock::WaitUntil(Signal& signal, Timestamp deadline) {
  std::multimap<Timestamp, Signal*>::iterator self;
  {
    const MutexLock lock(mutex_);
    if (now_ >= deadline) {
      signal.TryTake();
      return false;
    }
    self = waiters_.emplace(deadline, &signal);
    waiters_changed_.NotifyAll();
  }
  signal.Wait();  // for its own notification, or for MoveTo's
  const MutexLock lock(mutex_);
  waiters_.erase(self);
  waiters_changed_.NotifyAll();
  return now_ < deadline;
}

void ManualClock::Advance(std::chrono::microseconds duration) {
  TANDEM_CHECK(duration >= std::chrono::microseconds::zero(), "time does not go backwards");
  const MutexLock lock(mutex_);
  MoveTo(SaturatingAdd(now_, duration));
}

bool ManualClock::AdvanceToNextDeadline() {
  const MutexLock lock(mutex_);
  const auto next = waiters_.upper_bound(now_);
  if (next == waiters_.end() || next->first == kNever) return false;
  MoveTo(next->first);
  return true;
}

bool ManualClock::AdvanceWhenAwaited(std::chrono::microseconds within,
                                     const std::stop_token& stop) {
  // Before the lock, which its callback takes: destroying it waits for a callback that runs.
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    waiters_changed_.NotifyAll();
  });
  const MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto next = waiters_.begin();  // whoever is due comes first
    if (next != waiters_.end() && next->first > now_ &&
        next->first <= SaturatingAdd(now_, within)) {
      MoveTo(next->first);
      return true;
    }
    waiters_changed_.Wait(mutex_);
  }
  return false;
}

void ManualClock::MoveTo(Timestamp now) {
  now_ = now;
  for (auto it = waiters_.begin(); it != waiters_.end() && it->first <= now_; ++it) {
    it->second->Notify();
  }
}

void ManualClock::AwaitWaiters(std::size_t count) const {
  const MutexLock lock(mutex_);
  while (waiters_.size() < count) waiters_changed_.Wait(mutex_);
}

}  // namespace tandem
