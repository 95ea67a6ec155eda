#pragma once

// The context through which an orchestration acts. Everything an orchestration learns or does goes
// through it: the code runs again from the beginning after a restart, so it must do the same again.
// No clocks, random numbers, files or threads of its own; those belong into activities.
//
// A small handle, copied freely within its orchestration, and meaningless outside of it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/future.h"
#include "tandem/duroxide_runtime/handles.h"
#include "tandem/duroxide_runtime/log.h"

namespace duroxide {

namespace internal {

class CancellationAwaiter;
class Execution;

// What a local step gives as a value: T for a function that returns T or Result<T>, Unit for one
// that returns a Status.
template <typename R>
struct StepValue {
  using Type = R;
};
template <Fallible R>
struct StepValue<R> {
  using Type = typename FallibleValue<R>::Type;
};

}  // namespace internal

// No aggregate: safe as a temporary beside a co_await on g++ 12.
class CallOptions {
 public:
  CallOptions() {}

  // The activity goes to the runtimes that serve this tag (RuntimeOptions::tags).
  CallOptions& Tag(std::string tag) {
    tag_ = std::move(tag);
    return *this;
  }
  const std::string& tag() const { return tag_; }

 private:
  std::string tag_;
};

class ChildOptions {
 public:
  ChildOptions() {}

  // The child's instance id. Without one it gets a unique one. AlreadyExists, told to the future,
  // if there is an instance of that id.
  ChildOptions& Instance(std::string instance) {
    instance_ = std::move(instance);
    return *this;
  }
  // Exactly this version, instead of the one that the registry's policy chooses where it starts.
  ChildOptions& Version(OrchestrationVersion version) {
    version_ = version;
    return *this;
  }
  const std::string& instance() const { return instance_; }
  const std::optional<OrchestrationVersion>& version() const { return version_; }

 private:
  std::string instance_;
  std::optional<OrchestrationVersion> version_;
};

// What ContinueAsNew gives: any Result, which nobody will see.
class ContinuedAsNew {
 public:
  template <typename T>
  operator Result<T>() const {  // NOLINT(google-explicit-constructor): for co_return
    return Status::Cancelled("continued as new");
  }
};

class OrchestrationContext {
 public:
  // --- Activities and steps -------------------------------------------------------------------

  // Schedules the activity now, not when the future is awaited. An activity runs at least once; its
  // failure, or an output that can't be decoded, is the future's Status.
  template <typename Out, typename In>
  Future<Out> Call(const Activity<Out(In)>& activity, const std::type_identity_t<In>& input,
                   const CallOptions& options = CallOptions()) const {
    return Future<Out>(internal::OperationRef(
        *state_, state_->CallActivity(std::string(activity.name()), Codec<In>::Encode(input),
                                      options.tag())));
  }
  // The same by name, with bytes.
  Future<std::string> CallEncoded(std::string name, std::string input,
                                  const CallOptions& options = CallOptions()) const {
    return Future<std::string>(internal::OperationRef(
        *state_, state_->CallActivity(std::move(name), std::move(input), options.tag())));
  }

  // Runs `step`, a function that gives a T, Result<T> or Status, here and now, and records its
  // result in the batch of this turn: for what is quick and bears repetition. A crash before that
  // batch is stored runs it again, a replay does not. An exception is a failure.
  //
  // Its result is all that a replay knows of it. So it must not use the context, but for Now(),
  // facts and Log: else the instance fails with InvalidArgument. Nor may it change captured
  // variables for the code behind it, or end futures; give everything as the result.
  template <typename Step>
  auto Run(std::string_view name, const Step& step) const {
    using T = typename internal::StepValue<std::invoke_result_t<const Step&>>::Type;
    const Result<std::string> bytes =
        state_->local_steps().Run(std::string(name), [&step]() -> Result<std::string> {
          Result<T> value = step();
          if (!value.ok()) return value.status();
          return Codec<T>::Encode(*value);
        });
    if (!bytes.ok()) return Result<T>(bytes.status());
    return internal::TryDecode<T>(*bytes);
  }

  // --- Time -----------------------------------------------------------------------------------

  // A durable timer, `duration` after Now(); a negative duration counts as none, and one that is
  // out of range (hours::max()) never ends.
  Timer StartTimer(tandem::Saturated<std::chrono::microseconds> duration) const {
    return StartTimerAt(tandem::SaturatingAdd(Now(), duration.value()));
  }
  Timer Sleep(tandem::Saturated<std::chrono::microseconds> duration) const {
    return StartTimer(duration);
  }

  // A durable timer for a time; one that is past fires at once.
  Timer StartTimerAt(Timestamp time) const {
    return Timer(internal::OperationRef(*state_, state_->StartTimer(time)));
  }
  Timer SleepUntil(Timestamp time) const { return StartTimerAt(time); }

  // The time of the history event that was delivered last: the same on every replay.
  Timestamp Now() const { return state_->facts().now; }

  // --- From outside ---------------------------------------------------------------------------

  // The next event of that name, first in first out (Client::RaiseEvent). Events wait for their
  // reader: those that come early, that a wait which lost a race had got (alone, or within a
  // WhenAll), and that are unread when the execution continues as new.
  //
  // The wait begins when the future is awaited, alone or in a WhenAll or WhenAny: one that nobody
  // awaits takes no event. Of several waits for a name the oldest gets the next event.
  template <typename T>
  Future<T> WaitForEvent(const Event<T>& event) const {
    return WaitForEvent<T>(event.name());
  }
  // The same for a name that is made at run time.
  template <Codable T>
  Future<T> WaitForEvent(std::string_view name) const {
    return Future<T>(internal::OperationRef(*state_, std::string(name)));
  }

  // --- Other orchestrations -------------------------------------------------------------------

  // Starts a child now. It gives its output, or the failure with which it ended; dropping the
  // future cancels it, and so does the end of this execution, however it ends.
  template <typename Out, typename In>
  Child<Out> StartChild(const Orchestration<Out(In)>& orchestration,
                        const std::type_identity_t<In>& input,
                        const ChildOptions& options = ChildOptions()) const {
    internal::OrchestrationState::StartedChild child =
        state_->StartChild(std::string(orchestration.name()), options.version(), options.instance(),
                           Codec<In>::Encode(input));
    return Child<Out>(internal::OperationRef(*state_, child.operation), std::move(child.instance));
  }

  // Starts an orchestration that does not belong to this one: it has no parent, and nobody waits
  // for it. If there is an instance of that id, nothing happens but a warning in the log.
  template <typename Out, typename In>
  void StartDetached(const Orchestration<Out(In)>& orchestration, std::string instance,
                     const std::type_identity_t<In>& input,
                     std::optional<OrchestrationVersion> version = std::nullopt) const {
    state_->StartDetached(std::string(orchestration.name()), version, std::move(instance),
                          Codec<In>::Encode(input));
  }

  // Ends this execution and starts the next one of the same instance, with a history of its own:
  //
  //   co_return ctx.ContinueAsNew(kMonitor, next);
  //
  // One commit. Unread events, key-value map, custom status and parent stay; what is still open
  // is cancelled. Takes effect when the code next waits or ends, wherever it was called. Without a
  // version the registry's policy chooses, so the instance moves to newer code.
  template <typename Out, typename In>
  ContinuedAsNew ContinueAsNew(const Orchestration<Out(In)>& self,
                               const std::type_identity_t<In>& input,
                               std::optional<OrchestrationVersion> version = std::nullopt) const {
    state_->ContinueAsNew(self.name(), version, Codec<In>::Encode(input));
    return {};
  }

  // True in instances that reach this line for the first time with the code that has it; false
  // where history shows that the instance went by here before. Keeps both kinds on their way:
  //
  //   if (ctx.Patched("charge-before-shipping")) ... else ...
  bool Patched(std::string_view id) const { return state_->local_steps().Patched(id); }

  // --- What others can read -------------------------------------------------------------------

  // A text for clients that read the instance's status. Survives continue-as-new and the end.
  void SetCustomStatus(std::string status) const {
    state_->published().SetCustomStatus(std::move(status));
  }
  void ResetCustomStatus() const { state_->published().SetCustomStatus(std::nullopt); }
  const std::optional<std::string>& custom_status() const {
    return state_->published().custom_status().value;
  }

  // A map of the instance, which clients can read. Lives as long as the instance.
  template <Codable T>
  void SetKv(const std::string& key, const T& value) const {
    state_->published().SetKv(key, Codec<T>::Encode(value));
  }
  // nullopt if there is no such key.
  template <Codable T>
  Result<std::optional<T>> GetKv(std::string_view key) const {
    const auto found = state_->published().kv().entries().find(key);
    if (found == state_->published().kv().entries().end()) return std::nullopt;
    TANDEM_ASSIGN_OR_RETURN(T value, internal::TryDecode<T>(found->second.value));
    return value;
  }
  // The same, with a value for a key that is not there.
  template <Codable T>
  Result<T> GetKv(std::string_view key, T fallback) const {
    TANDEM_ASSIGN_OR_RETURN(std::optional<T> value, GetKv<T>(key));
    return value ? *std::move(value) : std::move(fallback);
  }
  std::vector<std::string> KvKeys() const;  // sorted
  void EraseKv(const std::string& key) const { state_->published().EraseKv(key); }
  void ClearKv() const;
  // Erases what was not set at or after `time`; returns how many.
  std::size_t EraseKvBefore(Timestamp time) const;

  // --- Determinism and facts ------------------------------------------------------------------

  // Unique to the instance and the same on every replay: a version 4 UUID, 64 random bits.
  std::string NewUuid() const { return state_->UseDeterminism().NewUuid(); }
  std::uint64_t NewRandom() const { return state_->UseDeterminism().NewRandom(); }

  const std::string& instance() const { return state_->facts().instance; }
  std::uint64_t execution() const { return state_->facts().execution; }
  const std::string& name() const { return state_->facts().started.name; }
  const OrchestrationVersion& version() const { return state_->facts().started.version; }
  const std::optional<OperationAddress>& parent() const { return state_->facts().started.parent; }
  Timestamp created_at() const {
    return state_->facts().started.created_at;
  }  // of the first execution
  // The events up to the one that was delivered last; grows until the execution continues as new.
  std::uint64_t history_events() const { return state_->facts().step; }

  // True while the code repeats what an earlier turn has stored. For logging and metrics only.
  bool IsReplaying() const { return state_->facts().replaying; }

  // Written when the turn is stored, so once per line, not once per replay.
  void Log(LogLevel level, std::string_view text) const { state_->Log(level, text); }

 private:
  friend internal::Execution;
  friend internal::CancellationAwaiter;
  explicit OrchestrationContext(internal::OrchestrationState& state) : state_(&state) {}
  internal::OrchestrationState* state_;
};

}  // namespace duroxide
