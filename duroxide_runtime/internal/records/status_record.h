#pragma once

// How statuses and the key-value map are stored, and what status follows from a history.

#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/internal/records/kv_changes.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

std::string EncodeStatus(const InstanceStatus& status);
Result<InstanceStatus> DecodeStatus(std::string_view bytes, std::string_view where);

// The status of an execution that began so, and whose last event is `last`.
InstanceStatus StatusOf(const Started& started, std::uint64_t execution, const HistoryEvent& last,
                        const CustomStatus& custom_status);

// The status that follows from the history alone. REQUIRES: it begins with Started.
InstanceStatus StatusOfHistory(std::uint64_t execution, const History& history);

std::string EncodeKv(const std::optional<KvEntry>& entry);  // nullopt: erased
Result<std::optional<KvEntry>> DecodeKv(std::string_view bytes, std::string_view where);

}  // namespace duroxide::internal
