#pragma once

// Of how many instances a thread takes the messages at a time. One, while the threads can keep up;
// more and more while there is more than was asked for, since that is cheaper; and one again when
// their code is slow, because what a thread has taken waits for it while others may be idle.
//
// It begins with one, so that after a crash what kills the process again takes few bystanders along
// (internal/engine/poison.h). Thread-safe.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

namespace duroxide::internal {

class TurnPortion {
 public:
  static constexpr std::size_t kInstancesMax = 16;
  static constexpr std::chrono::milliseconds kQuick{5};

  std::size_t instances_max() const { return instances_max_; }

  // A thread was given as many, whose code then ran for so long.
  void Note(std::size_t instances, std::chrono::microseconds code) {
    const std::size_t asked = instances_max_;
    if (code > kQuick) {
      instances_max_ = 1;
    } else if (instances >= asked) {
      instances_max_ = std::min(2 * asked, kInstancesMax);
    } else if (2 * instances <= asked) {
      instances_max_ = asked / 2;
    }
  }

 private:
  std::atomic<std::size_t> instances_max_ = 1;
};

}  // namespace duroxide::internal
