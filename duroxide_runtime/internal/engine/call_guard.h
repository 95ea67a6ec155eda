#pragma once

// Judges what the code of an execution asks for, before anything is recorded of it. A call that is
// over a limit, or has a bad name, ends the execution as soon as the code waits; neither that call
// nor any behind it is recorded. The same goes for whatever a running local step asks for: it is
// not run again, so what it has asked for would be missing on replay.
//
// Separate because every part that records something asks it, and the first failure of all of them
// is the one that counts.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tandem/duroxide_runtime/internal/engine/execution_facts.h"
#include "tandem/duroxide_runtime/internal/records/history.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide::internal {

// The end of an execution whose local step has used the context.
Failure StepUsesContext(std::string_view step);

class CallGuard {
 public:
  // `facts` outlives the guard.
  explicit CallGuard(const ExecutionFacts& facts) : facts_(facts) {}
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // Ends the execution as soon as the code waits; the first failure counts.
  void Fail(Failure failure);
  const std::optional<Failure>& failure() const { return failure_; }

  // Refuses a call of the code. Inside a local step, the step's use of the context is the failure.
  void Refuse(const Status& status);
  // Refuses the call if the status is not ok.
  void Check(const Status& status);
  void CheckBytes(std::string_view what, const std::string& bytes, std::size_t max);

  // False, and the execution ends, while a local step runs.
  bool MayAct();
  // False if nothing is recorded any more, because the execution is about to end. `what` says what
  // the code does, for the failing check. REQUIRES: not closed.
  bool MayRecord(std::string_view what);

  void EnterLocalStep(std::string name) { running_step_ = std::move(name); }
  void LeaveLocalStep() { running_step_.reset(); }

  // From now on dropping writes nothing, and recording anything is a bug.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  const ExecutionFacts& facts_;
  std::optional<Failure> failure_;
  std::optional<std::string> running_step_;  // a local step, by its name
  bool closed_ = false;
};

}  // namespace duroxide::internal
