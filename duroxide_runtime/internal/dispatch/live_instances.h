#pragma once

// Live instances: executions that stay in memory between their turns, so that a turn costs what is
// new and nothing is replayed. Bounded by their number and by an estimate of their bytes; the least
// recently used goes first. What is here
// is a guess, never a fact: it is used only if its version is still the head of the history, which
// the turn's own commit checks; on any doubt it is dropped, and the history tells.
//
// Thread-safe. A thread that takes an instance has it alone.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tandem/base/guarded.h"
#include "tandem/duroxide_runtime/internal/engine/live_instance.h"

namespace duroxide::internal {

class LiveInstances {
 public:
  // At most `max`, which hold at most `bytes_max`; 0: none is kept.
  LiveInstances(std::size_t max, std::size_t bytes_max) : max_(max), bytes_max_(bytes_max) {}

  // Null if it is not here.
  std::unique_ptr<LiveInstance> Take(std::string_view instance);
  void Put(std::unique_ptr<LiveInstance> live);

  std::size_t size() const { return state_.Lock()->entries.size(); }
  std::size_t bytes() const { return state_.Lock()->bytes; }

 private:
  using Order = std::list<std::unique_ptr<LiveInstance>>;  // the least recently used first
  struct State {
    Order order;
    std::unordered_map<std::string, Order::iterator> entries;  // looked up only
    std::size_t bytes = 0;                                     // of all
  };

  static std::unique_ptr<LiveInstance> Remove(State& state, Order::iterator place);

  const std::size_t max_;
  const std::size_t bytes_max_;
  mutable tandem::Guarded<State> state_;
};

}  // namespace duroxide::internal
