#pragma once

// The figures of a measurement: those of a run, and those of all runs of a shape.

#include <vector>

#include "tandem/cli/bench/latency_histogram.h"
#include "tandem/cli/bench/plan.h"
#include "tandem/cli/measuring/interleaved.h"

namespace tandem::bench {

struct Figures {
  double per_second = 0;  // batches of all callers together
  double p50_us = 0;      // latencies of a batch, as its caller sees them
  double p90_us = 0;
  double p99_us = 0;
  double p99_9_us = 0;
  double max_us = 0;
};

// What one store did with one shape in one run.
struct RunOfStore {
  LatencyHistogram histogram;
  double seconds = 0;
};

// One line of a report.
struct Row {
  Shape shape;
  StoreKind store = StoreKind::kTandem;
  Figures figures;             // each the median of the runs, but max_us is the largest of all
  double tandem_by_it = 1;     // Tandem's p50 by its own, taken in each run; the median
  LatencyHistogram latencies;  // of all runs together
};

RunOfStore RunOf(const measuring::Samples& samples);
Figures FiguresOf(const RunOfStore& run);

// The middle one; of an even number, the mean of the two in the middle. 0 of none.
double Median(std::vector<double> values);

// The rows of a shape. `runs` has for each run what each of `stores` did; Tandem comes first.
std::vector<Row> RowsOf(const Shape& shape, const std::vector<StoreKind>& stores,
                        const std::vector<std::vector<RunOfStore>>& runs);

}  // namespace tandem::bench
