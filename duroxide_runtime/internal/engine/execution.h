#pragma once

// An Execution is the live frame of one execution: the root coroutine, what it waits for, and the
// state in between. It is built by applying the inputs of a history from the first on.
//
// The seam for live instances: an Execution that has applied a history up to version v may be kept
// and given the next input, as long as v is still the head of its stream; then nothing is replayed.
// Code that keeps one must drop it on any doubt.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/internal/coroutine/pump.h"
#include "tandem/duroxide_runtime/internal/engine/orchestration_state.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/registry.h"

namespace duroxide::internal {

class Execution {
 public:
  // `handler` outlives the execution. `kv`: what earlier executions have left.
  Execution(std::string instance, std::uint64_t execution, const OrchestrationHandler& handler,
            KvEntries kv)
      : state_(std::move(instance), execution, std::move(kv), pump_), handler_(handler) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  // Closes the context first, so that the destructors of the frames write nothing.
  ~Execution();

  // True when the input has somebody to go to: the operation that it completes is open. Events,
  // messages and the first request to cancel are always accepted, Started only as the first input,
  // nothing after the end.
  bool Accepts(const HistoryBody& input) const;
  // REQUIRES: Accepts(fired)
  Timestamp DueOf(const TimerFired& fired) const {
    return state_.operations().DueOf(fired.scheduled_id);
  }

  // Delivers one input, history event `id`, and runs the code until it waits again. Returns what
  // history holds behind that input: the code's commands and, if it has finished, the end; the
  // first of them is event id + 1. REQUIRES: Accepts(input)
  std::vector<HistoryBody> Apply(EventId id, const HistoryEvent& input) {
    return Apply(id, input, /*replaying=*/false, {});
  }
  // The same while what it returns is compared with `recorded`, what history holds there.
  std::vector<HistoryBody> Replay(EventId id, const HistoryEvent& input,
                                  std::span<const HistoryEvent> recorded) {
    return Apply(id, input, /*replaying=*/true, recorded);
  }

  bool ended() const { return ended_; }
  // Of its history so far, names and values.
  std::size_t content_bytes() const { return content_bytes_; }
  const Started& started() const {
    return state_.facts().started;
  }  // without input and unread events
  const std::string& instance() const { return state_.facts().instance; }
  std::uint64_t number() const { return state_.facts().execution; }
  const CustomStatus& custom_status() const { return state_.published().custom_status(); }
  const KvState& kv() const { return state_.published().kv(); }
  std::uint64_t NextSeed() { return state_.UseDeterminism().NextSeed(); }
  std::vector<LogEntry> TakeLogs() { return state_.TakeLogs(); }

 private:
  std::vector<HistoryBody> Apply(EventId id, const HistoryEvent& input, bool replaying,
                                 std::span<const HistoryEvent> recorded);
  void Deliver(const HistoryBody& input);
  void Deliver(EventId scheduled_id, std::string_view what, const Failure& failure);
  void Start(const Started& started);
  bool Finished() const;
  HistoryBody End();

  // Before root_: both outlive the frames.
  Pump pump_;
  OrchestrationState state_;
  const OrchestrationHandler& handler_;
  std::optional<Task<Result<std::string>>> root_;
  std::optional<Status> refused_;  // the handler threw instead of returning a task
  bool ended_ = false;
  std::size_t content_bytes_ = 0;
};

}  // namespace duroxide::internal
