#pragma once

// Runs contenders, usually Tandem and raw RocksDB, against each other in one process: short blocks
// of work, one contender after the other, again and again. So all run under the
// same conditions of the machine, and the ratio of their figures means something.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/stores.h"

namespace tandem::benchmarks {

struct Contender {
  std::string name;                      // of its counters, e.g. "tandem_p50_us"
  std::function<void(int worker)> once;  // one unit of work; each worker is a thread of its own
  std::function<LogCounts()> counts;     // null: it writes nothing
};

struct Schedule {
  int workers = 1;
  std::uint64_t rounds = 2;  // blocks of each contender; the first is a warm-up
  int block = 1;             // units of work a worker and block
};

// What one contender did in the counted blocks.
struct Samples {
  std::vector<std::vector<double>> micros;  // of each unit, by worker
  double seconds = 0;                       // of the blocks
  LogCounts before;
  LogCounts after;
};

// In the order of the contenders.
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
