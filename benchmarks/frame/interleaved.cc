#include "tandem/benchmarks/frame/interleaved.h"

#include <algorithm>
#include <barrier>
#include <thread>

#include "tandem/benchmarks/frame/stopwatch.h"

namespace tandem::benchmarks {

namespace {

class InterleavedRun {
 public:
  InterleavedRun(const std::vector<Contender>& contenders, const Schedule& schedule)
      : contenders_(contenders),
        schedule_(schedule),
        barrier_(schedule.workers),
        samples_(contenders.size()) {
    for (Samples& samples : samples_) samples.micros.resize(schedule.workers);
  }

  std::vector<Samples> Run() {
    {
      std::vector<std::jthread> workers;
      workers.reserve(schedule_.workers);
      for (int i = 0; i < schedule_.workers; ++i) workers.emplace_back([this, i] { Work(i); });
    }
    return std::move(samples_);
  }

 private:
  void Work(int worker) {
    for (std::uint64_t round = 0; round < schedule_.rounds; ++round) {
      for (std::size_t i = 0; i < contenders_.size(); ++i) {
        RunBlock(contenders_[i], samples_[i], worker, round > 0);
      }
    }
  }

  void RunBlock(const Contender& contender, Samples& samples, int worker, bool counted) {
    std::vector<double> micros;
    micros.reserve(schedule_.block);
    barrier_.arrive_and_wait();
    const Stopwatch stopwatch;
    for (int i = 0; i < schedule_.block; ++i) {
      const Stopwatch unit;
      contender.once(worker);
      micros.push_back(unit.Micros());
    }
    barrier_.arrive_and_wait();
    const double seconds = stopwatch.Seconds();
    if (counted) {
      auto& all = samples.micros[worker];
      all.insert(all.end(), micros.begin(), micros.end());
    }
    if (worker != 0) return;
    if (counted) samples.seconds += seconds;
    if (contender.counts == nullptr) return;
    (counted ? samples.after : samples.before) = contender.counts();
  }

  const std::vector<Contender>& contenders_;
  const Schedule schedule_;
  std::barrier<> barrier_;
  std::vector<Samples> samples_;  // each worker writes its own part, worker 0 the rest
};

}  // namespace

std::vector<Samples> RunInterleaved(const std::vector<Contender>& contenders,
                                    const Schedule& schedule) {
  return InterleavedRun(contenders, schedule).Run();
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
