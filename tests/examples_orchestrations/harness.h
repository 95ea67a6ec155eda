#pragma once

// What the tests of the examples share: how a simulation is fed from outside, how faults are
// chosen, and what is asked afterwards.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/testing/recorded_history.h"
#include "tandem/duroxide_runtime/testing/simulation.h"
#include "tandem/tests/support/random_seed.h"

namespace orchestrations::testing {

using duroxide::InstanceState;
using duroxide::testing::RecordedHistory;
using duroxide::testing::Simulation;
using duroxide::testing::SimulationOptions;

// Seed 0 of a family is calm, the others are full of faults; among them are all ways to run:
// replayed each time or not, with fused commits or without.
inline SimulationOptions Faults(std::uint64_t number) {
  if (number == 0) return SimulationOptions::Calm();
  SimulationOptions options;
  options.runtimes = 1 + number % 3;
  options.crash_at_commit = options.crash_between = options.lease_loss =
      0.03 * static_cast<double>(number % 6);
  constexpr std::size_t kLive[] = {3, 0, 10'000};
  options.live_instances = kLive[number / 6 % 3];
  options.fused_commits = number / 18 % 2 == 0;
  return options;
}

// So many steps, or as many as there are.
inline void TakeSteps(Simulation& sim, std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps && sim.Step(); ++i) {
  }
}

// Runs to the end; what is left must fit together, and every history must replay.
inline void Finish(Simulation& sim) {
  const duroxide::Status run = sim.Run();
  ASSERT_TRUE(run.ok()) << run;
  const duroxide::Status check = sim.Check();
  ASSERT_TRUE(check.ok()) << check;
}

inline duroxide::InstanceStatus StatusOf(Simulation& sim, std::string_view instance) {
  const auto status = sim.client().GetStatus(instance);
  EXPECT_TRUE(status.ok()) << status.status();
  return status.ok() ? *status : duroxide::InstanceStatus();
}

// The output of an instance that has completed.
template <typename Out, typename In>
duroxide::Result<Out> OutputOf(Simulation& sim,
                               const duroxide::Orchestration<Out(In)>& orchestration,
                               std::string_view instance) {
  return sim.client().Wait(orchestration, instance, std::chrono::milliseconds(0));
}

inline std::vector<RecordedHistory> HistoriesOf(Simulation& sim, std::string_view instance) {
  auto recorded = duroxide::testing::ReadRecorded(sim.provider(), instance);
  EXPECT_TRUE(recorded.ok()) << recorded.status();
  return recorded.ok() ? *std::move(recorded) : std::vector<RecordedHistory>();
}

// How many events of a kind the history has.
template <typename Event>
std::size_t CountEvents(const RecordedHistory& recorded) {
  std::size_t count = 0;
  for (const duroxide::HistoryEvent& event : recorded.history) {
    count += std::holds_alternative<Event>(event.body) ? 1 : 0;
  }
  return count;
}

// Calls `run(seed, options)` for a calm run and for many full of faults; stops at the first that
// fails, and says its seed.
template <typename Run>
void ForSeeds(std::uint64_t count, const Run& run) {
  const std::uint64_t base = tandem::testing::TestSeed();
  for (std::uint64_t i = 0; i < count; ++i) {
    SCOPED_TRACE("seed " + std::to_string(base + i) + ", number " + std::to_string(i));
    run(base + i, Faults(i));
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace orchestrations::testing
