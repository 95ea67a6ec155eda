#include "tandem/duroxide_runtime/client_types.h"

namespace duroxide {

std::string_view ExecutionStateName(ExecutionState state) {
  switch (state) {
    case ExecutionState::kRunning:
      return "Running";
    case ExecutionState::kCompleted:
      return "Completed";
    case ExecutionState::kFailed:
      return "Failed";
    case ExecutionState::kCancelled:
      return "Cancelled";
    case ExecutionState::kContinuedAsNew:
      return "ContinuedAsNew";
  }
  return "Unknown";
}

}  // namespace duroxide
