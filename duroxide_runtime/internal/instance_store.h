#pragma once

// Where an instance lives in the generic store.
//
//   entity         the instance id
//   partition 0    metadata only: "status" -> StatusRecord, for queries; no turn reads it
//   partition n>0  the history of execution n; an event's version is its id
//   "orchestrator" queue of what concerns an instance, grouped by instance
//   "worker"       queue of activities to run
//
// message key := 'O' instance:escaped execution:u64be scheduled_id:u64be
//   of an activity in "worker" and of a timer in "orchestrator": the operation that it serves

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batch/provider.h"
#include "duroxide_runtime/instance_status.h"
#include "duroxide_runtime/internal/history.h"
#include "duroxide_runtime/internal/work_item.h"

namespace duroxide::internal {

inline constexpr std::string_view kOrchestratorQueue = "orchestrator";
inline constexpr std::string_view kWorkerQueue = "worker";
inline constexpr std::string_view kStatusKey = "status";

// Of every instance, until continue-as-new makes further ones.
inline constexpr std::uint64_t kFirstExecution = 1;

tandem::StreamId StatusStream(std::string_view instance);
tandem::StreamId HistoryStream(std::string_view instance, std::uint64_t execution);
std::string OperationKey(std::string_view instance, const OperationId& id);

std::string EncodeStatus(const InstanceStatus& status);
Result<InstanceStatus> DecodeStatus(std::string_view bytes, std::string_view where);

// The status that follows from the history alone. REQUIRES: it begins with Started.
InstanceStatus StatusOfHistory(const History& history);

struct StoredStatus {
  std::string bytes;  // as stored, to guard a change of it
  InstanceStatus status;
};

// nullopt when the instance has none.
Result<std::optional<StoredStatus>> ReadStatus(tandem::Provider& provider,
                                               std::string_view instance);

struct LoadedHistory {
  std::uint64_t execution = kFirstExecution;
  History history;
};

// The whole history of the latest execution; empty for an instance that never ran. Errors:
// Corruption, Unsupported (of the events), and those of the store.
Result<LoadedHistory> LoadHistory(tandem::Provider& provider, std::string_view instance);

// Sets the instance's status. To be used as an operation of a batch.
tandem::UpdateMetadata SetStatus(std::string_view instance, const InstanceStatus& status);

}  // namespace duroxide::internal
