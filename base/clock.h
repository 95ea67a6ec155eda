#pragma once

// A Clock tells the time and owns waiting for it: whoever blocks, blocks in Clock::WaitUntil on a
// Signal, so a ManualClock (base/manual_clock.h) can wake every waiter without a real second
// passing.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <type_traits>

namespace tandem {

// The duration in a finer unit; the longest, or the shortest, where it does not fit.
template <typename To, typename Rep, typename Period>
  requires std::is_convertible_v<std::chrono::duration<Rep, Period>, To>
constexpr To SaturatingCast(std::chrono::duration<Rep, Period> duration) {
  using Wide = std::chrono::duration<std::common_type_t<Rep, typename To::rep>, Period>;
  if (duration > std::chrono::duration_cast<Wide>(To::max())) return To::max();
  if constexpr (std::is_signed_v<Rep>) {
    if (duration < std::chrono::duration_cast<Wide>(To::min())) return To::min();
  }
  return std::chrono::duration_cast<To>(duration);
}

// A parameter or an option that takes a duration in any coarser unit, where the conversion of the
// language would overflow: hours::max(), "forever", would be "at once".
template <typename To>
class Saturated {
 public:
  constexpr Saturated() = default;

  template <typename Rep, typename Period>
    requires std::is_convertible_v<std::chrono::duration<Rep, Period>, To>
  constexpr Saturated(  // NOLINT(google-explicit-constructor): as the conversion that it replaces
      std::chrono::duration<Rep, Period> duration)
      : value_(SaturatingCast<To>(duration)) {}

  constexpr To value() const { return value_; }

 private:
  To value_ = To::zero();
};

// Microseconds since the Unix epoch.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

constexpr Timestamp kNever = Timestamp::max();

// `duration` after `start`, kNever where that is out of range.
Timestamp SaturatingAdd(Timestamp start, std::chrono::microseconds duration);

// The same for a coarser unit, whose longest durations do not fit in microseconds.
template <typename Rep, typename Period>
Timestamp SaturatingAdd(Timestamp start, std::chrono::duration<Rep, Period> duration) {
  using Duration = std::chrono::duration<Rep, Period>;
  using std::chrono::microseconds;
  constexpr auto kLongest = std::chrono::duration_cast<Duration>(microseconds::max());
  if (duration > kLongest) return kNever;
  if (duration < -kLongest) return Timestamp::min();
  return SaturatingAdd(start, microseconds(duration));
}

// Can be told, from any thread, that what it waits for may have come. Notify takes short locks
// only: it may be called while others are held.
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

  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;  // guarded by mutex_
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
