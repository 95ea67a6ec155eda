#include "duroxide_runtime/internal/turn.h"

#include <algorithm>

#include "duroxide_runtime/internal/execution.h"
#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// The message of a divergence at event `id`: what history holds, what the code asked for, what to
// do.
std::string Divergence(EventId id, const HistoryBody* recorded, const HistoryBody* asked) {
  std::string text = "the code no longer matches the history at event " + std::to_string(id) + ": ";
  if (recorded != nullptr) {
    text += "history holds " + Describe(*recorded);
  } else {
    text += "history ends before it";
  }
  if (asked != nullptr) {
    text += IsEnd(*asked) ? ", but the code ended here with " : ", but the code asked for ";
    text += Describe(*asked);
  } else {
    text += ", but the code asked for nothing more and waits";
  }
  return text +
         ". Restore the code that wrote this history (nothing is lost, the instance then goes on), "
         "or register the changed code under a new name for new instances.";
}

std::string NotRegistered(const std::string& name) {
  return "orchestration '" + name +
         "' is not registered in this runtime; register it with Registry::Add";
}

std::string Misplaced(EventId id, const HistoryBody& body) {
  return "the history is damaged at event " + std::to_string(id) + ": " + Describe(body) +
         " does not belong there";
}

// Feeds a history to an execution, and compares.
class Replayer {
 public:
  Replayer(Execution& execution, const History& history)
      : execution_(execution), history_(history) {}

  std::optional<std::string> Run() {
    while (position_ < history_.size()) {
      const EventId id = position_ + 1;
      const HistoryEvent& input = history_[position_++];
      if (!IsInput(input.body) || !execution_.Accepts(input.body)) {
        return Misplaced(id, input.body);
      }
      const std::vector<HistoryBody> asked = execution_.Apply(id, input, /*replaying=*/true);
      if (auto divergence = Match(asked)) return divergence;
    }
    return std::nullopt;
  }

 private:
  // What follows the input in history must be exactly what the code asked for.
  std::optional<std::string> Match(const std::vector<HistoryBody>& asked) {
    for (const HistoryBody& body : asked) {
      const HistoryBody* recorded = Recorded();
      if (recorded == nullptr || !SameOutput(*recorded, body)) {
        return Divergence(position_ + 1, recorded, &body);
      }
      ++position_;
    }
    const HistoryBody* next = Recorded();
    if (next != nullptr && !IsInput(*next) && !execution_.ended()) {
      return Divergence(position_ + 1, next, nullptr);
    }
    return std::nullopt;
  }

  const HistoryBody* Recorded() const {
    return position_ < history_.size() ? &history_[position_].body : nullptr;
  }

  Execution& execution_;
  const History& history_;
  std::size_t position_ = 0;  // the next event
};

// The input that an item is; nullopt for an item of another execution, or that is none.
std::optional<HistoryBody> ToInput(const WorkItem& item, const TurnInput& turn) {
  const auto ours = [&](const OperationId& id) { return id.execution == turn.execution; };
  if (const auto* start = std::get_if<StartItem>(&item)) {
    return Started{start->name, start->input, turn.seed};
  }
  if (const auto* completed = std::get_if<ActivityCompletedItem>(&item)) {
    if (!ours(completed->id)) return std::nullopt;
    return ActivityCompleted{completed->id.scheduled_id, completed->output};
  }
  if (const auto* failed = std::get_if<ActivityFailedItem>(&item)) {
    if (!ours(failed->id)) return std::nullopt;
    return ActivityFailed{failed->id.scheduled_id, failed->code, failed->message};
  }
  if (const auto* fired = std::get_if<TimerFiredItem>(&item)) {
    if (!ours(fired->id)) return std::nullopt;
    return TimerFired{fired->id.scheduled_id};
  }
  if (const auto* raised = std::get_if<EventRaisedItem>(&item)) {
    return EventRaised{raised->name, raised->payload};
  }
  return std::nullopt;  // ActivityItem: not for this queue
}

// The name under which the instance started or is about to start; null when it does neither.
const std::string* OrchestrationName(const TurnInput& input) {
  if (!input.history.empty()) {
    const auto* started = std::get_if<Started>(&input.history.front().body);
    return started != nullptr ? &started->name : nullptr;
  }
  for (const WorkItem& item : input.items) {
    if (const auto* start = std::get_if<StartItem>(&item)) return &start->name;
  }
  return nullptr;
}

TurnOutcome Parked(std::string diagnosis) {
  TurnOutcome outcome;
  outcome.diagnosis = std::move(diagnosis);
  return outcome;
}

TurnOutcome Dropped(const TurnInput& input) {
  TurnOutcome outcome;
  outcome.dropped = input.items.size();
  return outcome;
}

void ApplyItem(const WorkItem& item, const TurnInput& turn, Execution& execution,
               TurnOutcome& outcome) {
  std::optional<HistoryBody> input = ToInput(item, turn);
  if (!input || !execution.Accepts(*input)) {
    ++outcome.dropped;
    return;
  }
  // Time of a history never runs backwards, whatever the clocks of its runtimes say.
  Timestamp time = turn.now;
  if (!turn.history.empty()) time = std::max(time, turn.history.back().time);
  outcome.events.push_back(HistoryEvent{time, *std::move(input)});
  const EventId id = turn.history.size() + outcome.events.size();
  std::vector<HistoryBody> asked = execution.Apply(id, outcome.events.back(), /*replaying=*/false);
  for (HistoryBody& body : asked) outcome.events.push_back(HistoryEvent{time, std::move(body)});
}

// True when the turn takes no further item. What `events` holds from `from` on has not been counted
// in `bytes` yet.
bool IsFull(const History& events, std::size_t from, std::size_t& bytes) {
  for (std::size_t i = from; i < events.size(); ++i) {
    const auto* call = std::get_if<ActivityScheduled>(&events[i].body);
    if (call != nullptr) bytes += call->name.size() + call->input.size();
  }
  return events.size() > kTurnEventsMax || bytes > kTurnBytesMax;
}

}  // namespace

TurnOutcome RunTurn(const TurnInput& input, const Registry& registry) {
  if (!input.history.empty() && IsEnd(input.history.back().body)) return Dropped(input);
  const std::string* name = OrchestrationName(input);
  if (name == nullptr) {
    if (input.history.empty()) return Dropped(input);
    return Parked(Misplaced(1, input.history.front().body));
  }
  const OrchestrationHandler* handler = registry.FindOrchestration(*name);
  if (handler == nullptr) return Parked(NotRegistered(*name));

  Execution execution(input.instance, input.execution, *handler);
  if (auto divergence = Replayer(execution, input.history).Run()) {
    return Parked(*std::move(divergence));
  }
  TurnOutcome outcome;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < input.items.size(); ++i) {
    const std::size_t counted = outcome.events.size();
    ApplyItem(input.items[i], input, execution, outcome);
    if (!IsFull(outcome.events, counted, bytes) || execution.ended()) continue;
    outcome.left = input.items.size() - i - 1;
    break;
  }
  outcome.logs = execution.TakeLogs();
  return outcome;
}

std::optional<std::string> FindDivergence(const std::string& instance, std::uint64_t execution,
                                          const History& history, const Registry& registry) {
  if (history.empty()) return std::nullopt;
  const auto* started = std::get_if<Started>(&history.front().body);
  if (started == nullptr) return Misplaced(1, history.front().body);
  const OrchestrationHandler* handler = registry.FindOrchestration(started->name);
  if (handler == nullptr) return NotRegistered(started->name);
  Execution live(instance, execution, *handler);
  return Replayer(live, history).Run();
}

}  // namespace duroxide::internal
