#pragma once

// Poison: work that was delivered so often without any answer that it must be assumed to end the
// process that does it. It is not retried; whoever waits for it gets a failure.
//
// Only deliveries that ended without an answer count: the process died, or the lease was lost. What
// is given back or parked was answered.

#include <cstdint>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/failure.h"
#include "tandem/duroxide_runtime/internal/engine/turn.h"

namespace duroxide::internal {

// "activity 'hash' was delivered 11 times without a result, the limit is 10
// (RuntimeOptions::max_deliveries): ...". `what` names it.
Failure PoisonFailure(std::string_view what, std::uint32_t deliveries, std::uint32_t limit);

// Ends the instance without running its code: the execution that is running, or that would begin
// with this turn, gets its cancellations of what is open (as far as others have to know of it:
// activities, timers, children) and OrchestrationFailed. An instance that has finished, or never
// started, has no code to run; its items are answered as ever.
//
// A pure function like RunTurn. The end is not of the code's making: replay takes it as it is.
// `registry` only tells the version of an instance that starts.
TurnOutcome PoisonTurn(const TurnInput& input, const Registry& registry, const Failure& failure);

// Whether it may stand in history before such an end.
bool IsPoisonCancellation(const HistoryBody& body);

}  // namespace duroxide::internal
