#include "tandem/duroxide_runtime/internal/dispatch/live_instances.h"

#include <utility>
#include <vector>

namespace duroxide::internal {

std::unique_ptr<LiveInstance> LiveInstances::Remove(State& state, Order::iterator place) {
  std::unique_ptr<LiveInstance> live = std::move(*place);
  state.entries.erase(live->execution->instance());
  state.order.erase(place);
  state.bytes -= live->bytes();
  return live;
}

std::unique_ptr<LiveInstance> LiveInstances::Take(std::string_view instance) {
  const auto state = state_.Lock();
  const auto found = state->entries.find(std::string(instance));
  if (found == state->entries.end()) return nullptr;
  return Remove(*state, found->second);
}

void LiveInstances::Put(std::unique_ptr<LiveInstance> live) {
  if (max_ == 0) return;
  // Destroyed without the lock: frames run destructors of their own.
  std::vector<std::unique_ptr<LiveInstance>> pushed_out;
  const std::string instance = live->execution->instance();
  const std::size_t bytes = live->bytes();
  const auto state = state_.Lock();
  if (const auto old = state->entries.find(instance); old != state->entries.end()) {
    pushed_out.push_back(Remove(*state, old->second));
  }
  state->order.push_back(std::move(live));
  state->entries.emplace(instance, std::prev(state->order.end()));
  state->bytes += bytes;
  while (state->entries.size() > max_ || state->bytes > bytes_max_) {
    pushed_out.push_back(Remove(*state, state->order.begin()));
  }
}

}  // namespace duroxide::internal
