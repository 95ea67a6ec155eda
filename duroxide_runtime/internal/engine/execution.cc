#include "tandem/duroxide_runtime/internal/engine/execution.h"

#include <exception>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/engine/exceptions.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// The kind of operation that an input completes; nullopt for one that completes none.
std::optional<std::pair<OperationKind, EventId>> CompletionOf(const HistoryBody& input) {
  if (const auto* completed = std::get_if<ActivityCompleted>(&input)) {
    return std::pair(OperationKind::kActivity, completed->scheduled_id);
  }
  if (const auto* failed = std::get_if<ActivityFailed>(&input)) {
    return std::pair(OperationKind::kActivity, failed->scheduled_id);
  }
  if (const auto* fired = std::get_if<TimerFired>(&input)) {
    return std::pair(OperationKind::kTimer, fired->scheduled_id);
  }
  if (const auto* completed = std::get_if<ChildCompleted>(&input)) {
    return std::pair(OperationKind::kChild, completed->scheduled_id);
  }
  if (const auto* failed = std::get_if<ChildFailed>(&input)) {
    return std::pair(OperationKind::kChild, failed->scheduled_id);
  }
  return std::nullopt;
}

}  // namespace

Execution::~Execution() {
  state_.Close();
  root_.reset();
}

bool Execution::Accepts(const HistoryBody& input) const {
  const bool started = root_.has_value() || refused_.has_value();
  if (std::holds_alternative<Started>(input)) return !started;
  if (!started || ended_ || !IsInput(input)) return false;
  if (const auto completion = CompletionOf(input)) {
    return state_.operations().IsOpen(completion->first, completion->second);
  }
  if (std::holds_alternative<CancelRequested>(input)) return !state_.scopes().reason().has_value();
  return true;
}

std::vector<HistoryBody> Execution::Apply(EventId id, const HistoryEvent& input, bool replaying,
                                          std::span<const HistoryEvent> recorded) {
  TANDEM_CHECK(Accepts(input.body), "an execution is given only inputs that it accepts");
  state_.BeginStep(id, input.time, replaying, recorded);
  Deliver(input.body);
  pump_.Run();
  if (!Finished()) state_.CheckUnread();
  content_bytes_ += ContentBytes(input.body);
  if (!Finished()) {
    std::vector<HistoryBody> commands = state_.TakeCommands(id + 1);
    for (const HistoryBody& command : commands) content_bytes_ += ContentBytes(command);
    return commands;
  }
  state_.CancelOpen();
  std::vector<HistoryBody> outputs = state_.TakeCommands(id + 1);
  outputs.push_back(End());
  ended_ = true;
  return outputs;
}

void Execution::Deliver(const HistoryBody& input) {
  if (const auto* started = std::get_if<Started>(&input)) {
    Start(*started);
  } else if (const auto* completed = std::get_if<ActivityCompleted>(&input)) {
    state_.operations().Deliver(completed->scheduled_id, completed->output);
  } else if (const auto* failed = std::get_if<ActivityFailed>(&input)) {
    Deliver(failed->scheduled_id, "an activity", failed->failure);
  } else if (const auto* fired = std::get_if<TimerFired>(&input)) {
    state_.operations().Deliver(fired->scheduled_id, std::string());
  } else if (const auto* raised = std::get_if<EventRaised>(&input)) {
    state_.operations().Raise(*raised);
  } else if (const auto* output = std::get_if<ChildCompleted>(&input)) {
    state_.operations().Deliver(output->scheduled_id, output->output);
  } else if (const auto* child = std::get_if<ChildFailed>(&input)) {
    Deliver(child->scheduled_id, "a child", child->failure);
  } else if (const auto* cancel = std::get_if<CancelRequested>(&input)) {
    state_.scopes().Request(cancel->reason);
  }
}

void Execution::Deliver(EventId scheduled_id, std::string_view what, const Failure& failure) {
  if (failure.catchable()) {
    state_.operations().Deliver(scheduled_id, failure.ToStatus());
    return;
  }
  Status status(failure.code, std::string(what) + " failed for good: " + failure.message);
  state_.Settle(scheduled_id, Failure::Of(status.CausedBy(failure.ToStatus()), failure.category));
}

void Execution::Start(const Started& started) {
  state_.Begin(started);
  try {
    root_.emplace(handler_(OrchestrationContext(state_), started.input));
  } catch (...) {
    refused_ = FailureOfException(NameOf("orchestration", started.name), std::current_exception());
    return;
  }
  TaskAccess::Start(*root_, pump_, nullptr);
}

bool Execution::Finished() const {
  return refused_.has_value() || state_.failure().has_value() ||
         state_.continuation().has_value() || TaskAccess::Finished(*root_);
}

HistoryBody Execution::End() {
  if (state_.failure()) return OrchestrationFailed{*state_.failure()};
  if (refused_) return OrchestrationFailed{Failure::Of(*refused_)};
  if (state_.continuation()) {
    OrchestrationContinuedAsNew end = *state_.continuation();
    end.unread = state_.operations().events().Unread();
    const std::size_t bytes = ContentBytes(end.unread);
    if (bytes <= kUnreadCarriedBytesMax) return end;
    return OrchestrationFailed{Failure::Of(
        Status::TooLarge("can't continue as new: the unread events have " + std::to_string(bytes) +
                         " bytes, the limit is " + std::to_string(kUnreadCarriedBytesMax)))};
  }
  Result<std::string> result = std::string();
  try {
    result = TaskAccess::Take(*root_);
  } catch (...) {
    result = FailureOfException(NameOf("orchestration", state_.facts().started.name),
                                std::current_exception());
  }
  if (result.ok() && result->size() > kValueBytesMax) {
    result = tandem::OverLimit("the output of the orchestration", result->size(), kValueBytesMax);
  }
  if (result.ok()) return OrchestrationCompleted{*std::move(result)};
  // Code that has seen the request and passes it on has been cancelled.
  const bool cancelled =
      state_.scopes().reason().has_value() && result.status().code() == StatusCode::kCancelled;
  return OrchestrationFailed{Failure::Of(
      result.status(), cancelled ? FailureCategory::kCancelled : FailureCategory::kApplication)};
}

}  // namespace duroxide::internal
