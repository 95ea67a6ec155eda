#pragma once

// The parts of the benchmark `eventstore`. Each registers its benchmarks and returns its tables.

#include <vector>

#include "tandem/benchmarks/frame/program.h"

namespace tandem::benchmarks {

// Appends of 1, 10 and 100 events.
std::vector<FigureTable> RegisterAppends(const Settings& settings);

// Pages of a stream, its last event, pages of the feed.
std::vector<FigureTable> RegisterReads(const Settings& settings);

// The live tail: from an append to the return of a read that waits for it.
std::vector<FigureTable> RegisterTail(const Settings& settings);

}  // namespace tandem::benchmarks
