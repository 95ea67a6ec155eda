#pragma once

// Points in time and durations, as values: nothing here looks at a clock (base/clock.h).

#include <chrono>
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
constexpr Timestamp SaturatingAdd(Timestamp start, std::chrono::microseconds duration) {
  if (duration > std::chrono::microseconds::zero() && start > kNever - duration) return kNever;
  if (duration < std::chrono::microseconds::zero() && start < Timestamp::min() - duration) {
    return Timestamp::min();
  }
  return start + duration;
}

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

}  // namespace tandem
