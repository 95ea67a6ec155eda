#pragma once

// Many items, a few at a time: one activity for each item, never more than `limit` in the air, and
// the results in the order of the items.
//
// What to learn here: ParallelMap. Within it workers are tasks that share a list; a task is not a
// thread, so what they share needs no lock; who takes which item follows from the order of
// completions in history, and is the same on every replay.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"

namespace orchestrations {

struct Items {
  Items() = default;
  Items(std::int64_t at_a_time, std::vector<std::int64_t> all)
      : limit(at_a_time), values(std::move(all)) {}

  std::int64_t limit = 1;  // at least one
  std::vector<std::int64_t> values;
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Items);

namespace orchestrations {

// Gives a result for each item. When one fails, no further one is begun; the failure is passed on
// when those in the air have ended.
inline constexpr duroxide::Orchestration<std::vector<std::int64_t>(Items)> kBoundedFanOut(
    "bounded-fan-out");

// What the activity does with an item.
using ProcessItem =
    std::function<duroxide::Result<std::int64_t>(duroxide::ActivityContext&, std::int64_t)>;

void RegisterBoundedFanOut(duroxide::Registry& registry, const ProcessItem& process);

}  // namespace orchestrations
