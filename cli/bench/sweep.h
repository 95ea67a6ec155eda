#pragma once

// Runs a plan: each shape in each store, a number of times.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "tandem/base/status.h"
#include "tandem/cli/bench/figures.h"
#include "tandem/cli/bench/plan.h"

namespace tandem::bench {

// How far it is, after a block of batches.
struct Progress {
  std::size_t rows_done = 0;
  std::size_t rows = 0;
  Shape shape;  // the one that is measured
  StoreKind store = StoreKind::kTandem;
  double part_of_shape = 0;  // between 0 and 1
  double part_of_all = 0;
  double per_second = 0;  // in the block that has just ended
};

// Called by one thread at a time. False ends the sweep.
using Observer = std::function<bool(const Progress& progress)>;

// Makes its stores in `work` and removes them again. Appends the rows of each shape that is
// completely measured, so those of an interrupted or failed sweep can be shown. Errors: Cancelled
// if the observer ended it; those of the stores, with the shape and the store in their text.
Status RunSweep(const Plan& plan, const std::filesystem::path& work, const Observer& observer,
                std::vector<Row>& rows);

}  // namespace tandem::bench
