#pragma once

// How an instance is doing, and waiting until that changes. Reads no history where there is a
// status.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batch/provider.h"
#include "duroxide_runtime/instance_status.h"
#include "duroxide_runtime/internal/instance_store.h"

namespace duroxide::internal {

// Its status; where that was erased, what the history says, with empty `bytes`. Errors: NotFound.
Result<StoredStatus> LookUp(tandem::Provider& provider, std::string_view instance);

// One life of an instance, watched:
//
//   while (true) {
//     status = watch.Look(); if (that is it) return;
//     if (!watch.AwaitChange()) give up;
//   }
class InstanceWatch {
 public:
  InstanceWatch(tandem::Provider& provider, std::string_view instance,
                std::chrono::milliseconds timeout);

  // Errors: NotFound, also when the instance that was seen first was deleted, and another started
  // under its id.
  Result<InstanceStatus> Look();

  // Blocks until the instance has had a turn since the last Look, or was deleted. False when the
  // time is over. REQUIRES: Look was called.
  Result<bool> AwaitChange();

  // "instance 'i' is still Running after 5000 ms; <diagnosis>"
  Status TimeIsOver(const InstanceStatus& status) const;

 private:
  // The next event that the instance as it was looked at can get.
  Result<std::pair<tandem::StreamId, tandem::Version>> Next() const;

  tandem::Provider& provider_;
  const std::string instance_;
  const std::chrono::milliseconds timeout_;
  const tandem::Timestamp deadline_;
  InstancePlace place_;                // at the last Look
  std::optional<std::uint64_t> life_;  // the first execution of the one that was seen first
};

}  // namespace duroxide::internal
