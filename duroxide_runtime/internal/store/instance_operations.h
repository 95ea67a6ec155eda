#pragma once

// Operations of batches that change an instance outside of its turns.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/batch/batch.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

struct NewInstance {
  std::string instance;
  StartItem start;
  std::optional<tandem::Timestamp> start_at = std::nullopt;  // nullopt: at once
};

// "instance 'order-7' already exists"
Status InstanceExists(std::string_view instance);

// The operations that start an instance. If there is one of that id, the batch is InstanceExists;
// if it was deleted since `start.first_execution` was found out (FindInstance), a Conflict.
void AddStart(const NewInstance& instance, tandem::Timestamp now, tandem::Batch& batch);

// Announces an execution that is left to a later turn.
tandem::UpdateMetadata AnnounceExecution(std::string_view instance, std::uint64_t execution);

// Sets the instance's status. To be used as an operation of a batch.
tandem::UpdateMetadata SetStatus(std::string_view instance, std::uint64_t first_execution,
                                 const InstanceStatus& status);

}  // namespace duroxide::internal
