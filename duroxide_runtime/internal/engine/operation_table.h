#pragma once

// The operations of an execution that have no result yet, or whose result the code has not taken
// yet: the activities, timers and children that it has scheduled, and its waits for events that
// have begun, each with what it waits for. Two names: the code knows an operation by its index, in
// the order of their start; history by the id of the event that records that start.
//
// Separate because it knows no history and no limits: it only matches results to those who wait.
// OrchestrationState adds and drops, and issues the command that belongs to it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "tandem/base/timestamp.h"
#include "tandem/duroxide_runtime/internal/coroutine/pump.h"
#include "tandem/duroxide_runtime/internal/engine/event_queues.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

enum class OperationKind { kActivity, kTimer, kEvent, kChild };

// One that is to be cancelled.
struct OpenOperation {
  std::size_t index = 0;
  EventId id = 0;  // 0 if its start is not recorded yet
  OperationKind kind = OperationKind::kActivity;
  std::string target;  // an activity's tag, a child's instance, an event's name
};

class OperationTable {
 public:
  // `pump` outlives the table; a coroutine whose result has come is posted to it.
  explicit OperationTable(Pump& pump) : pump_(pump) {}
  OperationTable(const OperationTable&) = delete;
  OperationTable& operator=(const OperationTable&) = delete;

  // --- Starting and dropping: OrchestrationState only --------------------------------------------

  // Of the next operation, which need not be added.
  std::size_t NextIndex() { return next_index_++; }
  // True if it has its result at once: an event that nobody had read. `due`: of a timer.
  // REQUIRES: `index` came from NextIndex() and is added once.
  bool Add(std::size_t index, OperationKind kind, std::string target, Timestamp due);
  // Event `id` records its start. No effect if it was dropped before it got an id.
  void Identify(std::size_t index, EventId id);

  // The code has lost interest. An event that was delivered but not taken is given back. Returns
  // what is to be cancelled: what has no result, and each wait for an event. REQUIRES:
  // Contains(index)
  std::optional<OpenOperation> Drop(std::size_t index);
  // The same when the execution is over: nobody gets the event, nothing is cancelled.
  void Forget(std::size_t index);

  bool Contains(std::size_t index) const { return operations_.contains(index); }
  std::optional<std::size_t> Oldest() const;
  std::size_t open() const { return open_; }  // those without a result

  // --- Awaiting ----------------------------------------------------------------------------------

  // Ready means delivered: a result that history holds further on is not there yet.
  bool IsDelivered(std::size_t index) const;
  // No effect on one that was never added: the execution is about to end.
  void SetWaiter(std::size_t index, Resumable& waiter);
  // Nobody awaits it any more, for now.
  void ClearWaiter(std::size_t index);
  // REQUIRES: IsDelivered(index), once.
  Result<std::string> Take(std::size_t index);

  // --- Delivering --------------------------------------------------------------------------------

  bool IsOpen(OperationKind kind, EventId scheduled_id) const;
  // REQUIRES: it is an open timer.
  Timestamp DueOf(EventId scheduled_id) const;
  // REQUIRES: the operation is open.
  void Deliver(EventId scheduled_id, Result<std::string> value);
  // The same without waking anyone: the execution is about to end.
  void Settle(EventId scheduled_id, Status status);
  // To the oldest wait of that name; without one it waits to be read.
  void Raise(const EventRaised& event) { Give(events_.Raise(event)); }
  const EventQueues& events() const { return events_; }

 private:
  struct Operation {
    OperationKind kind = OperationKind::kActivity;
    EventId id = 0;  // 0 until its start is recorded
    std::string target;
    Timestamp due;  // of a timer
    Resumable* waiter = nullptr;
    std::optional<Result<std::string>> value;  // when delivered
    std::uint64_t arrival = 0;                 // of a delivered event
  };

  Operation Remove(std::size_t index);
  void Give(Operation& operation, Result<std::string> value);
  void Give(std::optional<EventQueues::Match> match);

  Pump& pump_;
  std::map<std::size_t, Operation> operations_;     // by index
  std::unordered_map<EventId, std::size_t> by_id_;  // looked up only: its order is not stable
  std::size_t next_index_ = 0;
  std::size_t open_ = 0;
  EventQueues events_;  // its waits are known by their index
};

}  // namespace duroxide::internal
