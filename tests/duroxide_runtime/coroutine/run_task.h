#pragma once

// Runs tasks without an execution, for the tests of tasks themselves.

#include <functional>
#include <memory>
#include <utility>

#include "tandem/duroxide_runtime/task.h"

namespace duroxide::testing {

// A task with a pump of its own.
template <typename T>
class RootTask {
 public:
  explicit RootTask(Task<T> task) : task_(std::move(task)) {
    internal::TaskAccess::Start(task_, pump_, nullptr);
  }

  void Pump() { pump_.Run(); }
  bool finished() const { return internal::TaskAccess::Finished(task_); }
  T Take() { return internal::TaskAccess::Take(task_); }

 private:
  internal::Pump pump_;
  Task<T> task_;
};

// Runs a task that waits for nothing from outside.
template <typename T>
T RunTask(Task<T> task) {
  RootTask<T> root(std::move(task));
  root.Pump();
  return root.Take();
}

// Something to wait for: closed until it is opened.
class Gate {
 public:
  Gate() : state_(std::make_shared<State>()) {}

  // Posts who waits.
  void Open() {
    state_->open = true;
    if (state_->waiter != nullptr) {
      internal::Resumable& waiter = *std::exchange(state_->waiter, nullptr);
      waiter.pump()->Post(waiter);
    }
  }
  // Called when a waiter goes away before the gate was opened.
  void OnDrop(std::function<void()> callback) { state_->on_drop = std::move(callback); }

 private:
  friend class GateOpening;
  struct State {
    bool open = false;
    internal::Resumable* waiter = nullptr;
    std::function<void()> on_drop;
  };
  std::shared_ptr<State> state_;
};

// co_await GateOpening(gate)
class GateOpening {
 public:
  using Output = void;

  explicit GateOpening(const Gate& gate) : state_(gate.state_) {}
  GateOpening(GateOpening&&) noexcept = default;
  GateOpening& operator=(GateOpening&&) noexcept = default;
  ~GateOpening() {
    if (state_ == nullptr || state_->open) return;
    if (state_->waiter != nullptr && state_->on_drop) state_->on_drop();
    state_->waiter = nullptr;
  }

  GateOpening operator co_await() && { return std::move(*this); }

  bool await_ready() const { return state_->open; }
  template <std::derived_from<internal::PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    state_->waiter = &parent.promise();
  }
  void await_resume() const {}

 private:
  std::shared_ptr<Gate::State> state_;
};

}  // namespace duroxide::testing
