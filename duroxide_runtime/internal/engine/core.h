#pragma once

// The Core of an execution: what its contexts and futures point at. On one side the code starts,
// awaits and drops operations; on the other the engine delivers results and takes the commands that
// the code has left behind. It knows no history beyond what was delivered, but for the commands
// that are recorded behind the input that is being replayed. It outlives the frames.
//
// Not thread-safe: one turn at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "duroxide_runtime/internal/coroutine/promise.h"
#include "duroxide_runtime/internal/coroutine/pump.h"
#include "duroxide_runtime/internal/engine/determinism.h"
#include "duroxide_runtime/internal/engine/kv_state.h"
#include "duroxide_runtime/internal/engine/mailboxes.h"
#include "duroxide_runtime/internal/records/history.h"
#include "duroxide_runtime/log.h"

namespace duroxide::internal {

enum class OperationKind { kActivity, kTimer, kEvent, kMessage, kChild };

struct LogEntry {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

class Core {
 public:
  // `kv`: what earlier executions have left.
  Core(std::string instance, std::uint64_t execution, KvEntries kv)
      : instance_(std::move(instance)), execution_(execution), kv_(std::move(kv)) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // --- The code's side: operations are named by their index, in the order of their start. --------
  // A call that is over a limit, or has a bad name, ends the execution as soon as the code waits;
  // neither that call nor any behind it is recorded. The same goes for whatever a running local
  // step asks for: it is not run again, so what it has asked for would be missing on replay.

  std::size_t CallActivity(std::string name, std::string input, const std::string& tag);
  std::size_t StartTimer(std::chrono::microseconds duration);
  std::size_t StartTimerAt(Timestamp fire_at);
  std::size_t Subscribe(const std::string& name);
  std::size_t Receive(const std::string& mailbox);

  struct Child {
    std::size_t operation = 0;
    std::string instance;
  };
  // An empty `instance` means one of the engine's making.
  Child StartChild(std::string name, std::optional<OrchestrationVersion> version,
                   std::string instance, std::string input);
  void StartDetached(std::string name, std::optional<OrchestrationVersion> version,
                     std::string instance, std::string input);

  // Ready means delivered: a result that history holds further on is not there yet.
  bool IsDelivered(std::size_t operation) const;
  void SetWaiter(std::size_t operation, Resumable& waiter);
  // REQUIRES: IsDelivered(operation), once.
  Result<std::string> Take(std::size_t operation);
  // The code has lost interest. Cancels what is still open, unless the core is closed; a message
  // that was delivered but not taken goes back into its mailbox.
  void Drop(std::size_t operation);

  // Runs the step, or gives what was recorded of it. The step must not use the core.
  Result<std::string> RunStep(std::string name, const std::function<Result<std::string>()>& step);
  // Whether the execution goes the way that the patch has opened.
  bool Patched(std::string_view id);

  void SetCustomStatus(std::optional<std::string> value);
  const CustomStatus& custom_status() const { return custom_status_; }
  void SetKv(const std::string& key, std::string value);
  void EraseKv(const std::string& key);
  const KvState& kv() const { return kv_; }

  // The first call counts. Takes effect when the code waits or has ended.
  void ContinueAsNew(std::string_view name, std::optional<OrchestrationVersion> version,
                     std::string input);

  // A coroutine enters a scope to wait for the cancellation of the instance instead of being ended
  // by it. A scope covers everything else its parent awaits. Only innermost scopes are notified,
  // once each, in the order in which they were entered: `waiter` is posted then.
  void EnterScope(PromiseBase& waiter) { scopes_.push_back(&waiter); }
  void LeaveScope(const PromiseBase* waiter) { std::erase(scopes_, waiter); }
  // The reason; nullopt while nobody has asked.
  const std::optional<std::string>& cancel_reason() const { return cancel_reason_; }

  const std::string& instance() const { return instance_; }
  std::uint64_t execution() const { return execution_; }
  const Started& started() const { return started_; }  // without input and mailbox
  EventId step() const { return step_; }               // the id of the input delivered last
  bool replaying() const { return replaying_; }
  Timestamp now() const { return now_; }
  std::string NewUuid();
  std::uint64_t NewRandom();
  Determinism& determinism() { return *determinism_; }
  void Log(LogLevel level, std::string_view text);

  // --- The engine's side ------------------------------------------------------------------------

  Pump& pump() { return pump_; }

  // What the next delivery brings with it. `recorded`: while replaying, the commands behind it in
  // history; valid until the next call.
  void BeginStep(EventId id, Timestamp now, bool replaying, std::span<const HistoryEvent> recorded);

  void Begin(const Started& started);
  bool IsOpen(OperationKind kind, EventId scheduled_id) const;
  // REQUIRES: it is an open timer.
  Timestamp DueOf(EventId scheduled_id) const {
    return operations_.at(by_id_.at(scheduled_id)).due;
  }
  // REQUIRES: the operation is open.
  void Deliver(EventId scheduled_id, Result<std::string> value);
  // The same with a result that the code never sees: it ends the execution.
  void Settle(EventId scheduled_id, Failure failure);
  // To the oldest open subscription of that name; without one the event is skipped forever.
  void Raise(const std::string& name, const std::string& payload);
  // To the oldest who waits at the mailbox, or into it.
  void Put(const MailboxMessage& message);
  // REQUIRES: no reason yet.
  void RequestCancel(std::string reason);

  // Ends the execution as soon as the code waits; the first failure counts.
  void Fail(Failure failure);

  // Cancels everything that is still open, oldest first; untaken messages go back.
  void CancelOpen();

  // The commands since the last call, as the history events that record them; the first gets the id
  // `first_id`, and the operations that they start are known by these ids from now on.
  std::vector<HistoryBody> TakeCommands(EventId first_id);

  // Logged while not replaying; the caller decides when they are shown.
  std::vector<LogEntry> TakeLogs() { return std::exchange(logs_, {}); }

  const std::optional<Failure>& failure() const { return failure_; }
  bool continues() const { return continuation_.has_value(); }
  // How it goes on as a new execution, with what is unread by now.
  std::optional<OrchestrationContinuedAsNew> Continuation() const;

  // From now on dropping writes nothing, and starting anything is a bug.
  void Close() { closed_ = true; }

 private:
  // One that has no result yet, or whose result nobody has taken yet.
  struct Operation {
    OperationKind kind = OperationKind::kActivity;
    EventId id = 0;      // of the event that records its start; 0 until then
    std::string target;  // an activity's tag, a child's instance, a mailbox
    Timestamp due;       // of a timer
    Resumable* waiter = nullptr;
    std::optional<Result<std::string>> value;  // when delivered
    std::uint64_t arrival = 0;                 // of a delivered message
  };
  struct Command {
    HistoryBody body;
    std::optional<std::size_t> operation;  // that it starts, or cancels before that is recorded
  };

  std::size_t Start(OperationKind kind, std::string target, HistoryBody body);
  // In words, for who can't be stopped otherwise: an exception out of a destructor ends the
  // process.
  std::string InDestructor(std::string_view what) const;
  void Cancel(std::size_t index, const Operation& operation);
  // False if it is not recorded, because the execution is about to end.
  bool AddCommand(HistoryBody body);
  // False, and the execution ends, if the step asks for too much.
  bool FitsStep(std::size_t bytes);
  void Give(Operation& operation, Result<std::string> value);
  void GiveMessage(std::size_t index, Mailboxes::Message message);
  void FailWith(const Status& status);
  // False, and the execution ends, while a local step runs.
  bool MayAct();
  // What is bad ends the execution, and from then on nothing is recorded.
  void CheckOperationName(std::string_view what, const std::string& name);
  void CheckBytes(std::string_view what, const std::string& bytes, std::size_t max);
  // While replaying: with what the history ends, if a local step that it does not hold may have
  // been its end: the step has used the context, or its output was too much.
  std::optional<Failure> EndIn(const std::string& step) const;
  // The command that history holds where the next one will stand; null while not replaying.
  const HistoryBody* NextRecorded() const;

  const std::string instance_;
  const std::uint64_t execution_;
  Started started_;
  Pump pump_;

  std::map<std::size_t, Operation> operations_;     // by index
  std::unordered_map<EventId, std::size_t> by_id_;  // looked up only: its order is not stable
  std::size_t next_operation_ = 0;
  std::map<std::string, std::deque<std::size_t>> subscriptions_;  // by name, oldest first
  Mailboxes mailboxes_;
  KvState kv_;
  CustomStatus custom_status_;
  std::map<std::string, bool, std::less<>> patches_;  // as they were decided
  std::vector<PromiseBase*> scopes_;                  // in the order of entering
  std::optional<std::string> cancel_reason_;
  std::vector<Command> commands_;
  std::vector<LogEntry> logs_;
  std::optional<Failure> failure_;
  std::optional<OrchestrationContinuedAsNew> continuation_;
  std::uint64_t children_ = 0;               // made so far under ids of the engine
  std::size_t open_ = 0;                     // operations without a result
  std::size_t step_commands_ = 0;            // since BeginStep
  std::size_t step_bytes_ = 0;               // of their names and values
  std::optional<std::string> running_step_;  // a local step, by its name

  EventId step_ = 0;
  Timestamp now_;
  std::optional<Determinism> determinism_;
  std::span<const HistoryEvent> recorded_;
  bool replaying_ = false;
  bool closed_ = false;
};

}  // namespace duroxide::internal
