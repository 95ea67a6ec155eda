#pragma once

// Prints the paired figures of a run as a Markdown table, one row per benchmark: the median of its
// repetitions. Ratios are taken within each repetition, then their median.

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace tandem::benchmarks {

class PairedTable final : public benchmark::ConsoleReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  bool failed() const { return failed_; }

 private:
  // By benchmark, in order of first appearance; each counter's values over the repetitions.
  std::vector<std::string> order_;
  bool failed_ = false;
  std::map<std::string, std::map<std::string, std::vector<double>>> values_;
};

}  // namespace tandem::benchmarks
