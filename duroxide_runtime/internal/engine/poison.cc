#include "tandem/duroxide_runtime/internal/engine/poison.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tandem/duroxide_runtime/internal/records/history_facts.h"

namespace duroxide::internal {

namespace {

class Poisoned {
 public:
  Poisoned(const TurnInput& input, const Registry& registry, const Failure& failure)
      : input_(input), registry_(registry), failure_(failure), time_(input.now) {}

  // Sets up what is to end. False if there is nothing.
  bool Find() {
    if (!input_.history.empty()) return FindRunning();
    for (const WorkItem& item : input_.items) {
      const auto* start = std::get_if<StartItem>(&item);
      if (start == nullptr) continue;
      Begin(start->first_execution,
            StartedOf(*start, VersionFor(start->name, start->version, OrchestrationVersion()),
                      input_.seed, input_.now));
      return true;
    }
    return false;
  }

  TurnOutcome End() {
    if (delta_.events_before > 0) {
      for (const auto& [id, cancellation] : CancellationsOfOpen(input_.history)) {
        Append(cancellation);
      }
      delta_.kv_changes = ReplayKv(input_.kv, input_.history).changes();
    }
    Append(OrchestrationFailed{failure_});
    TurnOutcome outcome;
    outcome.execution = input_.execution;
    outcome.head = input_.history.size();
    outcome.custom_status = custom_status_;
    for (const WorkItem& item : input_.items) Answer(item, outcome);
    delta_.started.input.clear();
    delta_.started.unread.clear();
    outcome.deltas.push_back(std::move(delta_));
    return outcome;
  }

 private:
  bool FindRunning() {
    const auto* started = std::get_if<Started>(&input_.history.front().body);
    if (started == nullptr) return false;  // damaged
    time_ = std::max(time_, input_.history.back().time);
    custom_status_ = CustomStatusOf(*started, input_.history);
    const HistoryBody& last = input_.history.back().body;
    if (!IsEnd(last)) {
      delta_.execution = input_.execution;
      delta_.events_before = input_.history.size();
      delta_.started = *started;
      return true;
    }
    const auto* next = std::get_if<OrchestrationContinuedAsNew>(&last);
    if (next == nullptr) return false;
    Started following = *started;
    following.version = VersionFor(started->name, next->version, started->version);
    following.input = next->input;
    following.unread = next->unread;
    following.custom_status = custom_status_;
    Begin(input_.execution + 1, std::move(following));
    return true;
  }

  void Begin(std::uint64_t execution, Started started) {
    delta_.execution = execution;
    delta_.started = started;
    Append(std::move(started));
  }

  OrchestrationVersion VersionFor(const std::string& name,
                                  const std::optional<OrchestrationVersion>& version,
                                  OrchestrationVersion otherwise) const {
    if (version) return *version;
    const auto found = registry_.FindOrchestration(name, std::nullopt);
    return found ? found->version : otherwise;
  }

  // Nobody else who wanted to start an instance of this id may wait forever.
  void Answer(const WorkItem& item, TurnOutcome& outcome) {
    if (std::holds_alternative<GoOnItem>(item)) return;
    const auto* start = std::get_if<StartItem>(&item);
    if (start == nullptr) {
      ++outcome.dropped;
      return;
    }
    if (!start->parent || start->parent == delta_.started.parent) return;
    outcome.replies.push_back(
        {start->parent->instance,
         ChildFailedItem{{start->parent->execution, start->parent->scheduled_id},
                         IdIsTaken(input_.instance)}});
  }

  void Append(HistoryBody body) { delta_.events.push_back(HistoryEvent{time_, std::move(body)}); }

  const TurnInput& input_;
  const Registry& registry_;
  const Failure& failure_;
  Timestamp time_;
  CustomStatus custom_status_;
  ExecutionDelta delta_;
};

}  // namespace

Failure PoisonFailure(std::string_view what, std::uint32_t deliveries, std::uint32_t limit) {
  return Failure::Of(
      Status::Internal(std::string(what) + " was delivered " + std::to_string(deliveries) +
                       " times without a result, the limit is " + std::to_string(limit) +
                       " (RuntimeOptions::max_deliveries): it may end the process that runs it"),
      FailureCategory::kPoison);
}

bool IsPoisonCancellation(const HistoryBody& body) {
  return std::holds_alternative<ActivityCancelRequested>(body) ||
         std::holds_alternative<TimerCancelled>(body) ||
         std::holds_alternative<ChildCancelRequested>(body);
}

TurnOutcome PoisonTurn(const TurnInput& input, const Registry& registry, const Failure& failure) {
  Poisoned poisoned(input, registry, failure);
  if (!poisoned.Find()) return RunTurn(input, registry);
  return poisoned.End();
}

}  // namespace duroxide::internal
