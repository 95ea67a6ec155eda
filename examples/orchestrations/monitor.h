#pragma once

// An eternal orchestration: polls something, sleeps, and goes on until it is so. Every few rounds
// it continues as new, so that its history stays short however long it runs.
//
// What to learn here: continue-as-new; what has to survive goes into the input, the key-value map
// or the custom status; an unlucky poll is no reason to end.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <tandem/duroxide.h>
#include "examples/orchestrations/fields.h"

namespace orchestrations {

struct Watch {
  Watch() = default;
  Watch(std::string subject, std::int64_t goal, std::int64_t interval, std::int64_t polled)
      : what(std::move(subject)), target(goal), seconds(interval), polls(polled) {}

  std::string what;
  std::int64_t target = 0;    // it is so when a poll gives at least this
  std::int64_t seconds = 60;  // between two polls
  std::int64_t polls = 0;     // made by earlier executions
};

}  // namespace orchestrations

ORCHESTRATIONS_DECLARE_CODEC(orchestrations::Watch);

namespace orchestrations {

constexpr int kPollsPerExecution = 10;

// Gives the number of polls that it took. Its custom status tells the last value, and so does the
// key kLastValue of its key-value map.
inline constexpr duroxide::Orchestration<std::int64_t(Watch)> kMonitor("monitor");
inline constexpr std::string_view kLastValue = "last-value";

// What the activity asks.
using Probe =
    std::function<duroxide::Result<std::int64_t>(duroxide::ActivityContext&, const std::string&)>;

void RegisterMonitor(duroxide::Registry& registry, const Probe& probe);

}  // namespace orchestrations
