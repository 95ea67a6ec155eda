#pragma once

// The frame of a benchmark program: flags, registration, the run, the tables.

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/figure_tables.h"
#include "tandem/benchmarks/frame/settings.h"

namespace tandem::benchmarks {

// Registers a benchmark that calls `run` once in each repetition; `run` sets the counters.
void RegisterFigure(const Settings& settings, const std::string& name,
                    std::function<void(benchmark::State&)> run);

// Registers a program's benchmarks and returns the tables that they fill.
using RegisterAll = std::vector<FigureTable> (*)(const Settings& settings);

// What main returns.
int RunProgram(int argc, char** argv, RegisterAll register_all);

}  // namespace tandem::benchmarks
