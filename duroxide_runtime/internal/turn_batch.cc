#include "duroxide_runtime/internal/turn_batch.h"

#include <utility>

#include "duroxide_runtime/internal/instance_store.h"

namespace duroxide::internal {

namespace {

tandem::Enqueue EnqueueActivity(const TurnInput& turn, EventId id, const ActivityScheduled& call) {
  const OperationId operation{turn.execution, id};
  tandem::Enqueue enqueue;
  enqueue.queue = kWorkerQueue;
  enqueue.payload = EncodeWorkItem(ActivityItem{turn.instance, operation, call.name, call.input});
  enqueue.options.key = OperationKey(turn.instance, operation);
  return enqueue;
}

tandem::Enqueue EnqueueTimer(const TurnInput& turn, EventId id, const TimerCreated& timer) {
  const OperationId operation{turn.execution, id};
  tandem::Enqueue enqueue;
  enqueue.queue = kOrchestratorQueue;
  enqueue.payload = EncodeWorkItem(TimerFiredItem{operation});
  enqueue.options.visible_at = timer.fire_at;
  enqueue.options.group = turn.instance;
  enqueue.options.key = OperationKey(turn.instance, operation);
  return enqueue;
}

tandem::CancelMessage Cancel(const TurnInput& turn, std::string_view queue, EventId scheduled_id) {
  return {std::string(queue), OperationKey(turn.instance, {turn.execution, scheduled_id})};
}

// What the event makes happen, if anything.
void AddEffect(const TurnInput& turn, EventId id, const HistoryBody& body,
               std::vector<tandem::Operation>& batch) {
  if (const auto* call = std::get_if<ActivityScheduled>(&body)) {
    batch.emplace_back(EnqueueActivity(turn, id, *call));
  } else if (const auto* timer = std::get_if<TimerCreated>(&body)) {
    batch.emplace_back(EnqueueTimer(turn, id, *timer));
  } else if (const auto* activity = std::get_if<ActivityCancelRequested>(&body)) {
    batch.emplace_back(Cancel(turn, kWorkerQueue, activity->scheduled_id));
  } else if (const auto* cancelled = std::get_if<TimerCancelled>(&body)) {
    batch.emplace_back(Cancel(turn, kOrchestratorQueue, cancelled->scheduled_id));
  }
}

InstanceStatus StatusAfter(const TurnInput& turn, const TurnOutcome& outcome) {
  const HistoryEvent& first = turn.history.empty() ? outcome.events.front() : turn.history.front();
  return StatusOfHistory(History{first, outcome.events.back()});
}

}  // namespace

std::vector<tandem::Operation> TurnBatch(const TurnInput& input, const TurnOutcome& outcome,
                                         const std::vector<tandem::LockToken>& tokens) {
  std::vector<tandem::Operation> batch;
  // First of all: a due timer that this turn cancels is among the messages it acknowledges.
  for (const tandem::LockToken& token : tokens) batch.emplace_back(tandem::DeleteMessages{token});

  const tandem::StreamId stream = HistoryStream(input.instance, input.execution);
  const auto expected = tandem::Expected::Exactly(input.history.size());
  if (outcome.events.empty()) {
    batch.emplace_back(tandem::CheckVersion{stream, expected});
    return batch;
  }
  std::vector<std::string> payloads;
  payloads.reserve(outcome.events.size());
  for (const HistoryEvent& event : outcome.events) payloads.push_back(EncodeHistoryEvent(event));
  batch.emplace_back(tandem::AppendEvents{stream, std::move(payloads), expected});
  batch.emplace_back(SetStatus(input.instance, StatusAfter(input, outcome)));
  for (std::size_t i = 0; i < outcome.events.size(); ++i) {
    AddEffect(input, input.history.size() + i + 1, outcome.events[i].body, batch);
  }
  return batch;
}

}  // namespace duroxide::internal
