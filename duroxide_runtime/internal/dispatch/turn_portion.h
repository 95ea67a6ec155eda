#pragma once

// How much one Dequeue may take: of how many instances, and how many messages.
//
// The number of instances starts at 1; doubles while a call comes back full, since that is cheaper;
// returns to 1 when their code is slow, because what a thread has taken waits behind it while other
// threads may be idle. It starts at 1 so that after a crash, work that kills the process again
// takes few bystanders along (internal/engine/poison.h).
//
// The number of messages starts at the most that one turn takes, and falls to what fits when their
// turn is too large for a batch; then it doubles while a call comes back full.
//
// Thread-safe.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

class TurnPortion {
 public:
  std::size_t instances_max() const { return instances_max_; }
  std::size_t messages_max() const { return messages_max_; }

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

  // A thread was given as many messages as it had asked for, and their turns are over. Changes
  // nothing if one of these, or one elsewhere, was too large meanwhile.
  void NoteAllMessages(std::size_t asked) {
    messages_max_.compare_exchange_strong(
        asked, std::min(tuning::kPortionFactor * asked, kTurnMessagesMax));
  }

  // The turn of more messages than these was too large.
  void NoteTooManyMessages(std::size_t messages) { messages_max_ = messages; }

 private:
  std::atomic<std::size_t> instances_max_ = 1;
  std::atomic<std::size_t> messages_max_ = kTurnMessagesMax;
};

}  // namespace duroxide::internal
