#pragma once

// What a client can learn about an instance.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/failure.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/orchestration_version.h"

namespace duroxide {

// Stored: values are never reused or renumbered.
enum class InstanceState : std::uint8_t {
  kPending = 0,  // accepted; no turn has run yet
  kRunning = 1,
  kCompleted = 2,
  kFailed = 3,
  kCancelled = 4,
};

inline bool IsFinished(InstanceState state) {
  return state != InstanceState::kPending && state != InstanceState::kRunning;
}

// "Running"
std::string_view InstanceStateName(InstanceState state);

struct InstanceStatus {
  InstanceState state = InstanceState::kPending;
  std::string orchestration = {};
  std::optional<OrchestrationVersion> version = {};  // nullopt: not chosen before the first turn
  std::uint64_t execution = 0;                       // the latest; 0: none has begun
  std::string output = {};                           // of a completed one, encoded
  std::optional<Failure> failure = {};               // of a failed or cancelled one
  CustomStatus custom_status = {};
  std::optional<OperationAddress> parent = {};
  std::string diagnosis =
      {};  // why it makes no progress just now, in words; empty = no reason known
  tandem::Timestamp created_at = {};
  tandem::Timestamp updated_at = {};               // of the last turn
  std::optional<tandem::Timestamp> start_at = {};  // of a pending one whose start is delayed

  bool finished() const { return IsFinished(state); }
};

}  // namespace duroxide
