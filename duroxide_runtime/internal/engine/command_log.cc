#include "tandem/duroxide_runtime/internal/engine/command_log.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// What the record of a wait weighs in its step that has found its event, beside the name.
constexpr std::size_t kReceiptBytes = 64;

HistoryBody CancelBody(const OpenOperation& operation) {
  switch (operation.kind) {
    case OperationKind::kActivity:
      return ActivityCancelRequested{operation.id, operation.target};
    case OperationKind::kTimer:
      return TimerCancelled{operation.id};
    case OperationKind::kEvent:
      return EventUnsubscribed{operation.id};
    case OperationKind::kChild:
      return ChildCancelRequested{operation.id, operation.target};
  }
  TANDEM_CHECK(false, "an unknown kind of operation");
}

// Sets the id in a cancellation that was made before its operation had one.
void SetScheduledId(HistoryBody& body, EventId id) {
  std::visit(
      [id](auto& event) {
        if constexpr (requires { event.scheduled_id; }) event.scheduled_id = id;
      },
      body);
}

}  // namespace

Status TooMuchAtOnce() {
  return Status::TooLarge(
      "the orchestration asks for too much at once: the limits between two awaits are " +
      std::to_string(kStepOperationsMax) + " operations and " + std::to_string(kStepBytesMax) +
      " bytes of input");
}

void CommandLog::BeginStep(std::span<const HistoryEvent> recorded) {
  recorded_ = recorded;
  step_commands_ = 0;
  step_bytes_ = 0;
}

bool CommandLog::Admit(std::string_view what, const HistoryBody& command) {
  if (!guard_.MayRecord(what)) return false;
  step_commands_ += 1;
  step_bytes_ += ContentBytes(command);
  if (step_commands_ <= kStepOperationsMax && step_bytes_ <= kStepBytesMax) return true;
  guard_.Refuse(TooMuchAtOnce());
  return false;
}

bool CommandLog::Issue(HistoryBody command) {
  if (!Admit("something is recorded", command)) return false;
  commands_.push_back(Command{std::move(command), std::nullopt});
  return true;
}

void CommandLog::IssueStart(std::size_t operation, HistoryBody command) {
  commands_.push_back(Command{std::move(command), operation});
}

void CommandLog::CountAsReceipt() {
  --step_commands_;
  step_bytes_ += kReceiptBytes;
}

void CommandLog::IssueCancel(const OpenOperation& operation) {
  Command command{CancelBody(operation), std::nullopt};
  if (operation.id == 0) command.operation = operation.index;
  commands_.push_back(std::move(command));
}

const HistoryBody* CommandLog::NextRecorded() const {
  if (commands_.size() >= recorded_.size()) return nullptr;
  return &recorded_[commands_.size()].body;
}

const HistoryBody* CommandLog::LastRecorded() const {
  return recorded_.empty() ? nullptr : &recorded_.back().body;
}

std::vector<HistoryBody> CommandLog::Record(EventId first_id, OperationTable& operations) {
  std::vector<HistoryBody> bodies;
  bodies.reserve(commands_.size());
  std::unordered_map<std::size_t, EventId> started;  // by these commands
  EventId id = first_id;
  for (Command& command : commands_) {
    if (command.operation) {
      const auto [start, is_start] = started.try_emplace(*command.operation, id);
      if (is_start) {
        operations.Identify(*command.operation, id);
      } else {
        SetScheduledId(command.body, start->second);
      }
    }
    bodies.push_back(std::move(command.body));
    ++id;
  }
  commands_.clear();
  return bodies;
}

}  // namespace duroxide::internal
