#pragma once

// The state of an execution: what its contexts and futures point at. On one side the code starts,
// awaits and drops operations; on the other the engine delivers results and takes the commands that
// the code has left behind. It knows no history beyond what was delivered, but for the commands
// that are recorded behind the input that is being replayed. It outlives the frames.
//
// It consists of parts with one job each. Here stands only what needs several of them: operations
// together with the commands that start and cancel them, and how the execution goes on.
//
// Not thread-safe: one turn at a time.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/internal/coroutine/pump.h"
#include "tandem/duroxide_runtime/internal/engine/call_guard.h"
#include "tandem/duroxide_runtime/internal/engine/cancellation_scopes.h"
#include "tandem/duroxide_runtime/internal/engine/command_log.h"
#include "tandem/duroxide_runtime/internal/engine/determinism.h"
#include "tandem/duroxide_runtime/internal/engine/execution_facts.h"
#include "tandem/duroxide_runtime/internal/engine/local_steps.h"
#include "tandem/duroxide_runtime/internal/engine/operation_table.h"
#include "tandem/duroxide_runtime/internal/engine/published_state.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/log.h"

namespace duroxide::internal {

struct LogEntry {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

class OrchestrationState {
 public:
  // `kv`: what earlier executions have left. `pump` outlives the state.
  OrchestrationState(std::string instance, std::uint64_t execution, KvEntries kv, Pump& pump);
  OrchestrationState(const OrchestrationState&) = delete;
  OrchestrationState& operator=(const OrchestrationState&) = delete;

  // --- The parts ---------------------------------------------------------------------------------

  const ExecutionFacts& facts() const { return facts_; }
  // For awaiting and delivering. Adding and dropping issue commands too: see below.
  OperationTable& operations() { return operations_; }
  const OperationTable& operations() const { return operations_; }
  CancellationScopes& scopes() { return scopes_; }
  const CancellationScopes& scopes() const { return scopes_; }
  PublishedState& published() { return published_; }
  const PublishedState& published() const { return published_; }
  LocalSteps& local_steps() { return local_steps_; }

  // --- The code's side: operations are named by their index, in the order of their start. --------
  // If the call is refused (call_guard.h), the operation never gets a result.

  std::size_t CallActivity(std::string name, std::string input, const std::string& tag);
  std::size_t StartTimer(Timestamp fire_at);
  // For a future that waits for the event once it is awaited.
  void CheckEvent(const std::string& name);
  // It is awaited.
  std::size_t WaitForEvent(const std::string& name);

  struct StartedChild {
    std::size_t operation = 0;
    std::string instance;
  };
  // An empty `instance` means one of the engine's making.
  StartedChild StartChild(std::string name, std::optional<OrchestrationVersion> version,
                          std::string instance, std::string input);
  void StartDetached(std::string name, std::optional<OrchestrationVersion> version,
                     std::string instance, std::string input);

  // The code has lost interest. Cancels what is still open, unless the state is closed; an event
  // that was delivered but not taken is given back.
  void Drop(std::size_t operation);

  // The first call counts. Takes effect when the code waits or has ended.
  void ContinueAsNew(std::string_view name, std::optional<OrchestrationVersion> version,
                     std::string input);

  // Random numbers that repeat on every replay, so a running local step must not use them.
  Determinism& UseDeterminism();
  void Log(LogLevel level, std::string_view text);

  // --- The engine's side ------------------------------------------------------------------------

  // What the next delivery brings with it. `recorded`: while replaying, the commands behind it in
  // history; valid until the next call.
  void BeginStep(EventId id, Timestamp now, bool replaying, std::span<const HistoryEvent> recorded);
  void Begin(const Started& started);

  // A result that the code never sees: it ends the execution. REQUIRES: the operation is open.
  void Settle(EventId scheduled_id, Failure failure);

  // Cancels everything that is still open, oldest first; untaken events are given back.
  void CancelOpen();

  // Ends the execution if more events wait to be read than may.
  void CheckUnread();

  // The commands since the last call, as the history events that record them; the first gets the id
  // `first_id`, and the operations that they start are known by these ids from now on.
  std::vector<HistoryBody> TakeCommands(EventId first_id);

  // Logged while not replaying; the caller decides when they are shown.
  std::vector<LogEntry> TakeLogs() { return std::exchange(logs_, {}); }

  // Either ends the execution as soon as the code waits.
  const std::optional<Failure>& failure() const { return guard_.failure(); }
  // How it goes on as a new execution; without the unread events, since more may be read until
  // then.
  const std::optional<OrchestrationContinuedAsNew>& continuation() const { return continuation_; }

  // From now on dropping writes nothing, and starting anything is a bug.
  void Close() { guard_.Close(); }

 private:
  std::size_t Start(OperationKind kind, std::string target, HistoryBody body);

  ExecutionFacts facts_;
  CallGuard guard_;
  CommandLog commands_;
  OperationTable operations_;
  CancellationScopes scopes_;
  PublishedState published_;
  LocalSteps local_steps_;

  std::optional<Determinism> determinism_;  // from the start on
  std::uint64_t children_ = 0;              // made so far under ids of the engine
  std::optional<OrchestrationContinuedAsNew> continuation_;
  std::vector<LogEntry> logs_;
};

}  // namespace duroxide::internal
