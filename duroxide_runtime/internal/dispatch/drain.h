#pragma once

// A Drain is the end of a runtime: what ShutdownOptions and ShutdownResult promise, with one
// outcome for all who ask. The first caller does the work; the others wait for it, and may bring
// its deadlines forward.

#include <functional>
#include <future>
#include <utility>

#include "tandem/base/clock.h"
#include "tandem/base/guarded.h"
#include "tandem/duroxide_runtime/shutdown.h"

namespace duroxide::internal {

// Thread-safe.
class Drain {
 public:
  struct Steps {
    std::function<void()> stop_taking;      // takes no new work from here on
    std::function<bool()> ended;            // nothing runs any more
    std::function<void()> stop_activities;  // asks them to stop
    std::function<bool()> unstored;         // something that ran could not be stored
  };

  // `clock` outlives the drain.
  Drain(tandem::Clock& clock, Steps steps) : clock_(clock), steps_(std::move(steps)) {}

  ShutdownResult Run(const ShutdownOptions& options);

  // To be called when `ended` may have changed.
  void NoteEnd() { changed_.Notify(); }

 private:
  struct State {
    bool begun = false;
    tandem::Timestamp stop_at = tandem::kNever;  // activities are asked to stop
    tandem::Timestamp end_at = tandem::kNever;   // is waited for no longer
  };

  ShutdownResult Wait();
  // False when that deadline, which may still come forward, came first.
  bool AwaitEnd(tandem::Timestamp State::* deadline);

  tandem::Clock& clock_;
  const Steps steps_;

  // Own synchronization.
  tandem::Guarded<State> state_;
  tandem::Signal changed_;
  std::promise<ShutdownResult> promise_;
  const std::shared_future<ShutdownResult> outcome_{promise_.get_future()};
};

}  // namespace duroxide::internal
