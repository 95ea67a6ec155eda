#include "tandem/cli/measuring/interleaved.h"

#include <algorithm>
#include <barrier>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "tandem/cli/measuring/stopwatch.h"

namespace tandem::measuring {

namespace {

class InterleavedRun {
 public:
  InterleavedRun(const std::vector<Work>& contenders, const Schedule& schedule,
                 const AfterBlock& after_block)
      : contenders_(contenders),
        schedule_(schedule),
        after_block_(after_block),
        barrier_(schedule.workers),
        samples_(contenders.size()),
        failures_(schedule.workers) {
    for (Samples& samples : samples_) samples.micros.resize(schedule.workers);
  }

  Result<std::vector<Samples>> Run() {
    {
      std::vector<std::jthread> workers;
      workers.reserve(schedule_.workers);
      Start(workers);
    }
    if (!end_.ok()) return end_;
    return std::move(samples_);
  }

 private:
  // Workers that can't be started count as arrived, so those that were started find the end.
  void Start(std::vector<std::jthread>& workers) {
    try {
      for (int i = 0; i < schedule_.workers; ++i) workers.emplace_back([this, i] { RunWorker(i); });
    } catch (const std::system_error& error) {
      end_ = Status::Unavailable("the system gives " + std::to_string(workers.size()) + " of " +
                                 std::to_string(schedule_.workers) + " threads: " + error.what());
      for (auto i = static_cast<int>(workers.size()); i < schedule_.workers; ++i) {
        barrier_.arrive_and_drop();
      }
    }
  }

  void RunWorker(int worker) {
    for (std::uint64_t round = 0; round < schedule_.rounds; ++round) {
      for (std::size_t i = 0; i < contenders_.size(); ++i) {
        if (!RunBlock({i, round, round > 0, 0}, worker)) return;
      }
    }
  }

  // False if the run has ended, for all workers alike.
  bool RunBlock(Block block, int worker) {
    std::vector<double> micros;
    micros.reserve(schedule_.block);
    barrier_.arrive_and_wait();
    if (!end_.ok()) return false;
    const Stopwatch stopwatch;
    for (int i = 0; i < schedule_.block && failures_[worker].ok(); ++i) {
      const Stopwatch unit;
      failures_[worker] = contenders_[block.contender](worker);
      micros.push_back(unit.Micros());
    }
    barrier_.arrive_and_wait();
    block.seconds = stopwatch.Seconds();
    if (block.counted) {
      auto& all = samples_[block.contender].micros[worker];
      all.insert(all.end(), micros.begin(), micros.end());
    }
    if (worker == 0) End(block);
    return true;
  }

  // The others wait at the next block's begin, or have returned.
  void End(const Block& block) {
    if (block.counted) samples_[block.contender].seconds += block.seconds;
    const auto failed = std::ranges::find_if_not(failures_, &Status::ok);
    if (failed != failures_.end()) {
      end_ = *failed;
    } else if (after_block_ != nullptr && !after_block_(block)) {
      end_ = Status::Cancelled("the measurement was interrupted");
    }
  }

  const std::vector<Work>& contenders_;
  const Schedule schedule_;
  const AfterBlock& after_block_;
  std::barrier<> barrier_;
  std::vector<Samples> samples_;  // each worker writes its own part, worker 0 the rest
  std::vector<Status> failures_;  // by worker; read by worker 0 between blocks
  Status end_;  // why the run ends early; written before a barrier at which all see it
};

}  // namespace

Result<std::vector<Samples>> RunInterleaved(const std::vector<Work>& contenders,
                                            const Schedule& schedule,
                                            const AfterBlock& after_block) {
  return InterleavedRun(contenders, schedule, after_block).Run();
}

}  // namespace tandem::measuring
