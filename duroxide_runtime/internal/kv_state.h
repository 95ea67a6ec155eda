#pragma once

// The key-value map of an instance, as one execution sees and changes it. It starts from what
// earlier executions have left; what the running one has written comes again by replay, so a turn
// that is repeated never starts from its own result.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace duroxide::internal {

struct KvEntry {
  std::string value;
  tandem::Timestamp updated_at;
  bool operator==(const KvEntry&) const = default;
};

using KvEntries = std::map<std::string, KvEntry, std::less<>>;
using KvChanges = std::map<std::string, std::optional<KvEntry>, std::less<>>;  // nullopt: erased

class KvState {
 public:
  explicit KvState(KvEntries before) : entries_(std::move(before)) {}

  const KvEntries& entries() const { return entries_; }
  const KvChanges& changes() const { return changes_; }  // of this execution

  void Set(const std::string& key, KvEntry entry) {
    changes_.insert_or_assign(key, entry);
    entries_.insert_or_assign(key, std::move(entry));
  }
  void Erase(const std::string& key) {
    changes_.insert_or_assign(key, std::nullopt);
    entries_.erase(key);
  }

 private:
  KvEntries entries_;
  KvChanges changes_;
};

}  // namespace duroxide::internal
