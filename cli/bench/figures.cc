#include "tandem/cli/bench/figures.h"

#include <algorithm>
#include <cmath>

namespace tandem::bench {

namespace {

// Of a figure, over the runs of one store.
template <typename Take>
double MedianOf(const std::vector<Figures>& runs, Take take) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const Figures& run : runs) values.push_back(take(run));
  return Median(std::move(values));
}

Figures MediansOf(const std::vector<Figures>& runs) {
  Figures figures;
  for (double Figures::* figure : {&Figures::per_second, &Figures::p50_us, &Figures::p90_us,
                                   &Figures::p99_us, &Figures::p99_9_us}) {
    figures.*figure = MedianOf(runs, [figure](const Figures& run) { return run.*figure; });
  }
  for (const Figures& run : runs) figures.max_us = std::max(figures.max_us, run.max_us);
  return figures;
}

}  // namespace

RunOfStore RunOf(const measuring::Samples& samples) {
  RunOfStore run;
  run.seconds = samples.seconds;
  for (const auto& worker : samples.micros) {
    for (const double micros : worker) {
      run.histogram.Add(static_cast<std::uint64_t>(std::llround(std::max(0.0, micros * 1000))));
    }
  }
  return run;
}

Figures FiguresOf(const RunOfStore& run) {
  const auto micros = [&run](double part) {
    return static_cast<double>(run.histogram.NanosAt(part)) / 1000;
  };
  Figures figures;
  const auto count = static_cast<double>(run.histogram.count());
  figures.per_second = run.seconds > 0 ? count / run.seconds : 0;
  figures.p50_us = micros(0.50);
  figures.p90_us = micros(0.90);
  figures.p99_us = micros(0.99);
  figures.p99_9_us = micros(0.999);
  figures.max_us = static_cast<double>(run.histogram.max()) / 1000;
  return figures;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<Row> RowsOf(const Shape& shape, const std::vector<StoreKind>& stores,
                        const std::vector<std::vector<RunOfStore>>& runs) {
  std::vector<Row> rows;
  std::vector<Figures> tandem;
  for (std::size_t store = 0; store < stores.size(); ++store) {
    Row row;
    row.shape = shape;
    row.store = stores[store];
    std::vector<Figures> figures;
    std::vector<double> ratios;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const RunOfStore& one = runs[run][store];
      figures.push_back(FiguresOf(one));
      row.latencies.Add(one.histogram);
      if (store == 0) tandem.push_back(figures.back());
      const double own = figures.back().p50_us;
      ratios.push_back(own > 0 ? tandem[run].p50_us / own : 0);
    }
    row.figures = MediansOf(figures);
    row.tandem_by_it = Median(std::move(ratios));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tandem::bench
