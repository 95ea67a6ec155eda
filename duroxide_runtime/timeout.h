#pragma once

// How long a call of a client, or a shutdown, waits at most.

#include <chrono>
#include <stop_token>
#include <utility>

#include "tandem/base/timestamp.h"

namespace duroxide {

// In any unit from milliseconds up; hours::max() is forever.
using Timeout = tandem::Saturated<std::chrono::milliseconds>;

// When a call gives up waiting: after a time, when a stop is requested, or at whichever comes
// first.
//
//   client.Wait(kTrip, "trip-7", std::chrono::seconds(30));
//   client.Wait(kTrip, "trip-7", stop_token);
//   client.Wait(kTrip, "trip-7", {std::chrono::seconds(30), stop_token});
class WaitLimit {
 public:
  // NOLINTBEGIN(google-explicit-constructor): as an argument in place of either.
  template <typename Rep, typename Period>
  WaitLimit(std::chrono::duration<Rep, Period> timeout) : timeout_(timeout) {}
  WaitLimit(Timeout timeout) : timeout_(timeout) {}
  WaitLimit(std::stop_token stop)
      : timeout_(std::chrono::milliseconds::max()), stop_(std::move(stop)) {}
  // NOLINTEND(google-explicit-constructor)
  WaitLimit(Timeout timeout, std::stop_token stop) : timeout_(timeout), stop_(std::move(stop)) {}

  std::chrono::milliseconds timeout() const { return timeout_.value(); }
  const std::stop_token& stop() const { return stop_; }

 private:
  Timeout timeout_;
  std::stop_token stop_;
};

}  // namespace duroxide
