#include "base/clock.h"

#include <utility>

namespace tandem {

Timestamp SaturatingAdd(Timestamp start, std::chrono::microseconds duration) {
  if (duration > std::chrono::microseconds::zero() && start > kNever - duration) return kNever;
  if (duration < std::chrono::microseconds::zero() && start < Timestamp::min() - duration) {
    return Timestamp::min();
  }
  return start + duration;
}

void Signal::Notify() {
  std::lock_guard lock(mutex_);
  notified_ = true;
  changed_.notify_one();  // under the lock: the waiter may destroy the signal once it has woken
}

void Signal::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return notified_; });
  notified_ = false;
}

bool Signal::TryTake() {
  std::lock_guard lock(mutex_);
  return std::exchange(notified_, false);
}

SystemClock::SystemClock()
    : wall_start_(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())),
      steady_start_(std::chrono::steady_clock::now()) {}

Timestamp SystemClock::Now() const {
  return wall_start_ + std::chrono::floor<std::chrono::microseconds>(
                           std::chrono::steady_clock::now() - steady_start_);
}

bool SystemClock::WaitUntil(Signal& signal, Timestamp deadline) {
  // One wait is cut at an hour, far inside the range of the steady clock.
  constexpr std::chrono::hours kWaitMax{1};
  while (true) {
    const Timestamp now = Now();
    if (now >= deadline) {
      signal.TryTake();
      return false;
    }
    std::chrono::microseconds wait = kWaitMax;
    if (deadline != kNever && deadline - now < wait) wait = deadline - now;
    std::unique_lock lock(signal.mutex_);
    if (signal.changed_.wait_for(lock, wait, [&signal] { return signal.notified_; })) {
      signal.notified_ = false;
      return true;
    }
  }
}

}  // namespace tandem
