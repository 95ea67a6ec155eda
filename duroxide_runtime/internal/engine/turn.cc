#include "tandem/duroxide_runtime/internal/engine/turn.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "tandem/duroxide_runtime/internal/engine/execution.h"
#include "tandem/duroxide_runtime/internal/engine/replay.h"
#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/internal/records/history_facts.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

std::string NotRegistered(const Registry& registry, const std::string& name,
                          const std::optional<OrchestrationVersion>& version) {
  std::string text = "orchestration '" + name + "' ";
  if (version) text += version->ToString() + " ";
  text += "is not registered in this runtime; register it with Registry::Add";
  const std::vector<OrchestrationVersion> versions = registry.VersionsOf(name);
  if (versions.empty()) return text;
  text += " (there are";
  for (const OrchestrationVersion& known : versions) text += " " + known.ToString();
  return text + ")";
}

// The input that an item is; nullopt for one that is meant for another execution or instance, or
// that is none.
std::optional<HistoryBody> ToInput(const WorkItem& item, const Execution& execution) {
  const auto ours = [&](const OperationId& id) { return id.execution == execution.number(); };
  if (const auto* completed = std::get_if<ActivityCompletedItem>(&item)) {
    if (!ours(completed->id)) return std::nullopt;
    return ActivityCompleted{completed->id.scheduled_id, completed->output};
  }
  if (const auto* failed = std::get_if<ActivityFailedItem>(&item)) {
    if (!ours(failed->id)) return std::nullopt;
    return ActivityFailed{failed->id.scheduled_id, failed->failure};
  }
  if (const auto* fired = std::get_if<TimerFiredItem>(&item)) {
    if (!ours(fired->id)) return std::nullopt;
    return TimerFired{fired->id.scheduled_id};
  }
  if (const auto* completed = std::get_if<ChildCompletedItem>(&item)) {
    if (!ours(completed->id)) return std::nullopt;
    return ChildCompleted{completed->id.scheduled_id, completed->output};
  }
  if (const auto* failed = std::get_if<ChildFailedItem>(&item)) {
    if (!ours(failed->id)) return std::nullopt;
    return ChildFailed{failed->id.scheduled_id, failed->failure};
  }
  if (const auto* raised = std::get_if<EventRaisedItem>(&item)) {
    return raised->event;
  }
  if (const auto* cancel = std::get_if<CancelItem>(&item)) {
    if (cancel->parent && cancel->parent != execution.started().parent) return std::nullopt;
    return CancelRequested{cancel->reason};
  }
  return std::nullopt;  // ActivityItem: not for this queue
}

class Turn {
 public:
  Turn(const TurnInput& input, const Registry& registry) : input_(input), registry_(registry) {
    outcome_.execution = input.execution;
    outcome_.head = input.history.size();
  }

  TurnOutcome Run(std::unique_ptr<LiveInstance> live) {
    if (live != nullptr) {
      GoOnFrom(std::move(*live));
    } else if (!Open()) {
      return Parked();
    }
    const std::vector<const WorkItem*> items = StartFirst();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (std::holds_alternative<GoOnItem>(*items[i])) continue;  // done by opening
      if (i > 0 && IsFull()) {
        outcome_.left = items.size() - i;
        break;
      }
      // The first is always taken, else the turn could be repeated forever.
      if (i == 0 && outcome_.go_on) {
        // Items that no execution of this turn can take are for the one that follows.
        outcome_.keeps_items = true;
        break;
      }
      if (!Feed(*items[i])) return Parked();
    }
    if (execution_ != nullptr) {
      Take(*execution_);
      outcome_.live = std::make_unique<LiveInstance>();
      *outcome_.live = LiveInstance{std::move(execution_), events_, time_};
    }
    return std::move(outcome_);
  }

 private:
  // A message to an instance whose start was delayed stands before the start, if the clock was
  // set back and forth meanwhile. It is for the instance all the same.
  std::vector<const WorkItem*> StartFirst() const {
    std::vector<const WorkItem*> items;
    for (const WorkItem& item : input_.items) items.push_back(&item);
    if (execution_ != nullptr || finished_) return items;
    const auto start = std::ranges::find_if(
        items, [](const WorkItem* item) { return std::holds_alternative<StartItem>(*item); });
    if (start != items.end()) std::rotate(items.begin(), start, start + 1);
    return items;
  }

  void GoOnFrom(LiveInstance live) {
    execution_ = std::move(live.execution);
    events_ = live.events;
    time_ = live.time;
    outcome_.execution = execution_->number();
    outcome_.head = events_;
  }

  // Brings the execution to where history ends. False with a diagnosis.
  bool Open() {
    if (input_.history.empty()) return true;
    const auto* started = std::get_if<Started>(&input_.history.front().body);
    if (started == nullptr) return Park(Misplaced(1, input_.history.front().body));
    time_ = input_.history.back().time;
    const HistoryBody& last = input_.history.back().body;
    if (IsEnd(last) && !std::holds_alternative<OrchestrationContinuedAsNew>(last)) {
      finished_ = *started;
      return true;
    }
    if (IsEnd(last)) return GoOn(*started, std::get<OrchestrationContinuedAsNew>(last));
    const auto found = registry_.FindOrchestration(started->name, started->version);
    if (!found) return ParkUnregistered(started->name, started->version);
    execution_ =
        std::make_unique<Execution>(input_.instance, input_.execution, *found->handler, input_.kv);
    if (auto divergence = Replay(*execution_, input_.history)) return Park(*std::move(divergence));
    events_ = input_.history.size();
    outcome_.replayed = input_.history.size();
    return true;
  }

  // The turn before has left the next execution to this one. The old one is not run again: its code
  // may be gone, and the key-value map holds already what it has written.
  bool GoOn(const Started& old, const OrchestrationContinuedAsNew& next) {
    Started started = old;
    started.seed = Determinism(input_.instance, input_.execution, old.seed).NextSeed();
    started.custom_status = CustomStatusOf(old, input_.history);
    const auto found = registry_.FindOrchestration(old.name, next.version);
    if (!found) return ParkUnregistered(old.name, next.version);
    return Follow(std::move(started), next, *found, input_.execution + 1, input_.kv) && Refuse();
  }

  bool Feed(const WorkItem& item) {
    if (const auto* start = std::get_if<StartItem>(&item)) return FeedStart(*start);
    std::optional<HistoryBody> input;
    if (execution_ != nullptr) input = ToInput(item, *execution_);
    if (!input || !execution_->Accepts(*input)) {
      ++outcome_.dropped;
      return true;
    }
    // If the clock was set back, the time of the instance stands still until the clock has caught
    // up, but a timer that has fired has come to its time.
    const auto* fired = std::get_if<TimerFired>(&*input);
    if (fired != nullptr && input_.now < time_) {
      time_ = std::max(time_, execution_->DueOf(*fired));
    }
    return Apply(*std::move(input));
  }

  bool FeedStart(const StartItem& start) {
    if (execution_ != nullptr || finished_) {
      ++outcome_.dropped;
      const Started& running = finished_ ? *finished_ : execution_->started();
      if (start.parent && start.parent != running.parent) {
        outcome_.replies.push_back(
            {start.parent->instance,
             ChildFailedItem{{start.parent->execution, start.parent->scheduled_id},
                             IdIsTaken(input_.instance)}});
      }
      return true;
    }
    const auto found = registry_.FindOrchestration(start.name, start.version);
    if (!found) return ParkUnregistered(start.name, start.version);
    return Begin(start.first_execution, *found->handler, input_.kv,
                 StartedOf(start, found->version, input_.seed, input_.now)) &&
           Refuse();
  }

  bool Begin(std::uint64_t number, const OrchestrationHandler& handler, KvEntries kv,
             Started started) {
    execution_ = std::make_unique<Execution>(input_.instance, number, handler, std::move(kv));
    events_ = 0;
    return ApplyOne(std::move(started));
  }

  // Delivers an input, and what follows from it at once. False with a diagnosis.
  bool Apply(HistoryBody input) { return ApplyOne(std::move(input)) && Refuse(); }

  bool Refuse() {
    while (!refusals_.empty()) {
      const Refusal refusal = std::move(refusals_.front());
      refusals_.pop_front();
      // The code may have dropped the child, or be in another execution by now.
      if (execution_ == nullptr || execution_->number() != refusal.execution) continue;
      if (!execution_->Accepts(refusal.input)) continue;
      if (!ApplyOne(refusal.input)) return false;
    }
    return true;
  }

  bool ApplyOne(HistoryBody input) {
    // Time of a history never runs backwards, whatever the clocks of its runtimes say.
    time_ = std::max(time_, input_.now);
    Append(std::move(input));
    const HistoryEvent event = Delta().events.back();
    for (HistoryBody& body : execution_->Apply(events_, event)) {
      Append(std::move(body));
      Claim(Delta().events.back().body);
    }
    if (!execution_->ended()) return true;
    Delta().kv_changes = execution_->kv().changes();
    const HistoryEvent end = Delta().events.back();
    const auto* next = std::get_if<OrchestrationContinuedAsNew>(&end.body);
    if (next != nullptr) return Continue(*next);
    Leave();
    return true;
  }

  // An id serves once. A call for one that is taken is refused at once, unless the turn has grown
  // too large for that (a loop that tries again forever): then the batch tells it.
  void Claim(const HistoryBody& body) {
    const auto* child = std::get_if<ChildScheduled>(&body);
    const auto* detached = std::get_if<DetachedStarted>(&body);
    if (child == nullptr && detached == nullptr) return;
    const std::string& id = child != nullptr ? child->instance : detached->instance;
    const bool taken = id == input_.instance || input_.taken_ids.contains(id);
    const bool is_free = !taken && claimed_.insert(id).second;
    if (is_free || child == nullptr || IsFull()) return;
    refusals_.push_back({execution_->number(), ChildFailed{events_, IdIsTaken(id)}});
  }

  // Starts the execution that follows this one, or leaves it to the next turn.
  bool Continue(const OrchestrationContinuedAsNew& next) {
    const Started& old = execution_->started();
    const auto found = registry_.FindOrchestration(old.name, next.version);
    if (!found || outcome_.deltas.size() >= kTurnExecutionsMax || bytes_ > kTurnChainBytesMax) {
      outcome_.go_on = true;
      Leave();
      return true;
    }
    Started started = old;
    started.seed = execution_->NextSeed();
    started.custom_status = execution_->custom_status();
    KvEntries kv = execution_->kv().entries();
    Take(*execution_);
    return Follow(std::move(started), next, *found, execution_->number() + 1, std::move(kv));
  }

  bool Follow(Started started, const OrchestrationContinuedAsNew& next,
              const Registry::Resolved& code, std::uint64_t number, KvEntries kv) {
    started.version = code.version;
    started.input = next.input;
    started.unread = next.unread;
    return Begin(number, *code.handler, std::move(kv), std::move(started));
  }

  // The turn has nothing more to do with the execution.
  void Leave() {
    finished_ = execution_->started();
    Take(*execution_);
    execution_.reset();
  }
  void Take(Execution& execution) {
    for (LogEntry& entry : execution.TakeLogs()) outcome_.logs.push_back(std::move(entry));
    outcome_.custom_status = execution.custom_status();
    const bool changed =
        !outcome_.deltas.empty() && outcome_.deltas.back().execution == execution.number();
    if (!changed) return;
    ExecutionDelta& delta = outcome_.deltas.back();
    delta.started = execution.started();
    for (const HistoryEvent& event : delta.events) {
      const auto* erased = std::get_if<KvErased>(&event.body);
      if (erased == nullptr || execution.kv().changes().contains(erased->key)) continue;
      delta.kv_undone.insert(erased->key);
    }
  }

  ExecutionDelta& Delta() {
    if (outcome_.deltas.empty() || outcome_.deltas.back().execution != execution_->number()) {
      ExecutionDelta delta;
      delta.execution = execution_->number();
      delta.events_before = events_;
      outcome_.deltas.push_back(std::move(delta));
    }
    return outcome_.deltas.back();
  }
  void Append(HistoryBody body) {
    ExecutionDelta& delta = Delta();
    bytes_ += ContentBytes(body);
    delta.events.push_back(HistoryEvent{time_, std::move(body)});
    ++events_;
    ++appended_;
  }
  // The turn takes no further item.
  bool IsFull() const {
    return appended_ > kTurnEventsMax || bytes_ > kTurnBytesMax ||
           (outcome_.go_on && appended_ > 0);
  }

  bool Park(std::string diagnosis) {
    diagnosis_ = std::move(diagnosis);
    return false;
  }
  bool ParkUnregistered(const std::string& name,
                        const std::optional<OrchestrationVersion>& version) {
    unregistered_ = true;
    return Park(NotRegistered(registry_, name, version));
  }
  TurnOutcome Parked() {
    TurnOutcome outcome;
    outcome.diagnosis = std::move(diagnosis_);
    outcome.unregistered = unregistered_;
    return outcome;
  }

  const TurnInput& input_;
  const Registry& registry_;
  TurnOutcome outcome_;
  std::string diagnosis_;
  bool unregistered_ = false;
  std::unique_ptr<Execution> execution_;  // null: not started, or finished_
  std::optional<Started> finished_;
  std::uint64_t events_ = 0;  // of the execution so far
  Timestamp time_{};
  std::size_t appended_ = 0;  // in all executions
  std::size_t bytes_ = 0;     // in these

  struct Refusal {
    std::uint64_t execution = 0;
    HistoryBody input;
  };
  std::set<std::string> claimed_;  // ids of what this turn starts
  std::deque<Refusal> refusals_;   // to be delivered
};

}  // namespace

Failure IdIsTaken(const std::string& instance) {
  return Failure::Of(Status::AlreadyExists("instance '" + instance + "' already exists"));
}

TurnOutcome RunTurn(const TurnInput& input, const Registry& registry,
                    std::unique_ptr<LiveInstance> live) {
  return Turn(input, registry).Run(std::move(live));
}

std::optional<std::string> FindDivergence(const std::string& instance, std::uint64_t execution,
                                          const History& history, const KvEntries& kv,
                                          const Registry& registry) {
  if (history.empty()) return std::nullopt;
  const auto* started = std::get_if<Started>(&history.front().body);
  if (started == nullptr) return Misplaced(1, history.front().body);
  const auto found = registry.FindOrchestration(started->name, started->version);
  if (!found) return NotRegistered(registry, started->name, started->version);
  // What ended an instance as poison was no answer of its code.
  const auto* failed = std::get_if<OrchestrationFailed>(&history.back().body);
  if (failed != nullptr && failed->failure.category == FailureCategory::kPoison) {
    return std::nullopt;
  }
  Execution live(instance, execution, *found->handler, kv);
  return Replay(live, history);
}

}  // namespace duroxide::internal
