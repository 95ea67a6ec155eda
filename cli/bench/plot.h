#pragma once

#include <string>
#include <vector>

#include "tandem/cli/bench/figures.h"
#include "tandem/cli/bench/machine.h"

namespace tandem::bench {

// An SVG document: a panel for each shape, in it a line for each store, latency by percentile, both
// axes logarithmic (to the right ten times rarer), as HdrHistogram's plots are.
std::string PlotOf(const Machine& machine, const std::vector<Row>& rows);

}  // namespace tandem::bench
