#pragma once

// The Core of an execution: what its contexts and futures point at. On one side the code starts,
// awaits and drops operations; on the other the engine delivers results and takes the commands that
// the code has left behind. It knows no history beyond what was delivered, and outlives the frames.
//
// Not thread-safe: one turn at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "duroxide_runtime/internal/history.h"
#include "duroxide_runtime/internal/pump.h"
#include "duroxide_runtime/log.h"

namespace duroxide::internal {

enum class OperationKind { kActivity, kTimer, kEvent };

struct LogEntry {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

class Core {
 public:
  Core(std::string instance, std::uint64_t execution)
      : instance_(std::move(instance)), execution_(execution) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // --- The code's side: operations are named by their index, in the order of their start. --------

  std::size_t CallActivity(std::string name, std::string input);
  std::size_t StartTimer(std::chrono::microseconds duration);
  std::size_t Subscribe(std::string name);

  // Ready means delivered: a result that history holds further on is not there yet.
  bool IsDelivered(std::size_t operation) const;
  void SetWaiter(std::size_t operation, Resumable& waiter);
  // REQUIRES: IsDelivered(operation), once.
  Result<std::string> Take(std::size_t operation);
  // The code has lost interest. Cancels what is still open, unless the core is closed.
  void Drop(std::size_t operation);

  const std::string& instance() const { return instance_; }
  std::uint64_t execution() const { return execution_; }
  bool replaying() const { return replaying_; }
  Timestamp now() const { return now_; }
  std::string NewUuid();
  void Log(LogLevel level, std::string_view text);

  // --- The engine's side ------------------------------------------------------------------------

  Pump& pump() { return pump_; }
  void SetSeed(std::uint64_t seed) { seed_ = seed; }

  // What the next delivery brings with it.
  void BeginStep(Timestamp now, bool replaying);

  bool IsOpen(OperationKind kind, EventId scheduled_id) const;
  // REQUIRES: the operation is open.
  void Deliver(EventId scheduled_id, Result<std::string> value);
  // To the oldest open subscription of that name; without one the event is skipped for ever.
  void Raise(const std::string& name, const std::string& payload);

  // Cancels everything that is still open, oldest first.
  void CancelOpen();

  // The commands since the last call, as the history events that record them; the first gets the id
  // `first_id`, and the operations that they start are known by these ids from now on.
  std::vector<HistoryBody> TakeCommands(EventId first_id);

  // Logged while not replaying; the caller decides when they are shown.
  std::vector<LogEntry> TakeLogs() { return std::exchange(logs_, {}); }

  // Set by a call that can't be recorded at all, e.g. an input over the limit: ends the execution.
  const std::optional<Status>& fatal() const { return fatal_; }

  // From now on dropping writes nothing, and starting anything is a bug.
  void Close() { closed_ = true; }

 private:
  struct Operation {
    enum class State { kOpen, kDelivered, kClosed };  // closed: taken or dropped

    OperationKind kind;
    State state = State::kOpen;
    EventId id = 0;  // of the event that records its start; 0 until then
    Resumable* waiter = nullptr;
    std::optional<Result<std::string>> value;  // while kDelivered
  };
  struct Command {
    std::size_t operation;
    HistoryBody body;  // of a cancellation: the scheduled id is filled in when it is taken
  };

  std::size_t Start(OperationKind kind, HistoryBody body);
  void Cancel(std::size_t operation);
  void Fail(Status status);
  // A bad name is fatal; it is cleared, so that what is recorded up to the failure stays small.
  void CheckOperationName(std::string_view what, std::string& name);

  const std::string instance_;
  const std::uint64_t execution_;
  Pump pump_;

  std::vector<Operation> operations_;
  std::unordered_map<EventId, std::size_t> by_id_;  // looked up only: its order is not stable
  std::map<std::string, std::deque<std::size_t>> subscriptions_;  // by name, oldest first
  std::vector<Command> commands_;
  std::vector<LogEntry> logs_;
  std::optional<Status> fatal_;
  std::size_t open_ = 0;             // operations without a result
  std::size_t step_operations_ = 0;  // started since BeginStep
  std::size_t step_bytes_ = 0;       // of their names and inputs

  Timestamp now_;
  std::uint64_t seed_ = 0;
  std::uint64_t uuids_ = 0;  // made so far
  bool replaying_ = false;
  bool closed_ = false;
};

}  // namespace duroxide::internal
