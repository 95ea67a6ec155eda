#pragma once

// The progress of a running activity, in the store: a metadata record of the execution that has
// called it, under its ProgressKey. Erased by the batch that reports the activity's result, or that
// cancels it. A heartbeat that races with the cancellation may leave a record behind: nobody reads
// it, ids never come again, and it goes with the execution. No turn reads any of it.

#include <cstdint>
#include <optional>
#include <string>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/activity_context.h"
#include "tandem/duroxide_runtime/history.h"
#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"

namespace duroxide::internal {

class StoredProgress final : public ActivityProgress {
 public:
  // The references outlive it. `delivery_count`: of the attempt.
  StoredProgress(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                 const OperationAddress& operation, std::uint32_t delivery_count);

  Status Save(std::optional<std::string> progress) override;
  Result<std::optional<std::string>> Load() override;

  // There may be a record.
  bool may_exist() const { return may_exist_; }
  // Erases it. To be used as an operation of a batch.
  tandem::UpdateMetadata Erase() const;

 private:
  tandem::Provider& provider_;
  const LeaseKeeper::Held& lease_;
  const tandem::StreamId stream_;
  const std::string key_;
  bool may_exist_;
};

}  // namespace duroxide::internal
