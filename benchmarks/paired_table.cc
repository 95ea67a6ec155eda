#include "benchmarks/paired_table.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace tandem::benchmarks {

namespace {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

bool PairedTable::ReportContext(const Context& /*context*/) { return true; }

void PairedTable::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.error_occurred) {
      std::cerr << run.benchmark_name() << ": " << run.error_message << "\n";
      failed_ = true;
    }
    if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
    const std::string name = run.run_name.function_name + " | " + std::to_string(run.threads);
    if (!values_.contains(name)) order_.push_back(name);
    for (const auto& [counter, value] : run.counters) values_[name][counter].push_back(value);
    std::cerr << "." << std::flush;
  }
}

void PairedTable::Finalize() {
  std::printf(
      "\n| durability | threads | batches/s: tandem | raw | ratio | p50 us: tandem | raw | ratio "
      "| p99 us: tandem | raw | ratio | flushes/batch: tandem | raw | WAL B/batch: tandem | raw |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::string& name : order_) {
    const auto median = [&](const char* counter) { return Median(values_[name][counter]); };
    std::printf(
        "| %s | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f | %.3f | %.3f | %.0f "
        "| %.0f |\n",
        name.c_str(), median("tandem_per_s"), median("raw_per_s"), median("per_s_ratio"),
        median("tandem_p50_us"), median("raw_p50_us"), median("p50_ratio"), median("tandem_p99_us"),
        median("raw_p99_us"), median("p99_ratio"), median("tandem_flushes"), median("raw_flushes"),
        median("tandem_wal_bytes"), median("raw_wal_bytes"));
  }
  std::fflush(stdout);
}

}  // namespace tandem::benchmarks
