#pragma once

// What the code does or decides at once, without waiting: local steps and patches. A replay gives
// what history holds of them instead of doing them again.
//
// Separate because only these look into the history that is being replayed: everything else issues
// its command, and the comparison comes later.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tandem/duroxide_runtime/internal/engine/call_guard.h"
#include "tandem/duroxide_runtime/internal/engine/command_log.h"
#include "tandem/duroxide_runtime/internal/engine/execution_facts.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

class LocalSteps {
 public:
  using Step = std::function<Result<std::string>()>;

  // All of them outlive the steps.
  LocalSteps(const ExecutionFacts& facts, CallGuard& guard, CommandLog& commands)
      : facts_(facts), guard_(guard), commands_(commands) {}
  LocalSteps(const LocalSteps&) = delete;
  LocalSteps& operator=(const LocalSteps&) = delete;

  // Runs the step, or gives what was recorded of it. The step must not use the context.
  Result<std::string> Run(std::string name, const Step& step);
  // Whether the execution goes the way that the patch has opened.
  bool Patched(std::string_view id);

 private:
  // Both: nullopt if the execution is about to end.
  std::optional<StepRecorded> RunNow(std::string name, const Step& step);
  std::optional<StepRecorded> Recorded(std::string name);
  // With what the history ends, if a local step that it does not hold may have been its end: the
  // step has used the context, or its output was too much.
  std::optional<Failure> EndByStep(const std::string& name) const;

  const ExecutionFacts& facts_;
  CallGuard& guard_;
  CommandLog& commands_;
  std::map<std::string, bool, std::less<>> patches_;  // as they were decided
};

}  // namespace duroxide::internal
