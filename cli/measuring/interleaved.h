#pragma once

// The one measuring loop, of `tandem-bench` and of benchmarks/: runs contenders against each other
// in one process, in short blocks of work, one contender after the other, again and again. So all
// run under the same conditions of the machine, and the ratio of their figures means something.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tandem/base/result.h"

namespace tandem::measuring {

// One unit of work of a contender. Each worker is a thread of its own; a failure ends the run.
using Work = std::function<Status(int worker)>;

struct Schedule {
  int workers = 1;
  std::uint64_t rounds = 2;  // blocks of each contender; the first is a warm-up and not counted
  int block = 1;             // units of work a worker and block
};

// What one contender did in the counted blocks.
struct Samples {
  std::vector<std::vector<double>> micros;  // of each unit, by worker
  double seconds = 0;                       // of the blocks
};

struct Block {
  std::size_t contender = 0;
  std::uint64_t round = 0;
  bool counted = false;
  double seconds = 0;
};

// Called after each block, by one thread, while nobody works. False ends the run.
using AfterBlock = std::function<bool(const Block& block)>;

// In the order of the contenders. Errors: the first failure of a unit of work, Cancelled if
// `after_block` ended the run, Unavailable if the system gives too few threads.
Result<std::vector<Samples>> RunInterleaved(const std::vector<Work>& contenders,
                                            const Schedule& schedule,
                                            const AfterBlock& after_block);

}  // namespace tandem::measuring
