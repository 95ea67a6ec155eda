#pragma once

// The key-value map of an instance, as it is stored.

#include <functional>
#include <map>
#include <string>

#include "tandem/base/timestamp.h"

namespace duroxide {

struct KvEntry {
  std::string value;
  tandem::Timestamp updated_at;
  bool operator==(const KvEntry&) const = default;
};

using KvEntries = std::map<std::string, KvEntry, std::less<>>;

}  // namespace duroxide
