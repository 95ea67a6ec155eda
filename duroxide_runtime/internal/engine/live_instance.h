#pragma once

// An execution between two of its turns, with what is to be known of its history.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tandem/duroxide_runtime/internal/engine/execution.h"

namespace duroxide::internal {

struct LiveInstance {
  std::unique_ptr<Execution> execution;  // waits; has not ended
  std::uint64_t events = 0;              // of its history that it has applied
  Timestamp time{};                      // of the last of them

  // What it holds, by an estimate: the frames may keep all that history has brought them.
  std::size_t bytes() const;
};

}  // namespace duroxide::internal
