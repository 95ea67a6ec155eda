#include "duroxide_runtime/internal/execution.h"

#include <exception>

#include "duroxide_runtime/internal/failure.h"
#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

Execution::~Execution() {
  core_.Close();
  root_.reset();
}

bool Execution::Accepts(const HistoryBody& input) const {
  const bool started = root_.has_value() || refused_.has_value();
  if (std::holds_alternative<Started>(input)) return !started;
  if (!started || ended_) return false;
  if (const auto* completed = std::get_if<ActivityCompleted>(&input)) {
    return core_.IsOpen(OperationKind::kActivity, completed->scheduled_id);
  }
  if (const auto* failed = std::get_if<ActivityFailed>(&input)) {
    return core_.IsOpen(OperationKind::kActivity, failed->scheduled_id);
  }
  if (const auto* fired = std::get_if<TimerFired>(&input)) {
    return core_.IsOpen(OperationKind::kTimer, fired->scheduled_id);
  }
  return std::holds_alternative<EventRaised>(input);
}

std::vector<HistoryBody> Execution::Apply(EventId id, const HistoryEvent& input, bool replaying) {
  TANDEM_CHECK(Accepts(input.body), "an execution is given only inputs that it accepts");
  core_.BeginStep(input.time, replaying);
  Deliver(input.body);
  core_.pump().Run();
  if (!Finished()) return core_.TakeCommands(id + 1);
  core_.CancelOpen();
  std::vector<HistoryBody> outputs = core_.TakeCommands(id + 1);
  outputs.push_back(End());
  ended_ = true;
  return outputs;
}

void Execution::Deliver(const HistoryBody& input) {
  if (const auto* started = std::get_if<Started>(&input)) {
    Start(*started);
  } else if (const auto* completed = std::get_if<ActivityCompleted>(&input)) {
    core_.Deliver(completed->scheduled_id, completed->output);
  } else if (const auto* failed = std::get_if<ActivityFailed>(&input)) {
    core_.Deliver(failed->scheduled_id, Status(failed->code, failed->message));
  } else if (const auto* fired = std::get_if<TimerFired>(&input)) {
    core_.Deliver(fired->scheduled_id, std::string());
  } else if (const auto* raised = std::get_if<EventRaised>(&input)) {
    core_.Raise(raised->name, raised->payload);
  }
}

void Execution::Start(const Started& started) {
  core_.SetSeed(started.seed);
  try {
    root_.emplace(handler_(OrchestrationContext(core_), started.input));
  } catch (...) {
    refused_ = FailureOfException(std::current_exception());
    return;
  }
  TaskAccess::Start(*root_, core_.pump(), nullptr);
}

bool Execution::Finished() const {
  return refused_.has_value() || core_.fatal().has_value() || TaskAccess::Finished(*root_);
}

HistoryBody Execution::End() {
  Result<std::string> result = std::string();
  if (refused_) {
    result = *refused_;
  } else if (core_.fatal()) {
    result = *core_.fatal();
  } else {
    try {
      result = TaskAccess::Take(*root_);
    } catch (...) {
      result = FailureOfException(std::current_exception());
    }
  }
  if (result.ok() && result->size() > kValueBytesMax) {
    result =
        Status::TooLarge("the output of the orchestration has " + std::to_string(result->size()) +
                         " bytes, the limit is " + std::to_string(kValueBytesMax));
  }
  if (result.ok()) return OrchestrationCompleted{*std::move(result)};
  return OrchestrationFailed{result.status().code(), FailureMessage(result.status())};
}

}  // namespace duroxide::internal
