#pragma once

// What is known of an execution without asking its code: which one it is, and where in its history
// it stands. Kept by the OrchestrationState; its parts and the context only read it.

#include <cstdint>
#include <string>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/internal/records/history.h"

namespace duroxide::internal {

struct ExecutionFacts {
  std::string instance;
  std::uint64_t execution = 0;
  Started started{};  // without input and unread events

  // Of the input that was delivered last.
  EventId step = 0;  // its id
  Timestamp now{};
  bool replaying = false;
};

}  // namespace duroxide::internal
