#pragma once

// A Clock tells the time and owns waiting for it. A thread that blocks does so in Clock::WaitUntil
// on a Signal, so a ManualClock (base/manual_clock.h) can wake every waiter without a real second
// passing.

#include <chrono>
#include <memory>
#include <stop_token>

#include "tandem/base/mutex.h"
#include "tandem/base/timestamp.h"

namespace tandem {

// Any thread can notify it that what it waits for may have come. Notify takes short locks only: it
// may be called while others are held.
class Notifiable {
 public:
  Notifiable() = default;
  Notifiable(const Notifiable&) = delete;
  Notifiable& operator=(const Notifiable&) = delete;

  virtual void Notify() = 0;

 protected:
  ~Notifiable() = default;
};

// A sticky wake-up call: a Notify before the wait is not lost, and wakes it at once. One waiter at
// a time; Notify from any thread.
class Signal final : public Notifiable {
 public:
  void Notify() override;

  // Blocks until notified, and takes the notification.
  void Wait();

  // Takes a notification if there is one.
  bool TryTake();

 private:
  friend class SystemClock;

  Mutex mutex_;
  CondVar changed_;
  bool notified_ TANDEM_GUARDED_BY(mutex_) = false;
};

// Notifies when stop is requested, also if that was before; for as long as it lives.
class NotifyOnStop {
 public:
  NotifyOnStop(const std::stop_token& stop, Notifiable& waiter)
      : callback_(stop, Notifier(&waiter)) {}

 private:
  class Notifier {
   public:
    explicit Notifier(Notifiable* waiter) : waiter_(waiter) {}
    void operator()() const { waiter_->Notify(); }

   private:
    Notifiable* waiter_;
  };
  std::stop_callback<Notifier> callback_;
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes backwards within one clock.
  virtual Timestamp Now() const = 0;

  // Blocks until `signal` is notified or Now() >= deadline, and takes the notification if there is
  // one. False when the deadline has come. A wake-up may be spurious: callers check their condition
  // again after either.
  virtual bool WaitUntil(Signal& signal, Timestamp deadline) = 0;
};

// Blocks for `duration` of the clock; false when stop was requested before.
bool SleepFor(Clock& clock, std::chrono::milliseconds duration, const std::stop_token& stop);

// The wall clock as of construction, advanced from there by the time since the machine was started,
// also what it slept of that: a step of the system's clock moves neither deadlines nor leases, and
// a night in suspend is a night. A wait whose deadline has come in suspend ends at most ten seconds
// after the machine has woken.
class SystemClock final : public Clock {
 public:
  SystemClock();
  Timestamp Now() const override;
  bool WaitUntil(Signal& signal, Timestamp deadline) override;

 private:
  const Timestamp wall_start_;
  const std::chrono::microseconds boot_start_;  // of the time since the machine was started
};

}  // namespace tandem
