#pragma once

// The one batch that stores a turn. What has to happen follows one to one from what it recorded:
//
//   ActivityScheduled        -> enqueue to "worker", keyed by the operation
//   TimerCreated             -> enqueue to "orchestrator", visible when it fires, keyed
//   ActivityCancelRequested,
//   TimerCancelled           -> cancel by that key
//
// The fence is the stream's version; the token of the lease acknowledges the messages.
//
// The seam for fused commits: what caused the turn is acknowledged by a list of tokens, so an
// activity that hands its completion to the turn in memory adds the token of its own message here.

#include <cstdint>
#include <string>
#include <vector>

#include "batch/operation.h"
#include "duroxide_runtime/internal/history.h"
#include "duroxide_runtime/internal/turn.h"

namespace duroxide::internal {

// REQUIRES: no diagnosis in `outcome`.
std::vector<tandem::Operation> TurnBatch(const TurnInput& input, const TurnOutcome& outcome,
                                         const std::vector<tandem::LockToken>& tokens);

}  // namespace duroxide::internal
