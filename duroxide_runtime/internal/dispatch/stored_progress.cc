#include "tandem/duroxide_runtime/internal/dispatch/stored_progress.h"

#include <utility>

#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

StoredProgress::StoredProgress(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                               const OperationAddress& operation, std::uint32_t delivery_count)
    : provider_(provider),
      lease_(lease),
      stream_(HistoryStream(operation.instance, operation.execution)),
      key_(ProgressKey(operation.scheduled_id)),
      may_exist_(delivery_count > 1) {}

Status StoredProgress::Save(std::optional<std::string> progress) {
  // First: whoever has lost the activity must not write over the progress of who has it now.
  const Status renewed = lease_.Renew();
  if (lease_.lost()) {
    return Status::Cancelled("the activity was cancelled, or is run by somebody else");
  }
  if (!renewed.ok() || !progress) return renewed;
  tandem::UpdateMetadata update;
  update.stream = stream_;
  update.set.emplace(key_, *std::move(progress));
  tandem::Batch batch;
  batch.Add(std::move(update));
  tandem::BatchOptions options;
  options.durability = tandem::Durability::kBuffered;
  may_exist_ = true;
  return provider_.AtomicBatch(std::move(batch), options).status();
}

Result<std::optional<std::string>> StoredProgress::Load() {
  TANDEM_ASSIGN_OR_RETURN(std::optional<std::string> progress,
                          provider_.GetMetadata(stream_, key_));
  if (progress) may_exist_ = true;
  return progress;
}

tandem::UpdateMetadata StoredProgress::Erase() const {
  tandem::UpdateMetadata update;
  update.stream = stream_;
  update.erase.push_back(key_);
  return update;
}

}  // namespace duroxide::internal
