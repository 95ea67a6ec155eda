#pragma once

// A queue has a time of its own, which never runs back, whatever the clock does between two
// openings of the store. Places (place.h), and until when a group is hidden, are times of the
// queue; leases are not: they end with the opening.
//
// While a store is open, the time of a queue is the clock's, put forward by a lead. The lead is
// zero, unless the clock stood before the latest time that the queue had stored when the store was
// opened: then the queue goes on from there. So what was enqueued without a delay is ready, and
// stands before what is enqueued now; and a delay that was under way lasts no longer than it
// lasted.

#include <algorithm>

#include "tandem/base/clock.h"

namespace tandem {

class QueueTime {
 public:
  QueueTime() = default;
  // Of a queue whose stored time is `latest`, in a store that was opened when the clock was at
  // `opened`.
  QueueTime(Timestamp opened, Timestamp latest) {
    if (latest > opened) lead_ = SaturatingAdd(latest, -SinceEpoch(opened)).time_since_epoch();
  }

  Timestamp Of(Timestamp clock) const { return SaturatingAdd(clock, lead_); }

  // When the clock shows that time of the queue. For what is shown, and for what is waited for.
  Timestamp ClockAt(Timestamp of_queue) const {
    return of_queue == kNever ? kNever : SaturatingAdd(of_queue, -lead_);
  }

 private:
  // Can be negated.
  static std::chrono::microseconds SinceEpoch(Timestamp time) {
    return std::max(time, -kNever.time_since_epoch() + Timestamp()).time_since_epoch();
  }

  std::chrono::microseconds lead_{0};
};

}  // namespace tandem
