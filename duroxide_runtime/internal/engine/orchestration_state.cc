#include "tandem/duroxide_runtime/internal/engine/orchestration_state.h"

#include <utility>
#include <variant>

#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

OrchestrationState::OrchestrationState(std::string instance, std::uint64_t execution, KvEntries kv,
                                       Pump& pump)
    : facts_{.instance = std::move(instance), .execution = execution},
      guard_(facts_),
      commands_(guard_),
      operations_(pump),
      scopes_(pump, guard_),
      published_(facts_, guard_, commands_, std::move(kv)),
      local_steps_(facts_, guard_, commands_) {}

// --- The code's side ----------------------------------------------------------------------------

std::size_t OrchestrationState::Start(OperationKind kind, std::string target, HistoryBody body) {
  const std::size_t index = operations_.NextIndex();
  if (!commands_.Admit("an operation is started", body)) return index;  // never recorded
  if (operations_.open() == kOpenOperationsMax) {
    guard_.Refuse(Status::TooLarge("the orchestration has too much in the air: the limit is " +
                                   std::to_string(kOpenOperationsMax) +
                                   " operations without a result"));
    return index;
  }
  const auto* timer = std::get_if<TimerCreated>(&body);
  const Timestamp due = timer != nullptr ? timer->fire_at : Timestamp();
  if (operations_.Add(index, kind, std::move(target), due)) commands_.CountAsReceipt();
  commands_.IssueStart(index, std::move(body));
  return index;
}

std::size_t OrchestrationState::CallActivity(std::string name, std::string input,
                                             const std::string& tag) {
  guard_.Check(CheckName("activity name", name));
  guard_.CheckBytes("input of activity '" + name + "'", input, kValueBytesMax);
  guard_.Check(CheckTag(tag));
  return Start(OperationKind::kActivity, tag,
               ActivityScheduled{std::move(name), std::move(input), tag});
}

std::size_t OrchestrationState::StartTimer(Timestamp fire_at) {
  return Start(OperationKind::kTimer, {}, TimerCreated{fire_at});
}

void OrchestrationState::CheckEvent(const std::string& name) {
  if (guard_.MayAct()) guard_.Check(CheckName("event name", name));
}

std::size_t OrchestrationState::WaitForEvent(const std::string& name) {
  return Start(OperationKind::kEvent, name, EventSubscribed{name});
}

OrchestrationState::StartedChild OrchestrationState::StartChild(
    std::string name, std::optional<OrchestrationVersion> version, std::string instance,
    std::string input) {
  guard_.Check(CheckName("orchestration name", name));
  guard_.CheckBytes("input of orchestration '" + name + "'", input, kValueBytesMax);
  if (instance.empty()) {
    ++children_;
    instance =
        ChildId(facts_.instance, facts_.execution, children_, determinism_->ForChild(children_));
    guard_.CheckBytes("instance id of the child", instance, kInstanceIdBytesMax);
  } else {
    guard_.Check(CheckNewInstance(instance));
  }
  const std::size_t index =
      Start(OperationKind::kChild, instance,
            ChildScheduled{std::move(name), version, instance, std::move(input)});
  return StartedChild{index, std::move(instance)};
}

void OrchestrationState::StartDetached(std::string name,
                                       std::optional<OrchestrationVersion> version,
                                       std::string instance, std::string input) {
  guard_.Check(CheckName("orchestration name", name));
  guard_.CheckBytes("input of orchestration '" + name + "'", input, kValueBytesMax);
  guard_.Check(CheckNewInstance(instance));
  commands_.Issue(DetachedStarted{std::move(name), version, std::move(instance), std::move(input)});
}

void OrchestrationState::Drop(std::size_t operation) {
  if (!operations_.Contains(operation)) return;
  if (guard_.closed()) {
    operations_.Forget(operation);
    return;
  }
  if (!guard_.MayAct()) return;  // cancelled at the end
  if (const auto open = operations_.Drop(operation)) commands_.IssueCancel(*open);
}

void OrchestrationState::ContinueAsNew(std::string_view name,
                                       std::optional<OrchestrationVersion> version,
                                       std::string input) {
  if (!guard_.MayAct()) return;
  if (name != facts_.started.name) {
    guard_.Refuse(Status::InvalidArgument("orchestration '" + facts_.started.name +
                                          "' can't continue as new as '" + std::string(name) +
                                          "'"));
  }
  guard_.CheckBytes("input", input, kValueBytesMax);
  if (!continuation_) continuation_ = OrchestrationContinuedAsNew{std::move(input), version, {}};
}

Determinism& OrchestrationState::UseDeterminism() {
  guard_.MayAct();
  return *determinism_;
}

void OrchestrationState::Log(LogLevel level, std::string_view text) {
  if (!facts_.replaying && !guard_.closed()) logs_.push_back(LogEntry{level, std::string(text)});
}

// --- The engine's side --------------------------------------------------------------------------

void OrchestrationState::BeginStep(EventId id, Timestamp now, bool replaying,
                                   std::span<const HistoryEvent> recorded) {
  facts_.step = id;
  facts_.now = now;
  facts_.replaying = replaying;
  commands_.BeginStep(recorded);
}

void OrchestrationState::Begin(const Started& started) {
  facts_.started = started;
  facts_.started.input.clear();
  facts_.started.unread.clear();
  published_.InheritCustomStatus(started.custom_status);
  determinism_.emplace(facts_.instance, facts_.execution, started.seed);
  for (const EventRaised& event : started.unread) operations_.Raise(event);
}

void OrchestrationState::Settle(EventId scheduled_id, Failure failure) {
  operations_.Settle(scheduled_id, failure.ToStatus());
  guard_.Fail(std::move(failure));
}

void OrchestrationState::CancelOpen() {
  while (const auto oldest = operations_.Oldest()) Drop(*oldest);
}

void OrchestrationState::CheckUnread() {
  const EventQueues& events = operations_.events();
  if (events.unread() <= kUnreadEventsMax && events.unread_bytes() <= kUnreadBytesMax) return;
  guard_.Refuse(Status::TooLarge(
      "too many events wait to be read: " + std::to_string(events.unread()) + " of " +
      std::to_string(events.unread_bytes()) + " bytes, the limits are " +
      std::to_string(kUnreadEventsMax) + " and " + std::to_string(kUnreadBytesMax)));
}

std::vector<HistoryBody> OrchestrationState::TakeCommands(EventId first_id) {
  return commands_.Record(first_id, operations_);
}

}  // namespace duroxide::internal
