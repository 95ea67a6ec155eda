#pragma once

// What a history says of its execution, to all who read one without running its code.

#include <cstdint>
#include <map>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/orchestration_version.h"

namespace duroxide::internal {

// The first event of what a start begins, but for what only a continue-as-new hands on.
Started StartedOf(const StartItem& start, const OrchestrationVersion& version, std::uint64_t seed,
                  Timestamp now);

// As far as the history of `started` goes.
CustomStatus CustomStatusOf(const Started& started, const History& history);

// What was started and has neither a result nor was cancelled, by id, each with the event that
// cancels it.
std::map<EventId, HistoryBody> CancellationsOfOpen(const History& history);

}  // namespace duroxide::internal
