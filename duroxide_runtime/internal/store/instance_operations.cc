#include "tandem/duroxide_runtime/internal/store/instance_operations.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/records/status_record.h"
#include "tandem/duroxide_runtime/internal/store/instance_index.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

Status InstanceExists(std::string_view instance) {
  return Status::AlreadyExists("instance '" + std::string(instance) + "' already exists");
}

void AddStart(const NewInstance& instance, tandem::Timestamp now, tandem::Batch& batch) {
  const StartItem& start = instance.start;
  InstanceStatus status;
  status.state = InstanceState::kPending;
  status.orchestration = start.name;
  status.version = start.version;
  status.parent = start.parent;
  status.created_at = now;
  status.updated_at = now;
  status.start_at = instance.start_at;
  tandem::CheckMetadata claim(HomeStream(instance.instance, start.first_execution),
                              std::string(kStatusKey), std::nullopt);
  claim.otherwise = InstanceExists(instance.instance);
  batch.Add(std::move(claim));
  // Also where the status was erased: what has run has a history.
  batch.Add(tandem::CheckVersion{HistoryStream(instance.instance, start.first_execution),
                                 tandem::Expected::NoStream()});
  batch.Add(SetStatus(instance.instance, start.first_execution, status));
  batch.Add(AnnounceExecution(instance.instance, start.first_execution));
  batch.Add(AddToIndex(instance.instance, start.name,
                       start.parent ? start.parent->instance : std::string(), status.state));
  tandem::Enqueue enqueue = ToInstance(instance.instance, start);
  enqueue.options.visible_at = instance.start_at;
  batch.Add(std::move(enqueue));
}

tandem::UpdateMetadata AnnounceExecution(std::string_view instance, std::uint64_t execution) {
  tandem::UpdateMetadata update;
  update.stream = HistoryStream(instance, execution);
  update.set.emplace(kBeginsKey, "");
  return update;
}

tandem::UpdateMetadata SetStatus(std::string_view instance, std::uint64_t first_execution,
                                 const InstanceStatus& status) {
  tandem::UpdateMetadata update;
  update.stream = HomeStream(instance, first_execution);
  update.set.emplace(kStatusKey, EncodeStatus(status));
  return update;
}

}  // namespace duroxide::internal
