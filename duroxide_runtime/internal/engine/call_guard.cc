#include "tandem/duroxide_runtime/internal/engine/call_guard.h"

#include <utility>

#include "tandem/base/check.h"
#include "tandem/base/limits.h"
#include "tandem/duroxide_runtime/internal/engine/exceptions.h"

namespace duroxide::internal {

namespace {

// In words, for code that can't be stopped otherwise: an exception out of a destructor ends the
// process.
std::string InDestructor(std::string_view what, const ExecutionFacts& facts) {
  return std::string(what) + " while its orchestration is being destroyed, so by a destructor: " +
         NameOf("orchestration", facts.started.name) + " of " + NameOf("instance", facts.instance);
}

}  // namespace

Failure StepUsesContext(std::string_view step) {
  return Failure::Of(Status::InvalidArgument(
      "local step '" + std::string(step) +
      "' uses the context: a local step must not use the context, since a replay does not run it"));
}

void CallGuard::Fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
}

void CallGuard::Refuse(const Status& status) {
  Fail(running_step_ ? StepUsesContext(*running_step_) : Failure::Of(status));
}

void CallGuard::Check(const Status& status) {
  if (!status.ok()) Refuse(status);
}

void CallGuard::CheckBytes(std::string_view what, const std::string& bytes, std::size_t max) {
  if (bytes.size() <= max) return;
  Refuse(tandem::OverLimit("the " + std::string(what), bytes.size(), max));
}

bool CallGuard::MayAct() {
  if (running_step_) Fail(StepUsesContext(*running_step_));
  return !running_step_;
}

bool CallGuard::MayRecord(std::string_view what) {
  TANDEM_CHECK(!closed_, InDestructor(what, facts_).c_str());
  return MayAct() && !failure_;
}

}  // namespace duroxide::internal
