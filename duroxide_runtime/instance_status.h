#pragma once

// What a client can learn about an instance.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace duroxide {

// Stored: values are never reused or renumbered.
enum class InstanceState : std::uint8_t {
  kPending = 0,  // accepted; no turn has run yet
  kRunning = 1,
  kCompleted = 2,
  kFailed = 3,
};

// "Running"
std::string_view InstanceStateName(InstanceState state);

struct InstanceStatus {
  InstanceState state = InstanceState::kPending;
  std::string orchestration;
  std::string output;      // of a completed one, encoded
  tandem::Status failure;  // of a failed one; ok otherwise
  std::string diagnosis;   // why it makes no progress just now, in words; empty = no reason known
  tandem::Timestamp created_at;
  tandem::Timestamp updated_at;

  bool finished() const {
    return state == InstanceState::kCompleted || state == InstanceState::kFailed;
  }
};

}  // namespace duroxide
