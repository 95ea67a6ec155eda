#pragma once

// The floor under a workflow: the raw RocksDB writes that it comes down to, in as many synced
// batches, with payloads as large. History events, the status, a message for each step, its lease
// (not synced). It checks nothing, takes no work from a queue, wakes nobody and runs no code: a
// workflow is a loop.

#include <cstdint>

#include "tandem/benchmarks/frame/stores.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

// Thread-safe.
class RawWorkflows {
 public:
  RawWorkflows() : store_(directory_.path()) {}

  // One batch starts the workflow and schedules its first step, one for each step stores its result
  // and schedules the next; the last also ends it.
  void RunSequence(std::uint64_t workflow, int steps) { RunSteps(workflow, steps, 1); }
  // The first schedules all steps.
  void RunFanOut(std::uint64_t workflow, int steps) { RunSteps(workflow, steps, steps); }

  LogCounts Counts() const { return store_.Counts(); }

 private:
  void RunSteps(std::uint64_t workflow, int steps, int at_a_time);

  const testing::TemporaryDirectory directory_;
  RawStore store_;
};

}  // namespace tandem::benchmarks
