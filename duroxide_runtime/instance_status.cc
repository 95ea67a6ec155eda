#include "tandem/duroxide_runtime/instance_status.h"

namespace duroxide {

std::string_view InstanceStateName(InstanceState state) {
  switch (state) {
    case InstanceState::kPending:
      return "Pending";
    case InstanceState::kRunning:
      return "Running";
    case InstanceState::kCompleted:
      return "Completed";
    case InstanceState::kFailed:
      return "Failed";
    case InstanceState::kCancelled:
      return "Cancelled";
  }
  return "Unknown";
}

}  // namespace duroxide
