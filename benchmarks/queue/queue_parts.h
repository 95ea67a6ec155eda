#pragma once

// The parts of the benchmark `queue`. Each registers its benchmarks and returns its tables.

#include <vector>

#include "tandem/benchmarks/frame/program.h"

namespace tandem::benchmarks {

// Round trips: enqueue, dequeue, acknowledge.
std::vector<FigureTable> RegisterTrips(const Settings& settings);

// The cost of a dequeue by the number of messages that wait, and that have passed before.
std::vector<FigureTable> RegisterDepth(const Settings& settings);

// Opening a store with many messages, and the memory that it takes.
std::vector<FigureTable> RegisterOpening(const Settings& settings);

// Opens the store in a process of its own, measures, prints: what the benchmark of opening starts.
// `mode`: "tandem", which then works through `cycles` messages, or "raw", which only opens. Returns
// what main returns.
int RunProbe(const char* mode, const char* directory, int cycles);

}  // namespace tandem::benchmarks
