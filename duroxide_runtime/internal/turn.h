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
// What a turn does is what it records: the operations follow one to one from the new events
// (internal/turn_batch.h).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "duroxide_runtime/internal/core.h"
#include "duroxide_runtime/internal/history.h"
#include "duroxide_runtime/internal/work_item.h"
#include "duroxide_runtime/registry.h"

namespace duroxide::internal {

struct TurnInput {
  std::string instance;
  std::uint64_t execution = 1;
  History history;              // all of it
  std::vector<WorkItem> items;  // new, in the order of delivery
  Timestamp now;
  std::uint64_t seed = 0;  // recorded if the instance starts in this turn
};

struct TurnOutcome {
  History events;              // to append
  std::size_t dropped = 0;     // items without effect: duplicates, late completions, no instance
  std::size_t left = 0;        // items that were not looked at: the turn has grown too large
  std::vector<LogEntry> logs;  // to be written once the turn is stored

  // The instance can't go on with the code at hand, and why: divergence, not registered, damaged
  // history. Then everything else is empty.
  std::optional<std::string> diagnosis;
};

TurnOutcome RunTurn(const TurnInput& input, const Registry& registry);

// Replays a history, the end of it included, without any new input. The divergence, if there is
// one.
std::optional<std::string> FindDivergence(const std::string& instance, std::uint64_t execution,
                                          const History& history, const Registry& registry);

}  // namespace duroxide::internal
