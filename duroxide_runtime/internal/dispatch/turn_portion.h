#pragma once

// How many instances one Dequeue may take. Starts at 1; doubles while a call comes back full, since
// that is cheaper; returns to 1 when their code is slow, because what a thread has taken waits
// behind it while other threads may be idle.
//
// It starts at 1 so that after a crash, work that kills the process again takes few bystanders
// along (internal/engine/poison.h). Thread-safe.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "duroxide_runtime/internal/dispatch/tuning.h"

namespace duroxide::internal {

class TurnPortion {
 public:
  std::size_t instances_max() const { return instances_max_; }

  // A thread was given as many, whose code then ran for so long.
  void Note(std::size_t instances, std::chrono::microseconds code) {
    const std::size_t asked = instances_max_;
    if (code > tuning::kPortionQuick) {
      instances_max_ = 1;
    } else if (instances >= asked) {
      instances_max_ = std::min(tuning::kPortionFactor * asked, tuning::kPortionInstancesMax);
    } else if (tuning::kPortionFactor * instances <= asked) {
      instances_max_ = asked / tuning::kPortionFactor;
    }
  }

 private:
  std::atomic<std::size_t> instances_max_ = 1;
};

}  // namespace duroxide::internal
