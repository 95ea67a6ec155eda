#include "tandem/cli/bench/reports.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "tandem/version.h"

namespace tandem::bench {

namespace {

// So many buckets to a power of two, as a power of two, are enough to draw.
constexpr unsigned kReportedBits = 3;

std::string Fixed(double number, int digits) {
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

template <typename Number>
std::string Listed(const std::vector<Number>& numbers) {
  std::string list;
  for (const Number number : numbers) {
    list += (list.empty() ? "" : ", ") + WithThousands(static_cast<double>(number));
  }
  return list;
}

std::string DurabilitiesOf(const Plan& plan) {
  std::string names;
  for (const Durability durability : plan.durabilities) {
    names.append(names.empty() ? "" : ", ").append(NameOf(durability));
  }
  return names;
}

struct Column {
  std::string title;
  bool right = true;  // numbers stand at the right
  std::vector<std::string> cells;
};

std::string Rendered(const std::vector<Column>& columns, std::size_t rows) {
  std::string text;
  for (std::size_t line = 0; line <= rows; ++line) {
    std::string rendered;
    for (const Column& column : columns) {
      std::size_t width = column.title.size();
      for (const std::string& cell : column.cells) width = std::max(width, cell.size());
      const std::string& cell = line == 0 ? column.title : column.cells[line - 1];
      const std::string blanks(width - cell.size(), ' ');
      rendered.append(rendered.empty() ? "" : "  ");
      rendered += column.right ? blanks + cell : cell + blanks;
    }
    rendered.erase(rendered.find_last_not_of(' ') + 1);
    text += rendered + "\n";
  }
  return text;
}

template <typename Take>
Column MakeColumn(std::string title, bool right, const std::vector<Row>& rows, Take take) {
  Column column{std::move(title), right, {}};
  for (const Row& row : rows) column.cells.push_back(take(row));
  return column;
}

}  // namespace

std::string WithThousands(double number) {
  std::string text = Fixed(number, 0);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0 && text[at - 1] != '-';
       at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string HeadOf(const Plan& plan, const Machine& machine) {
  std::string text = "tandem-bench " TANDEM_VERSION ": ";
  text += Listed(plan.bytes) + " bytes, callers " + Listed(plan.callers) + ", " +
          DurabilitiesOf(plan) + "; " + std::to_string(plan.runs) +
          (plan.runs == 1 ? " run" : " runs, medians") + "\n";
  text += machine.file_system + " on " + machine.device + ", " + std::to_string(machine.cores) +
          (machine.cores == 1 ? " core" : " cores") + ", load " + Fixed(machine.load, 2) + "\n";
  return text;
}

std::string TableOf(const Plan& plan, const std::vector<Row>& rows) {
  std::vector<Column> columns;
  const auto text = [&](const char* title, auto take) {
    columns.push_back(MakeColumn(title, false, rows, take));
  };
  const auto figure = [&](const char* title, double Figures::* which) {
    columns.push_back(MakeColumn(
        title, true, rows, [which](const Row& row) { return WithThousands(row.figures.*which); }));
  };
  text("BATCH", [](const Row& row) {
    return std::to_string(row.shape.events) + " + " + std::to_string(row.shape.messages);
  });
  const auto count = [&](const char* title, auto take) {
    columns.push_back(MakeColumn(title, true, rows, [take](const Row& row) {
      return WithThousands(static_cast<double>(take(row)));
    }));
  };
  if (plan.bytes.size() > 1) count("BYTES", [](const Row& row) { return row.shape.bytes; });
  if (plan.callers.size() > 1) count("CALLERS", [](const Row& row) { return row.shape.callers; });
  text("FLUSHED", [](const Row& row) {
    return std::string(row.shape.durability == Durability::kSync ? "yes" : "no");
  });
  text("STORE", [](const Row& row) { return std::string(NameOf(row.store)); });
  figure("PER SECOND", &Figures::per_second);
  figure("P50 US", &Figures::p50_us);
  figure("P90", &Figures::p90_us);
  figure("P99", &Figures::p99_us);
  figure("P99.9", &Figures::p99_9_us);
  figure("MAX", &Figures::max_us);
  if (!plan.beside.empty()) {
    columns.push_back(MakeColumn("TANDEM/IT", true, rows,
                                 [](const Row& row) { return Fixed(row.tandem_by_it, 2); }));
  }
  return Rendered(columns, rows.size());
}

std::string CsvOf(const Machine& machine, const std::vector<Row>& rows) {
  std::string text =
      "events,messages,bytes,callers,durability,store,batches,per_second,p50_us,p90_us,p99_us,"
      "p99_9_us,max_us,tandem_by_it,file_system,cores\n";
  for (const Row& row : rows) {
    const Figures& figures = row.figures;
    const std::vector<std::string> cells = {std::to_string(row.shape.events),
                                            std::to_string(row.shape.messages),
                                            std::to_string(row.shape.bytes),
                                            std::to_string(row.shape.callers),
                                            std::string(NameOf(row.shape.durability)),
                                            std::string(NameOf(row.store)),
                                            std::to_string(row.latencies.count()),
                                            Fixed(figures.per_second, 1),
                                            Fixed(figures.p50_us, 3),
                                            Fixed(figures.p90_us, 3),
                                            Fixed(figures.p99_us, 3),
                                            Fixed(figures.p99_9_us, 3),
                                            Fixed(figures.max_us, 3),
                                            Fixed(row.tandem_by_it, 3),
                                            machine.file_system,
                                            std::to_string(machine.cores)};
    for (std::size_t i = 0; i < cells.size(); ++i) text += (i == 0 ? "" : ",") + cells[i];
    text += "\n";
  }
  return text;
}

std::string JsonOf(const Plan& plan, const Machine& machine, const std::vector<Row>& rows) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Row& row : rows) {
    Json histogram = Json::array();
    for (const auto& bucket : row.latencies.Buckets(kReportedBits)) {
      histogram.push_back(
          {{"us_max", static_cast<double>(bucket.nanos_max) / 1000}, {"count", bucket.count}});
    }
    list.push_back({{"events", row.shape.events},
                    {"messages", row.shape.messages},
                    {"bytes", row.shape.bytes},
                    {"callers", row.shape.callers},
                    {"durability", NameOf(row.shape.durability)},
                    {"store", NameOf(row.store)},
                    {"batches", row.latencies.count()},
                    {"per_second", row.figures.per_second},
                    {"p50_us", row.figures.p50_us},
                    {"p90_us", row.figures.p90_us},
                    {"p99_us", row.figures.p99_us},
                    {"p99_9_us", row.figures.p99_9_us},
                    {"max_us", row.figures.max_us},
                    {"tandem_by_it", row.tandem_by_it},
                    {"histogram", std::move(histogram)}});
  }
  const Json document = {{"bench", "batch"},
                         {"version", TANDEM_VERSION},
                         {"setup",
                          {{"runs", plan.runs},
                           {"file_system", machine.file_system},
                           {"device", machine.device},
                           {"cores", machine.cores},
                           {"load", machine.load}}},
                         {"rows", std::move(list)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tandem::bench
