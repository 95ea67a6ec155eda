#pragma once

// Replay: feeding a history to an execution, and comparing what the code asks for with what history
// holds.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tandem/duroxide_runtime/internal/engine/execution.h"
#include "tandem/duroxide_runtime/internal/records/history.h"

namespace duroxide::internal {

// Applies all of the history. The first difference in words a person can act on: what history
// holds, what the code asked for, at which event; nullopt if there is none.
std::optional<std::string> Replay(Execution& execution, const History& history);

// What is wrong with a history that holds `body` at event `id`.
std::string Misplaced(EventId id, const HistoryBody& body);

}  // namespace duroxide::internal
