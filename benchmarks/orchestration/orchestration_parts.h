#pragma once

// The parts of the benchmark `orchestration`. Each registers its benchmarks and returns its tables.

#include <string>
#include <vector>

#include "tandem/benchmarks/frame/program.h"

namespace tandem::benchmarks {

// W1 to W3: one at a time, many at a time, fanning out.
std::vector<FigureTable> RegisterThroughput(const Settings& settings);

// W4: a long workflow, and whether its steps become slower.
std::vector<FigureTable> RegisterLong(const Settings& settings);

// W5: durable timers, and how late they are.
std::vector<FigureTable> RegisterTimers(const Settings& settings);

// The stress test of the engine's model: few at a time, with steps that take their time.
std::vector<FigureTable> RegisterStress(const Settings& settings);

// Many open instances, each waiting for an event: memory, and how they wake.
std::vector<FigureTable> RegisterOpen(const Settings& settings);

// In a process of its own: what RegisterOpen measures. Returns what main returns.
int RunOpenProbe(int instances, int live);

}  // namespace tandem::benchmarks
