#include "duroxide_runtime/internal/live_instances.h"

namespace duroxide::internal {

std::unique_ptr<LiveInstance> LiveInstances::Take(std::string_view instance) {
  const auto state = state_.Lock();
  const auto found = state->entries.find(std::string(instance));
  if (found == state->entries.end()) return nullptr;
  std::unique_ptr<LiveInstance> live = std::move(*found->second);
  state->order.erase(found->second);
  state->entries.erase(found);
  return live;
}

void LiveInstances::Put(std::unique_ptr<LiveInstance> live) {
  if (max_ == 0) return;
  // Destroyed without the lock: frames run destructors of their own.
  std::unique_ptr<LiveInstance> pushed_out;
  const std::string instance = live->execution->instance();
  const auto state = state_.Lock();
  state->order.push_back(std::move(live));
  const auto place = std::prev(state->order.end());
  const auto [entry, is_new] = state->entries.try_emplace(instance, place);
  if (!is_new) {
    pushed_out = std::move(*entry->second);
    state->order.erase(entry->second);
    entry->second = place;
  } else if (state->entries.size() > max_) {
    pushed_out = std::move(state->order.front());
    state->order.pop_front();
    state->entries.erase(pushed_out->execution->instance());
  }
}

}  // namespace duroxide::internal
