#pragma once

// How an instance is doing, and waiting until that changes. Reads no history where there is a
// status.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/batch/provider.h"
#include "tandem/duroxide_runtime/instance_status.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/status.h"
#include "tandem/duroxide_runtime/timeout.h"

namespace duroxide::internal {

// The record can't be read: it is damaged, or of a newer version.
inline bool IsUnreadable(const Status& status) {
  return status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported;
}

// Its status; where that was erased or is unreadable, what the history says, with empty `bytes`.
// Errors: NotFound; Corruption, Unsupported (neither can be read).
Result<StoredStatus> LookUp(tandem::Provider& provider, std::string_view instance);

// One life of an instance, watched:
//
//   while (true) {
//     status = watch.Look(); if (that is it) return;
//     if (!watch.AwaitChange()) give up;
//   }
//
// While it waits, a turn costs the one read that it is woken for, and the next Look.
class InstanceWatch {
 public:
  InstanceWatch(tandem::Provider& provider, std::string_view instance, const WaitLimit& limit);

  // Errors: NotFound, also when the instance that was seen first was deleted, and another started
  // under its id.
  Result<InstanceStatus> Look();

  // Blocks until the instance has had a turn since the last Look, or was deleted; may return
  // sooner. False at the limit.
  Result<bool> AwaitChange();

  // "instance 'i' is still Running after 5000 ms; <diagnosis>"
  Status TimeIsOver(const InstanceStatus& status) const;

 private:
  // The next event that the instance can get.
  struct NextEvent {
    tandem::StreamId stream;
    tandem::Version version = 1;
  };
  // nullopt if it was deleted meanwhile, which the next Look tells.
  Result<std::optional<NextEvent>> FindNext() const;
  // Where `page` of the stream, read from `at` on, leads to; nullopt if that was deleted.
  Result<std::optional<NextEvent>> Behind(const NextEvent& at, const tandem::EventPage& page) const;

  tandem::Provider& provider_;
  const std::string instance_;
  const WaitLimit limit_;
  const tandem::Timestamp deadline_;
  std::optional<NextEvent> next_;      // nullopt: to be found
  std::optional<std::uint64_t> life_;  // the first execution of the one that was seen first
};

}  // namespace duroxide::internal
