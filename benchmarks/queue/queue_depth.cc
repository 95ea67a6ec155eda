// What a dequeue costs in a deep queue, and in a short one through which many messages have passed.
// One store grows from figure to figure; in each it alternates in short blocks with a new store at
// the smallest depth, and with a raw one that has grown alike. Nothing is flushed, so that the
// flush does not hide the cost.

#include <sys/resource.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tandem/benchmarks/frame/interleaved.h"
#include "tandem/benchmarks/queue/queue_parts.h"
#include "tandem/benchmarks/queue/queue_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

namespace {

using SteadyClock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr std::uint64_t kShallow = 1000;  // waiting or passed in the store that is compared to
constexpr std::uint64_t kShort = 100;     // waiting in a queue through which messages pass
constexpr std::uint64_t kSmall = 10'000;  // up to here the measuring itself would change the depth
constexpr int kCyclesPerBlock = 512;      // two refills of the ready window at 256 entries

enum class Growth { kWaiting, kPassed };

void Grow(QueueStore& queue, Growth growth, std::uint64_t messages) {
  if (growth == Growth::kWaiting) {
    queue.Fill(messages);
  } else {
    queue.Pass(messages);
  }
}

// The stores that grow from figure to figure.
class DeepQueues {
 public:
  explicit DeepQueues(Growth growth)
      : growth_(growth), tandem(tandem_directory_.path()), raw(raw_directory_.path()) {
    if (growth == Growth::kPassed) {
      for (QueueStore* queue :
           {static_cast<QueueStore*>(&tandem), static_cast<QueueStore*>(&raw)}) {
        queue->Fill(kShort);
      }
    }
  }

  Growth growth() const { return growth_; }

  // Up to `depth` messages waiting or passed since the beginning.
  void Reach(std::uint64_t depth) {
    if (depth <= depth_) return;
    Grow(tandem, growth_, depth - depth_);
    Grow(raw, growth_, depth - depth_);
    depth_ = depth;
  }

 private:
  const testing::TemporaryDirectory tandem_directory_;
  const testing::TemporaryDirectory raw_directory_;
  const Growth growth_;
  std::uint64_t depth_ = 0;

 public:
  TandemQueue tandem;
  RawQueue raw;
};

// Filling leaves compactions behind: waits until this process has nearly no work left.
void AwaitQuiet() {
  constexpr int kPeriodsMax = 600;
  constexpr auto kPeriod = std::chrono::milliseconds(100);
  const auto used = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  int quiet_periods = 0;
  for (int i = 0; i < kPeriodsMax && quiet_periods < 3; ++i) {
    const auto before = used();
    std::this_thread::sleep_for(kPeriod);
    quiet_periods = used() - before < kPeriod / 20 ? quiet_periods + 1 : 0;
  }
}

// The mean costs of one block.
struct CycleCost {
  double dequeue_us = 0;
  double ack_us = 0;
};

// Takes and removes the oldest message, then adds one, so that the depth stays.
CycleCost RunBlock(QueueStore& queue, int cycles) {
  CycleCost cost;
  for (int i = 0; i < cycles; ++i) {
    const auto start = SteadyClock::now();
    queue.Take();
    const auto taken = SteadyClock::now();
    queue.Remove();
    const auto removed = SteadyClock::now();
    queue.Add();
    cost.dequeue_us += Micros(taken - start).count();
    cost.ack_us += Micros(removed - taken).count();
  }
  cost.dequeue_us /= cycles;
  cost.ack_us /= cycles;
  return cost;
}

struct Contest {
  std::string name;
  QueueStore* queue;
  std::vector<double> dequeue_us;  // by block
  std::vector<double> both_us;
};

// The median over the blocks of the ratio within each.
double RatioOf(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / theirs[i]);
  return Median(ratios);
}

void CompareDepths(benchmark::State& state, const Settings& settings, DeepQueues& deep,
                   Growth growth, std::uint64_t depth) {
  const testing::TemporaryDirectory directory;
  TandemQueue shallow(directory.path());
  if (growth == Growth::kPassed) shallow.Fill(kShort);
  Grow(shallow, growth, kShallow);
  AwaitQuiet();

  std::array<Contest, 3> contests = {Contest{"tandem", &deep.tandem, {}, {}},
                                     Contest{"shallow", &shallow, {}, {}},
                                     Contest{"raw", &deep.raw, {}, {}}};
  const int cycles = settings.BlockSize(kCyclesPerBlock);
  for (std::uint64_t round = 0; round < settings.rounds; ++round) {
    for (Contest& contest : contests) {
      const CycleCost cost = RunBlock(*contest.queue, cycles);
      if (round == 0) continue;
      contest.dequeue_us.push_back(cost.dequeue_us);
      contest.both_us.push_back(cost.dequeue_us + cost.ack_us);
    }
  }
  for (const Contest& contest : contests) {
    state.counters[contest.name + "_dequeue_us"] = Median(contest.dequeue_us);
    state.counters[contest.name + "_both_us"] = Median(contest.both_us);
  }
  state.counters["dequeue_ratio"] = RatioOf(contests[0].dequeue_us, contests[1].dequeue_us);
  state.counters["both_ratio"] = RatioOf(contests[0].both_us, contests[1].both_us);
  state.counters["messages"] = static_cast<double>(depth);
}

FigureTable DepthTable(const std::string& name, const std::string& label) {
  return {name,
          {label},
          {{"dequeue us: so deep", "tandem_dequeue_us", 1},
           {"at 1,000", "shallow_dequeue_us", 1},
           {"ratio", "dequeue_ratio", 2},
           {"raw, so deep", "raw_dequeue_us", 1},
           {"with ack us: so deep", "tandem_both_us", 1},
           {"at 1,000", "shallow_both_us", 1},
           {"ratio", "both_ratio", 2},
           {"raw, so deep", "raw_both_us", 1}}};
}

// The stores of the figures before, grown on; small ones are made anew each time.
DeepQueues& Grown(std::unique_ptr<DeepQueues>& last, Growth growth, std::uint64_t depth) {
  if (last == nullptr || last->growth() != growth || depth <= kSmall) {
    last.reset();
    last = std::make_unique<DeepQueues>(growth);
  }
  last->Reach(depth);
  return *last;
}

void Register(const Settings& settings, const std::string& name, Growth growth,
              const std::shared_ptr<std::unique_ptr<DeepQueues>>& last) {
  for (const std::uint64_t depth : {1'000, 10'000, 100'000, 1'000'000, 5'000'000}) {
    if (depth > settings.messages_max) break;
    RegisterFigure(settings, name + "/" + std::to_string(depth), [=](benchmark::State& state) {
      CompareDepths(state, settings, Grown(*last, growth, depth), growth, depth);
    });
  }
}

}  // namespace

std::vector<FigureTable> RegisterDepth(const Settings& settings) {
  const auto last = std::make_shared<std::unique_ptr<DeepQueues>>();
  Register(settings, "waiting", Growth::kWaiting, last);
  Register(settings, "passed", Growth::kPassed, last);
  return {DepthTable("waiting", "messages waiting"), DepthTable("passed", "messages passed")};
}

}  // namespace tandem::benchmarks
