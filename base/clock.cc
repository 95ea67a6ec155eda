#include "tandem/base/clock.h"

#include <time.h>

#include <utility>

#include "tandem/base/check.h"

namespace tandem {

namespace {

// Not std::chrono::steady_clock: on Linux that stands still while the machine sleeps.
std::chrono::microseconds SinceBoot() {
  timespec time{};
  TANDEM_CHECK(clock_gettime(CLOCK_BOOTTIME, &time) == 0, "Linux has this clock");
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::seconds(time.tv_sec) +
                                                       std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

void Signal::Notify() {
  const MutexLock lock(mutex_);
  notified_ = true;
  changed_.NotifyOne();  // under the lock: the waiter may destroy the signal once it has woken
}

void Signal::Wait() {
  const MutexLock lock(mutex_);
  while (!notified_) changed_.Wait(mutex_);
  notified_ = false;
}

bool Signal::TryTake() {
  const MutexLock lock(mutex_);
  return std::exchange(notified_, false);
}

bool SleepFor(Clock& clock, std::chrono::milliseconds duration, const std::stop_token& stop) {
  Signal signal;
  const NotifyOnStop notify(stop, signal);
  const Timestamp until = SaturatingAdd(clock.Now(), duration);
  while (!stop.stop_requested() && clock.Now() < until) clock.WaitUntil(signal, until);
  return !stop.stop_requested();
}

SystemClock::SystemClock()
    : wall_start_(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())),
      boot_start_(SinceBoot()) {}

Timestamp SystemClock::Now() const { return wall_start_ + (SinceBoot() - boot_start_); }

bool SystemClock::WaitUntil(Signal& signal, Timestamp deadline) {
  // The clock of a condition variable stands still while the machine sleeps, so the wait looks
  // again.
  constexpr std::chrono::seconds kWaitMax{10};
  while (true) {
    const Timestamp now = Now();
    if (now >= deadline) {
      signal.TryTake();
      return false;
    }
    std::chrono::microseconds wait = kWaitMax;
    if (deadline != kNever && deadline - now < wait) wait = deadline - now;
    const auto until = std::chrono::steady_clock::now() + wait;
    const MutexLock lock(signal.mutex_);
    while (!signal.notified_ && signal.changed_.WaitUntil(signal.mutex_, until)) {
    }
    if (std::exchange(signal.notified_, false)) return true;
  }
}

}  // namespace tandem
