#pragma once

// The key-value map of an instance, as one execution sees and changes it. It starts from what
// earlier executions have left; what the running one has written comes again by replay, so a turn
// that is repeated never starts from its own result.

#include <set>
#include <string>
#include <utility>

#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/internal/records/kv_changes.h"

namespace duroxide::internal {

class KvState {
 public:
  explicit KvState(KvEntries before) : entries_(std::move(before)) {
    for (const auto& [key, entry] : entries_) before_.insert(key);
  }

  const KvEntries& entries() const { return entries_; }

  // Of this execution. As large as the map was and is, however many keys have come and gone: a
  // key that was absent before and is absent again counts as unchanged.
  const KvChanges& changes() const { return changes_; }

  void Set(const std::string& key, KvEntry entry) {
    changes_.insert_or_assign(key, entry);
    entries_.insert_or_assign(key, std::move(entry));
  }
  void Erase(const std::string& key) {
    if (before_.contains(key)) {
      changes_.insert_or_assign(key, std::nullopt);
    } else {
      changes_.erase(key);
    }
    entries_.erase(key);
  }

 private:
  std::set<std::string> before_;  // the keys
  KvEntries entries_;
  KvChanges changes_;
};

// What the execution of this history, which began with `before`, has made of the map.
KvState ReplayKv(KvEntries before, const History& history);

}  // namespace duroxide::internal
