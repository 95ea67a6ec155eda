#pragma once

// What of a runtime's work runs outside of its pull loops: starts, on the threads of clients, and
// turns that are being stored while no thread waits for them. A shutdown waits for it, and so does
// the destructor. Thread-safe.

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "tandem/base/clock.h"
#include "tandem/base/guarded.h"

namespace duroxide::internal {

class RunningWork {
 public:
  RunningWork() = default;
  ~RunningWork() {
    tandem::Signal idle;
    {
      const auto state = state_.Lock();
      if (state->running == 0) return;
      state->on_idle = [&idle] { idle.Notify(); };
    }
    idle.Wait();
    const auto let_go = state_.Lock();  // waits until the notifying thread has released the lock
  }
  RunningWork(const RunningWork&) = delete;
  RunningWork& operator=(const RunningWork&) = delete;

  // One piece of it, until this goes away.
  class Piece {
   public:
    explicit Piece(RunningWork& work) : work_(&work) {}
    Piece(Piece&& other) noexcept : work_(std::exchange(other.work_, nullptr)) {}
    Piece& operator=(Piece&&) = delete;
    ~Piece() {
      if (work_ != nullptr) work_->End();
    }

   private:
    RunningWork* work_;  // null when moved from
  };

  Piece Begin() {
    ++state_.Lock()->running;
    return Piece(*this);
  }
  // nullopt after StopStarting.
  std::optional<Piece> BeginStart() {
    const auto state = state_.Lock();
    if (state->stopped) return std::nullopt;
    ++state->running;
    return std::make_optional<Piece>(*this);
  }

  // From now on nothing is started. `on_idle` is called whenever nothing is left running.
  void StopStarting(std::function<void()> on_idle) {
    const auto state = state_.Lock();
    state->stopped = true;
    state->failed = 0;
    state->on_idle = std::move(on_idle);
  }

  bool stopped() const { return state_.Lock()->stopped; }
  bool idle() const { return state_.Lock()->running == 0; }

  // A turn that could not be stored.
  void NoteFailure() { ++state_.Lock()->failed; }
  std::size_t failed() const { return state_.Lock()->failed; }  // since StopStarting

 private:
  struct State {
    std::size_t running = 0;
    std::size_t failed = 0;
    bool stopped = false;
    std::function<void()> on_idle;
  };

  void End() {
    // To its end under the lock: who sees that nothing runs may take the runtime away.
    const auto state = state_.Lock();
    --state->running;
    if (state->running == 0 && state->on_idle) state->on_idle();
  }

  tandem::Guarded<State> state_;
};

}  // namespace duroxide::internal
