#pragma once

// Entries of the key-value map of an instance.

#include <map>
#include <optional>
#include <string>

#include "tandem/base/timestamp.h"

namespace duroxide::internal {

struct KvEntry {
  std::string value;
  tandem::Timestamp updated_at;
  bool operator==(const KvEntry&) const = default;
};

using KvEntries = std::map<std::string, KvEntry, std::less<>>;
using KvChanges = std::map<std::string, std::optional<KvEntry>, std::less<>>;  // nullopt: erased

}  // namespace duroxide::internal
