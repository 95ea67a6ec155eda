#pragma once

// What an execution has changed in the key-value map of its instance.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tandem/duroxide_runtime/kv_entry.h"

namespace duroxide::internal {

using KvChanges = std::map<std::string, std::optional<KvEntry>, std::less<>>;  // nullopt: erased

}  // namespace duroxide::internal
