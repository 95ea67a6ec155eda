#pragma once

// A Failure is how an activity, a child or an instance ended that did not succeed, as it is stored.
//
// Code sees failures as Status: code, message and cause chain. It sees only those of the
// applications' own making; every other category ends the orchestration that waits for it, and then
// its parent likewise, because no code of the caller could know what to do about it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/duroxide_runtime/status.h"

namespace duroxide {

// Stored: values are never reused or renumbered.
enum class FailureCategory : std::uint8_t {
  kApplication = 0,    // returned or thrown by code, or over a limit of limits.h; may be handled
  kCancelled = 1,      // by request; a parent may handle it
  kConfiguration = 2,  // no runtime has the code
  kPoison = 3,  // can't be brought to a result: may kill the process, or is too large to be stored
};

// "poison"
std::string_view FailureCategoryName(FailureCategory category);

struct Failure {
  struct Cause {
    StatusCode code = StatusCode::kInternal;
    std::string message = {};
    bool operator==(const Cause&) const = default;
  };

  FailureCategory category = FailureCategory::kApplication;
  StatusCode code = StatusCode::kInternal;
  std::string message = {};
  std::vector<Cause> causes = {};  // the nearest first

  bool operator==(const Failure&) const = default;

  // Code may see it and go on.
  bool catchable() const {
    return category == FailureCategory::kApplication || category == FailureCategory::kCancelled;
  }
  Status ToStatus() const;

  // Of a failed status with its causes; cut at kFailureBytesMax and kFailureCausesMax (limits.h).
  // DeadlineExceeded becomes Unavailable: no instance ends with it, so a Client that gets it knows
  // that its own wait is over.
  static Failure Of(const Status& status, FailureCategory category = FailureCategory::kApplication);
};

}  // namespace duroxide
