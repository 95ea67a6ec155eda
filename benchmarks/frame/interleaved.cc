#include "tandem/benchmarks/frame/interleaved.h"

#include <algorithm>
#include <utility>

namespace tandem::benchmarks {

std::vector<Samples> RunInterleaved(const std::vector<Contender>& contenders,
                                    const Schedule& schedule) {
  std::vector<Samples> all(contenders.size());
  std::vector<measuring::Work> work;
  work.reserve(contenders.size());
  for (const Contender& contender : contenders) {
    work.emplace_back([&contender](int worker) {
      contender.once(worker);
      return Status::Ok();
    });
  }
  const auto count = [&](const measuring::Block& block) {
    const Contender& contender = contenders[block.contender];
    if (contender.counts == nullptr) return true;
    Samples& samples = all[block.contender];
    (block.counted ? samples.after : samples.before) = contender.counts();
    return true;
  };
  std::vector<measuring::Samples> measured = Must(measuring::RunInterleaved(work, schedule, count));
  for (std::size_t i = 0; i < all.size(); ++i) {
    static_cast<measuring::Samples&>(all[i]) = std::move(measured[i]);
  }
  return all;
}

double Quantile(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
}

void Report(benchmark::State& state, const Contender& contender, const Samples& samples) {
  std::vector<double> sorted;
  for (const auto& worker : samples.micros) {
    sorted.insert(sorted.end(), worker.begin(), worker.end());
  }
  std::ranges::sort(sorted);
  const auto units = static_cast<double>(sorted.size());
  const std::string& name = contender.name;
  state.counters[name + "_per_s"] = units / samples.seconds;
  state.counters[name + "_p50_us"] = Quantile(sorted, 0.50);
  state.counters[name + "_p99_us"] = Quantile(sorted, 0.99);
  if (contender.counts == nullptr) return;
  const auto difference = [&](std::uint64_t LogCounts::* count) {
    return static_cast<double>(samples.after.*count - samples.before.*count);
  };
  state.counters[name + "_flushes"] = difference(&LogCounts::rocksdb_synced) / units;
  state.counters[name + "_wal_bytes"] = difference(&LogCounts::bytes) / units;
  if (name == "tandem" &&
      difference(&LogCounts::flushes) != difference(&LogCounts::rocksdb_synced)) {
    state.SkipWithError("our count of flushes differs from RocksDB's");
  }
}

void SetRatio(benchmark::State& state, const std::string& figure) {
  state.counters[figure + "_ratio"] =
      state.counters["tandem_" + figure] / state.counters["raw_" + figure];
}

void Compare(benchmark::State& state, const std::vector<Contender>& contenders,
             const Schedule& schedule) {
  const std::vector<Samples> samples = RunInterleaved(contenders, schedule);
  for (std::size_t i = 0; i < contenders.size(); ++i) Report(state, contenders[i], samples[i]);
  for (const char* figure : {"per_s", "p50_us", "p99_us"}) SetRatio(state, figure);
}

}  // namespace tandem::benchmarks
