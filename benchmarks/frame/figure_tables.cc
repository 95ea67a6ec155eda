#include "tandem/benchmarks/frame/figure_tables.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace tandem::benchmarks {

namespace {

bool IsOf(const FigureTable& table, std::string_view benchmark_name) {
  return benchmark_name.starts_with(table.name + "/");
}

// "synced/4" -> " synced | 4 |"
std::string LabelCells(std::string_view labels) {
  std::string cells;
  while (!labels.empty()) {
    const std::size_t slash = std::min(labels.find('/'), labels.size());
    cells += " " + std::string(labels.substr(0, slash)) + " |";
    labels.remove_prefix(std::min(slash + 1, labels.size()));
  }
  return cells;
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void AddPaired(FigureTable& table, const std::string& title, const std::string& figure, int digits,
               const std::string& unit) {
  table.columns.push_back({title + ": tandem", "tandem_" + figure, digits, unit});
  table.columns.push_back({"raw", "raw_" + figure, digits, unit});
  table.columns.push_back({"ratio", figure + "_ratio", 2});
}

void FigureTables::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.error_occurred) {
      std::cerr << run.benchmark_name() << ": " << run.error_message << "\n";
      failed_ = true;
    }
    if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
    const std::string& name = run.run_name.function_name;
    auto row = std::ranges::find(rows_, name, &Row::name);
    if (row == rows_.end()) row = rows_.insert(rows_.end(), Row{name, {}});
    for (const auto& [counter, value] : run.counters) row->values[counter].push_back(value);
    std::cerr << "." << std::flush;
  }
}

void FigureTables::Finalize() {
  for (const FigureTable& table : tables_) {
    const bool is_empty =
        std::ranges::none_of(rows_, [&](const Row& row) { return IsOf(table, row.name); });
    if (!is_empty) Print(table);
  }
  std::printf("\n");
  for (const FigureTable& table : tables_) PrintLines(table);
  std::fflush(stdout);
}

void FigureTables::Print(const FigureTable& table) const {
  std::string head = "|";
  std::string rule = "|";
  for (const std::string& label : table.labels) head += " " + label + " |";
  for (const Column& column : table.columns) head += " " + column.title + " |";
  for (std::size_t i = 0; i < table.labels.size() + table.columns.size(); ++i) rule += "---|";
  std::printf("\n%s: %s\n%s\n%s\n", "table", table.name.c_str(), head.c_str(), rule.c_str());
  for (const Row& row : rows_) {
    if (!IsOf(table, row.name)) continue;
    std::printf("|%s", LabelCells(row.name.substr(table.name.size() + 1)).c_str());
    for (const Column& column : table.columns) {
      const auto values = row.values.find(column.counter);
      if (values == row.values.end()) {
        std::printf(" - |");
      } else {
        std::printf(" %.*f |", column.digits, Median(values->second));
      }
    }
    std::printf("\n");
  }
}

void FigureTables::PrintLines(const FigureTable& table) const {
  for (const Row& row : rows_) {
    if (!IsOf(table, row.name)) continue;
    for (const Column& column : table.columns) {
      const auto values = row.values.find(column.counter);
      if (column.unit.empty() || values == row.values.end()) continue;
      const std::size_t engine = column.counter.find('_');
      std::printf("%s %s %s %.*f %s\n", column.counter.substr(0, engine).c_str(),
                  row.name.substr(table.name.size() + 1).c_str(),
                  column.counter.substr(engine + 1).c_str(), column.digits + 1,
                  Median(values->second), column.unit.c_str());
    }
  }
}

}  // namespace tandem::benchmarks
