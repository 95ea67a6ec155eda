#include "tandem/duroxide_runtime/internal/dispatch/drain.h"

#include <algorithm>

namespace duroxide::internal {

ShutdownResult Drain::Run(const ShutdownOptions& options) {
  const tandem::Timestamp stop_at = tandem::SaturatingAdd(clock_.Now(), options.timeout.value());
  const tandem::Timestamp end_at = tandem::SaturatingAdd(stop_at, options.grace.value());
  bool first = false;
  {
    auto state = state_.Lock();
    first = !state->begun;
    state->begun = true;
    state->stop_at = std::min(state->stop_at, stop_at);
    state->end_at = std::min(state->end_at, end_at);
  }
  if (first) {
    promise_.set_value(Wait());
  } else {
    changed_.Notify();
  }
  const std::shared_future<ShutdownResult> outcome = outcome_;  // each thread needs its own
  return outcome.get();
}

ShutdownResult Drain::Wait() {
  steps_.stop_taking();
  ShutdownResult result = ShutdownResult::kDrained;
  if (!AwaitEnd(&State::stop_at)) {
    steps_.stop_activities();
    const bool ended = AwaitEnd(&State::end_at);
    result = ended ? ShutdownResult::kForced : ShutdownResult::kFailed;
  }
  return steps_.unstored() ? ShutdownResult::kFailed : result;
}

bool Drain::AwaitEnd(tandem::Timestamp State::* deadline) {
  for (;;) {
    const tandem::Timestamp until = (*state_.Lock()).*deadline;
    if (steps_.ended()) return true;
    if (clock_.Now() >= until) return false;
    clock_.WaitUntil(changed_, until);
  }
}

}  // namespace duroxide::internal
