#include "tandem/duroxide_runtime/internal/engine/local_steps.h"

#include <exception>
#include <utility>
#include <variant>

#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/engine/exceptions.h"
#include "tandem/duroxide_runtime/internal/engine/names.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

Result<std::string> LocalSteps::Run(std::string name, const Step& step) {
  guard_.Check(CheckName("step name", name));
  if (!guard_.MayAct() || guard_.failure()) return guard_.failure()->ToStatus();
  std::optional<StepRecorded> record =
      facts_.replaying ? Recorded(std::move(name)) : RunNow(std::move(name), step);
  if (!record) return guard_.failure()->ToStatus();
  Result<std::string> outcome = record->output;
  if (record->failure) outcome = record->failure->ToStatus();
  commands_.Issue(*std::move(record));
  return outcome;
}

std::optional<StepRecorded> LocalSteps::RunNow(std::string name, const Step& step) {
  Result<std::string> result = Status::Internal("not run");
  guard_.EnterLocalStep(name);
  try {
    result = step();
  } catch (...) {
    result = FailureOfException(NameOf("local step", name), std::current_exception());
  }
  guard_.LeaveLocalStep();
  if (guard_.failure()) return std::nullopt;
  if (result.ok() && result->size() > kValueBytesMax) {
    result = tandem::OverLimit("the output of the step", result->size(), kValueBytesMax);
  }
  if (!result.ok()) return StepRecorded{std::move(name), {}, Failure::Of(result.status())};
  return StepRecorded{std::move(name), *std::move(result), std::nullopt};
}

std::optional<StepRecorded> LocalSteps::Recorded(std::string name) {
  const HistoryBody* next = commands_.NextRecorded();
  const auto* recorded = next == nullptr ? nullptr : std::get_if<StepRecorded>(next);
  if (recorded != nullptr && recorded->name == name) return *recorded;
  if (std::optional<Failure> end = EndByStep(name)) {
    guard_.Fail(*std::move(end));
    return std::nullopt;
  }
  // The difference is found when the commands are compared; until then nothing runs.
  return StepRecorded{
      std::move(name), {}, Failure::Of(Status::Internal("the history does not hold this step"))};
}

std::optional<Failure> LocalSteps::EndByStep(const std::string& name) const {
  const HistoryBody* last = commands_.LastRecorded();
  const auto* failed = last == nullptr ? nullptr : std::get_if<OrchestrationFailed>(last);
  if (failed == nullptr) return std::nullopt;
  const Failure& end = failed->failure;
  const bool is_the_steps = end == StepUsesContext(name) || end == Failure::Of(TooMuchAtOnce());
  return is_the_steps ? std::make_optional(end) : std::nullopt;
}

bool LocalSteps::Patched(std::string_view id) {
  if (!guard_.MayAct()) return false;
  if (const auto known = patches_.find(id); known != patches_.end()) return known->second;
  std::string name(id);
  guard_.Check(CheckName("patch id", name));
  const PatchRecorded record{name};
  const HistoryBody* next = commands_.NextRecorded();
  const bool patched = !facts_.replaying || (next != nullptr && *next == HistoryBody(record));
  patches_.emplace(std::move(name), patched);
  if (patched) commands_.Issue(record);
  return patched;
}

}  // namespace duroxide::internal
