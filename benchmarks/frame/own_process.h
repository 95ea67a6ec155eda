#pragma once

// A part of a benchmark in a process of its own: what it takes to open a store, and how much
// memory, is not hidden by what ran before.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace tandem::benchmarks {

// Runs this program again with these arguments, and sets the counters that it prints. Aborts if it
// fails.
void RunSelf(benchmark::State& state, const std::vector<std::string>& arguments);

// For the process that is run: one counter, as a line "name=value".
void PrintCounter(const char* name, double value);

// For the process that is run: its resident memory in MiB, now and at most so far.
double MemoryMib();
double PeakMemoryMib();

}  // namespace tandem::benchmarks
