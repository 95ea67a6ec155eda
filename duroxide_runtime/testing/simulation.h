#pragma once

// A Simulation runs orchestrations and activities in one thread, on a provider in memory, with a
// virtual clock: time that nobody works in is skipped, so a month takes no longer than a second.
// The seed alone decides who works next, which runtime dies at which commit, and which lease is
// lost: the same seed gives the same run.
//
//   Simulation sim(seed, MakeRegistry());
//   ASSERT_TRUE(sim.client().Start(kOrder, "order-1", order).ok());
//   ASSERT_TRUE(sim.Run().ok());
//   ASSERT_TRUE(sim.Check().ok());
//   EXPECT_EQ(sim.client().GetStatus("order-1")->state, InstanceState::kCompleted);
//
// Activities run in the same thread: they must not block, and should be as deterministic as the
// test has to be. Not thread-safe.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/client.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::testing {

struct SimulationOptions {
  SimulationOptions() {}  // not an aggregate: safe as a temporary beside a co_await on g++ 12

  std::size_t runtimes = 2;  // that share the store; one that dies is replaced by a new one
  std::vector<std::string> tags = {};  // of activities, besides those without

  // As in RuntimeOptions. Few live instances: so some are always pushed out.
  std::size_t live_instances = 3;
  bool fused_commits = true;
  std::uint32_t max_deliveries =
      1000;  // crashes are no poison here, unless a test wants them to be

  // Chances, from 0 to 1.
  double crash_at_commit = 0.02;  // of each commit of a runtime: half before it applies, half after
  double crash_between = 0.01;    // before what was taken is worked on
  double lease_loss = 0.02;       // of each piece of work: time passes until its lease is over

  // Changes what the runtimes commit: to see that a test notices a broken engine. Null: nothing.
  std::function<void(std::vector<tandem::Operation>&)> tamper = {};

  std::chrono::milliseconds lease{30'000};
  std::uint64_t steps_max = 1'000'000;  // a run that takes more is stuck

  // No crashes, no lost leases; who works next is still decided by the seed.
  static SimulationOptions Calm() {
    SimulationOptions options;
    options.crash_at_commit = options.crash_between = options.lease_loss = 0;
    return options;
  }
};

struct SimulationCounts {
  std::uint64_t steps = 0;
  std::uint64_t turns = 0;       // stored
  std::uint64_t activities = 0;  // run, also those whose result was lost
  std::uint64_t crashes = 0;
  std::uint64_t lost_leases = 0;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, Registry registry,
             const SimulationOptions& options = SimulationOptions());
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Of the store, without faults. Nobody works while a call of theirs waits, so one that would have
  // to wait is InvalidArgument at once: Run() first, then ask.
  Client client();
  tandem::Provider& provider();
  Timestamp now() const;

  // One step of one runtime, or, if there is nothing to do, a skip of time to when there is. False
  // when nothing is left to do, ever, unless a client starts or sends something.
  bool Step();

  // Steps until nothing is left. Errors: Unavailable if steps_max are not enough, with what is
  // still waiting.
  Status Run();
  // Steps until `end` of the virtual time, or until nothing is left.
  Status RunUntil(Timestamp end);

  // When a run is over: no message is left over that nobody will ever take, the store fits
  // together, and the history of each execution replays without a difference. Errors: Internal,
  // with the first thing that is wrong.
  Status Check();

  const SimulationCounts& counts() const;

  // What happened, one line a step; equal for equal seeds.
  const std::vector<std::string>& trace() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace duroxide::testing
