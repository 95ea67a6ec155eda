#pragma once

// One runtime, or several alike on the same provider, handled as if they were one: whoever of them
// takes the work, what a test sees is the same.

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tandem/duroxide.h"

namespace duroxide::testing {

class Runtimes {
 public:
  // REQUIRES: there is one at least
  explicit Runtimes(std::vector<std::unique_ptr<Runtime>> runtimes)
      : runtimes_(std::move(runtimes)) {}
  ~Runtimes() { Shutdown(); }
  Runtimes(const Runtimes&) = delete;
  Runtimes& operator=(const Runtimes&) = delete;

  // Of the first.
  Client client() const { return runtimes_.front()->client(); }

  // All at the same time, and the worst of their results.
  ShutdownResult Shutdown() { return Shutdown(ShutdownOptions()); }
  ShutdownResult Shutdown(const ShutdownOptions& options) {
    std::vector<ShutdownResult> results(runtimes_.size());
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < runtimes_.size(); ++i) {
      others.emplace_back([&, i] { results[i] = runtimes_[i]->Shutdown(options); });
    }
    results[0] = runtimes_[0]->Shutdown(options);
    for (std::thread& other : others) other.join();
    return *std::ranges::max_element(results);
  }

  // The sum of all.
  RuntimeStats Stats() const {
    RuntimeStats sum;
    for (const auto& runtime : runtimes_) {
      const RuntimeStats stats = runtime->Stats();
      sum.turns += stats.turns;
      sum.events_replayed += stats.events_replayed;
      sum.activities_run += stats.activities_run;
      sum.activities_dropped += stats.activities_dropped;
      sum.activities_given_back += stats.activities_given_back;
      sum.turn_conflicts += stats.turn_conflicts;
      sum.messages_dropped += stats.messages_dropped;
      sum.parked += stats.parked;
      sum.handed_over += stats.handed_over;
      sum.poisoned += stats.poisoned;
    }
    return sum;
  }

 private:
  const std::vector<std::unique_ptr<Runtime>> runtimes_;
};

}  // namespace duroxide::testing
