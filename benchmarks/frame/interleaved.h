#pragma once

// Contenders, usually Tandem and raw RocksDB, in the measuring loop that `tandem-bench` uses, too
// (cli/measuring/interleaved.h), and their figures as counters of a benchmark.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/stores.h"
#include "tandem/cli/measuring/interleaved.h"

namespace tandem::benchmarks {

struct Contender {
  std::string name;                      // of its counters, e.g. "tandem_p50_us"
  std::function<void(int worker)> once;  // one unit of work; each worker is a thread of its own
  std::function<LogCounts()> counts;     // null: it writes nothing
};

using measuring::Schedule;

// What one contender did in the counted blocks, and its log before and after them.
struct Samples : measuring::Samples {
  LogCounts before;
  LogCounts after;
};

// In the order of the contenders. Aborts if the system gives too few threads.
std::vector<Samples> RunInterleaved(const std::vector<Contender>& contenders,
                                    const Schedule& schedule);

// `sorted` holds one value at least.
double Quantile(const std::vector<double>& sorted, double quantile);

// Sets <name>_per_s, _p50_us, _p99_us and, if it writes, _flushes and _wal_bytes, both per unit. A
// Tandem whose own count of flushes differs from RocksDB's is an error of the benchmark.
void Report(benchmark::State& state, const Contender& contender, const Samples& samples);

// Sets <figure>_ratio: that of Tandem by that of raw.
void SetRatio(benchmark::State& state, const std::string& figure);

// All of it for the two contenders "tandem" and "raw", with the ratios of per_s, p50_us and p99_us.
void Compare(benchmark::State& state, const std::vector<Contender>& contenders,
             const Schedule& schedule);

}  // namespace tandem::benchmarks
