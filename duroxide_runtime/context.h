#pragma once

// The context through which an orchestration acts. Everything an orchestration learns or does goes
// through it: the code runs again from the beginning after a restart, so it must do the same again.
// No clocks, random numbers, files or threads of its own; those belong into activities.
//
// A small handle, copied freely within its orchestration, and meaningless outside of it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "duroxide_runtime/future.h"
#include "duroxide_runtime/handles.h"
#include "duroxide_runtime/log.h"

namespace duroxide {

namespace internal {
class Execution;
}  // namespace internal

class OrchestrationContext {
 public:
  // Schedules the activity now, not when the future is awaited. An activity runs at least once; its
  // failure, or an output that can't be decoded, is the future's Status.
  template <typename Out, typename In>
  Future<Out> Call(const Activity<Out(In)>& activity, const std::type_identity_t<In>& input) const {
    return Future<Out>(internal::OperationRef(
        *core_, core_->CallActivity(std::string(activity.name()), Codec<In>::Encode(input))));
  }

  // A durable timer, `duration` after Now(); a negative duration counts as none.
  Timer StartTimer(std::chrono::microseconds duration) const {
    return Timer(internal::OperationRef(*core_, core_->StartTimer(duration)));
  }
  Timer Sleep(std::chrono::microseconds duration) const { return StartTimer(duration); }

  // Waits for an external event of that name. Events match waits by position: an arrival goes to
  // the oldest wait that has none. One that finds no wait is recorded and skipped for ever, so
  // whoever raises an event has to know that the instance has got to its wait.
  template <Codable T>
  Future<T> WaitForEvent(std::string_view name) const {
    return Future<T>(internal::OperationRef(*core_, core_->Subscribe(std::string(name))));
  }

  // The time of the history event that was delivered last: the same on every replay.
  tandem::Timestamp Now() const { return core_->now(); }

  // A version 4 UUID, unique to the instance and the same on every replay.
  std::string NewUuid() const { return core_->NewUuid(); }

  const std::string& instance() const { return core_->instance(); }
  std::uint64_t execution() const { return core_->execution(); }

  // True while the code repeats what an earlier turn has stored. For logging and metrics only.
  bool IsReplaying() const { return core_->replaying(); }

  // Written when the turn is stored, so once per line, not once per replay.
  void Log(LogLevel level, std::string_view text) const { core_->Log(level, text); }

 private:
  friend internal::Execution;
  explicit OrchestrationContext(internal::Core& core) : core_(&core) {}
  internal::Core* core_;
};

}  // namespace duroxide
