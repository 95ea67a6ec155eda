#pragma once

// A clock that moves only when told to, and then wakes every waiter whose deadline has come. Tests
// advance it instead of sleeping. Thread-safe.

#include <cstddef>
#include <map>
#include <stop_token>
#include <vector>

#include "tandem/base/clock.h"

namespace tandem {

class ManualClock final : public Clock {
 public:
  // Starts in the year 2001: a round number that is no accident in a log.
  explicit ManualClock(Timestamp start = Timestamp(std::chrono::seconds(1'000'000'000)))
      : now_(start) {}

  Timestamp Now() const override;
  bool WaitUntil(Signal& signal, Timestamp deadline) override;

  // REQUIRES: duration >= 0
  void Advance(std::chrono::microseconds duration);

  // Moves to the earliest deadline that somebody waits for; false, and no move, if there is none.
  bool AdvanceToNextDeadline();

  // Blocks, in real time, until somebody waits for a deadline at most `within` away, and moves to
  // it; but not before everybody whose deadline has come has stopped waiting. False, and no move,
  // once stop is requested. In a loop it lets time pass just as fast as others wait for it.
  bool AdvanceWhenAwaited(std::chrono::microseconds within, const std::stop_token& stop);

  // Blocks, in real time, until at least `count` callers wait in WaitUntil. Lets a test act when
  // another thread is known to be blocked.
  void AwaitWaiters(std::size_t count) const;

 private:
  void MoveTo(Timestamp now) TANDEM_REQUIRES(mutex_);

  mutable Mutex mutex_;
  mutable CondVar waiters_changed_;
  Timestamp now_ TANDEM_GUARDED_BY(mutex_);
  std::multimap<Timestamp, Signal*> waiters_ TANDEM_GUARDED_BY(mutex_);
};

}  // namespace tandem
