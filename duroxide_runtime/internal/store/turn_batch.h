#pragma once

// The one batch that stores a turn. The turn's records say one to one what has to happen:
//
//   ActivityScheduled        -> enqueue to the queue of its tag, keyed by the operation
//   TimerCreated             -> enqueue to "dx/turns", visible when it fires, keyed
//   ActivityCancelRequested,
//   TimerCancelled           -> cancel by that key; erase the activity's progress
//   ChildScheduled,
//   DetachedStarted          -> start the instance; the batch is a Conflict if its id is taken by
//                               then. An id that is known to be taken is not started, and the
//                               parent is told, unless the turn has done that
//   ChildCancelRequested     -> enqueue a request to cancel, to the child, if it was started as far
//                               as the turn knows; another instance of that id ignores it
//   KvSet, KvErased          -> metadata of the execution; at its end all goes to the instance
//   an end                   -> tell the parent; status and index
//
// The fence is the stream's version; the token of the lease acknowledges the messages.
//
// What caused the turn is acknowledged by a list of tokens: that of the group's lease, and those of
// activities that have handed their results to the turn in memory.

#include <string>
#include <vector>

#include "tandem/batch/batch.h"
#include "tandem/duroxide_runtime/internal/engine/turn.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"

namespace duroxide::internal {

// The ids under which the turn starts instances that somebody else may have started: all but those
// of the engine's own making.
std::vector<std::string> IdsToClaim(const TurnOutcome& outcome);

// `claims`: of those ids; what is taken is not started. `lease_ends`: what ends the leases of what
// caused the turn; the batch begins with them. REQUIRES: no diagnosis in `outcome`.
tandem::Batch TurnBatch(const TurnInput& input, const TurnOutcome& outcome, const IdClaims& claims,
                        tandem::Batch lease_ends);

// The same for an instance that is started by this turn, by whoever found out where it begins
// (FindInstance): a Conflict if there is one of that id. REQUIRES: its one item is the start.
tandem::Batch StartBatch(const TurnInput& input, const TurnOutcome& outcome);

}  // namespace duroxide::internal
