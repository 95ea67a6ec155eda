#pragma once

// The turn engine: a pure function from an instance's history and its new work items to what
// history gets next. No provider, no clock, no thread.
//
// Interleaving is strict. Every input, old or new, is delivered alone; the code runs until it
// waits; what it asked for stands right behind that input, before the next one. So replay knows
// exactly what history must hold where, and any difference, also code that ends earlier or later
// than it did, is a divergence at a certain event. A divergence changes nothing: it is reported,
// and the turn is void.
//
// An execution that continues as new is followed by the next one in the same turn, so in the same
// commit. If it cannot be (too many in one turn, or its version is not registered here), the end of
// the old one says all that is needed, and the next turn starts it.
//
// What a turn does is what it records: the operations follow one to one from the new events
// (internal/store/turn_batch.h).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tandem/duroxide_runtime/internal/engine/kv_state.h"
#include "tandem/duroxide_runtime/internal/engine/live_instance.h"
#include "tandem/duroxide_runtime/internal/engine/orchestration_state.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::internal {

struct TurnInput {
  std::string instance;
  std::uint64_t execution = 1;  // the latest
  History history;              // all of that execution's
  KvEntries kv;                 // as the executions before have left it
  std::vector<WorkItem> items;  // new, in the order of delivery
  Timestamp now;
  std::uint64_t seed = 0;  // recorded if the instance starts in this turn

  // Instances that are there already: nothing can be started under these ids.
  std::set<std::string> taken_ids;
};

// What one execution gets.
struct ExecutionDelta {
  std::uint64_t execution = 1;
  std::uint64_t events_before = 0;  // the first new event's id - 1
  History events;
  Started started;       // of the execution, without input and unread events
  KvChanges kv_changes;  // of the whole execution, once it has ended

  // What `events` erase that the execution has only added itself: no change any more.
  std::set<std::string> kv_undone;
};

struct Reply {
  std::string instance;
  WorkItem item;
};

struct TurnOutcome {
  std::uint64_t execution = 1;         // that was the latest before the turn
  std::uint64_t head = 0;              // events of that one before the turn; 0: it had not begun
  std::vector<ExecutionDelta> deltas;  // to append; consecutive executions
  CustomStatus custom_status;          // after the turn
  std::vector<Reply> replies;          // to parents whose child can't be started
  bool go_on = false;                  // the next execution is left to the next turn...
  bool keeps_items = false;            // ...and so is what the queue brought, in its order
  std::size_t dropped = 0;     // items without effect: duplicates, late completions, no instance
  std::size_t left = 0;        // items that were not looked at: the turn has grown too large
  std::vector<LogEntry> logs;  // to be written once the turn is stored
  std::size_t replayed = 0;    // events

  // The instance as the turn leaves it, if it goes on: for its next turn, once this one is stored.
  std::unique_ptr<LiveInstance> live;

  // The instance can't go on with the code at hand, and why: divergence, not registered, damaged
  // history. Then everything else is empty.
  std::optional<std::string> diagnosis;
  bool unregistered = false;  // not registered: another runtime may have the code

  bool empty() const { return deltas.empty(); }
};

// The failure that a parent gets whose child can't be started under that id.
Failure IdIsTaken(const std::string& instance);

// With `live`, the instance as its last turn has left it, nothing is replayed, and the input's
// execution, history and key-value map are not looked at.
TurnOutcome RunTurn(const TurnInput& input, const Registry& registry,
                    std::unique_ptr<LiveInstance> live = nullptr);

// Replays a history, the end of it included, without any new input. The divergence, if there is
// one.
std::optional<std::string> FindDivergence(const std::string& instance, std::uint64_t execution,
                                          const History& history, const KvEntries& kv,
                                          const Registry& registry);

}  // namespace duroxide::internal
