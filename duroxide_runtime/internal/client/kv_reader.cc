#include "tandem/duroxide_runtime/internal/client/kv_reader.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/client/instance_lookup.h"

namespace duroxide::internal {

namespace {

constexpr int kReadAttemptsMax = 4;

bool SamePlace(const InstancePlace& a, const InstancePlace& b) {
  return a.first_execution == b.first_execution && a.execution == b.execution && a.head == b.head;
}

Result<KvEntries> ReadAt(tandem::Provider& provider, std::string_view instance,
                         const InstancePlace& place, std::string_view prefix) {
  // What is running first: should it end now, the second read finds the same or newer.
  TANDEM_ASSIGN_OR_RETURN(const KvChanges changes,
                          ReadKv(provider, HistoryStream(instance, place.execution), prefix));
  TANDEM_ASSIGN_OR_RETURN(KvChanges entries,
                          ReadKv(provider, HomeStream(instance, place.first_execution), prefix));
  for (const auto& [key, entry] : changes) entries.insert_or_assign(key, entry);
  KvEntries visible;
  for (auto& [key, entry] : entries) {
    if (entry) visible.emplace(key, *std::move(entry));
  }
  return visible;
}

}  // namespace

Result<KvEntries> ReadVisibleKv(tandem::Provider& provider, std::string_view instance,
                                std::string_view prefix) {
  TANDEM_ASSIGN_OR_RETURN(InstancePlace place, FindInstance(provider, instance));
  for (int attempt = 1;; ++attempt) {
    // Every change of the map comes with an event, and so does what begins.
    if (place.head == 0) {
      TANDEM_RETURN_IF_ERROR(LookUp(provider, instance).status());
      return KvEntries();
    }
    TANDEM_ASSIGN_OR_RETURN(KvEntries entries, ReadAt(provider, instance, place, prefix));
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace now, FindInstance(provider, instance));
    if (SamePlace(place, now) || attempt == kReadAttemptsMax) return entries;
    place = now;
  }
}

}  // namespace duroxide::internal
