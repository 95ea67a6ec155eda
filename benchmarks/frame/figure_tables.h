#pragma once

// Prints the figures of a run as Markdown tables, one row per benchmark: the median of each counter
// over its repetitions. A benchmark is named "table/label/label"; its counters are the cells. Below
// them, for programs to read, a line for each figure that has a unit:
//
//   tandem W2/5000/4 workflows_per_s 1234.5 1/s

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace tandem::benchmarks {

struct Column {
  std::string title;
  std::string counter;
  int digits = 0;    // after the point
  std::string unit;  // of the figure's line; empty: it has none. The counter: <engine>_<figure>
};

struct FigureTable {
  std::string name;                 // the first part of its benchmarks' names
  std::vector<std::string> labels;  // titles of the name's other parts
  std::vector<Column> columns;
};

// The columns "title: tandem | raw | ratio" of a figure whose counters are tandem_x, raw_x,
// x_ratio.
void AddPaired(FigureTable& table, const std::string& title, const std::string& figure, int digits,
               const std::string& unit = "");

class FigureTables final : public benchmark::ConsoleReporter {
 public:
  explicit FigureTables(std::vector<FigureTable> tables) : tables_(std::move(tables)) {}

  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  bool failed() const { return failed_; }

 private:
  struct Row {
    std::string name;
    std::map<std::string, std::vector<double>> values;  // by counter, over the repetitions
  };

  void Print(const FigureTable& table) const;
  void PrintLines(const FigureTable& table) const;

  const std::vector<FigureTable> tables_;
  std::vector<Row> rows_;  // in order of first appearance
  bool failed_ = false;
};

// The median of a benchmark's figures; 0 of none.
double Median(std::vector<double> values);

}  // namespace tandem::benchmarks
