#pragma once

// The workflows of the benchmark `orchestration`, a store with a runtime to run them, and the crowd
// that starts them and waits.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tandem/benchmarks/frame/stores.h"
#include "tandem/duroxide.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::benchmarks {

using Steps = duroxide::Orchestration<int(int)>;
inline const Steps kSequence("sequence");  // so many steps, one after the other
inline const Steps kFanOut("fan-out");     // so many steps at a time, then joined
// A durable timer of so many milliseconds.
inline const duroxide::Orchestration<duroxide::Unit(int)> kSleep("sleep");
// Waits for the event "go", and returns its payload.
inline const duroxide::Orchestration<std::string(int)> kAwaitGo("await-go");

// What a store and its runtime have done since they were opened.
struct WorkCounts {
  LogCounts log;
  std::uint64_t batches = 0;
  std::uint64_t events_replayed = 0;
};

// A new store with a runtime that knows the orchestrations above. Thread-safe.
class WorkflowStore {
 public:
  // What a step does is up to `step`; empty: nothing.
  explicit WorkflowStore(const duroxide::RuntimeOptions& options,
                         std::function<void()> step = nullptr);

  // The runtime's, so that starts and their first turns are one batch.
  const duroxide::Client& client() const { return *client_; }
  // Starts an instance and waits for its result.
  void RunOne(const Steps& workflow, const std::string& instance, int steps) const;

  WorkCounts Counts() const;

 private:
  const testing::TemporaryDirectory directory_;
  const std::unique_ptr<RocksDbProvider> provider_;
  const std::unique_ptr<duroxide::Runtime> runtime_;
  std::optional<duroxide::Client> client_;
};

// Longer than anything here takes.
inline constexpr std::chrono::minutes kPatience{10};

// --- Many of them -------------------------------------------------------------------------------

// Of the whole process so far.
double CpuSeconds();

struct Run {
  double seconds = 0;
  double cpu_seconds = 0;      // of the whole process
  std::vector<double> micros;  // of each workflow, from its start to its result, by number
};

// Runs workflows number `first` to `first + count - 1`, `in_flight` at a time, each by a thread
// that waits for it.
Run RunWorkflows(std::uint64_t first, int count, int in_flight,
                 const std::function<void(std::uint64_t number)>& run_one);

}  // namespace tandem::benchmarks
