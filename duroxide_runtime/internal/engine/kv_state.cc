#include "tandem/duroxide_runtime/internal/engine/kv_state.h"

namespace duroxide::internal {

KvState ReplayKv(KvEntries before, const History& history) {
  KvState kv(std::move(before));
  for (const HistoryEvent& event : history) {
    if (const auto* set = std::get_if<KvSet>(&event.body)) {
      // The event's time, not the clock's: every replay gives the same entry.
      kv.Set(set->key, KvEntry{set->value, event.time});
    } else if (const auto* erased = std::get_if<KvErased>(&event.body)) {
      kv.Erase(erased->key);
    }
  }
  return kv;
}

}  // namespace duroxide::internal
