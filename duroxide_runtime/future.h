#pragma once

// A Future<T> is a durable operation that was started when it was made: an activity, or the wait
// for an external event or a message. Awaiting gives Result<T>. A Child<T> is the future of a child
// orchestration, a Timer one without a value.
//
// Move-only, awaited once. Dropping one that has no result yet cancels the operation: the activity
// is taken out of its queue, the timer never fires, the event or message finds another waiter, the
// child is cancelled.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/internal/coroutine/promise.h"
#include "tandem/duroxide_runtime/internal/engine/orchestration_state.h"

namespace duroxide {

class OrchestrationContext;

namespace internal {

// Owns the code's interest in one operation of an execution.
class OperationRef {
 public:
  OperationRef(OrchestrationState& state, std::size_t operation)
      : state_(&state), operation_(operation) {}
  OperationRef(OperationRef&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), operation_(other.operation_) {}
  OperationRef& operator=(OperationRef&& other) noexcept {
    if (this != &other) {
      Reset();
      state_ = std::exchange(other.state_, nullptr);
      operation_ = other.operation_;
    }
    return *this;
  }
  ~OperationRef() { Reset(); }

  // Moved on to whoever awaits it.
  OperationRef TakeToAwait() {
    if (state_ == nullptr) throw std::logic_error("a future is awaited after it was moved away");
    return std::move(*this);
  }
  bool IsDelivered() const { return state_->operations().IsDelivered(operation_); }
  void SetWaiter(Resumable& waiter) { state_->operations().SetWaiter(operation_, waiter); }
  Result<std::string> Take() { return state_->operations().Take(operation_); }

 private:
  void Reset() {
    if (state_ != nullptr) std::exchange(state_, nullptr)->Drop(operation_);
  }

  OrchestrationState* state_;  // null when moved from
  std::size_t operation_;
};

class OperationAwaiter {
 public:
  explicit OperationAwaiter(OperationRef operation) : operation_(std::move(operation)) {}

  bool await_ready() const { return operation_.IsDelivered(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    operation_.SetWaiter(parent.promise());
  }

 protected:
  OperationRef operation_;
};

template <typename T>
class FutureAwaiter : public OperationAwaiter {
 public:
  using OperationAwaiter::OperationAwaiter;

  Result<T> await_resume() {
    TANDEM_ASSIGN_OR_RETURN(const std::string bytes, operation_.Take());
    return TryDecode<T>(bytes);
  }
};

class TimerAwaiter : public OperationAwaiter {
 public:
  using OperationAwaiter::OperationAwaiter;

  void await_resume() { static_cast<void>(operation_.Take()); }  // a timer can't fail
};

}  // namespace internal

template <Codable T>
class [[nodiscard]] Future {
 public:
  using Output = Result<T>;

  internal::FutureAwaiter<T> operator co_await() && {
    return internal::FutureAwaiter<T>(operation_.TakeToAwait());
  }

 protected:
  friend OrchestrationContext;
  explicit Future(internal::OperationRef operation) : operation_(std::move(operation)) {}

 private:
  internal::OperationRef operation_;
};

template <Codable T>
class [[nodiscard]] Child : public Future<T> {
 public:
  const std::string& instance() const { return instance_; }

 private:
  friend OrchestrationContext;
  Child(internal::OperationRef operation, std::string instance)
      : Future<T>(std::move(operation)), instance_(std::move(instance)) {}
  std::string instance_;
};

class [[nodiscard]] Timer {
 public:
  using Output = void;

  internal::TimerAwaiter operator co_await() && {
    return internal::TimerAwaiter(operation_.TakeToAwait());
  }

 private:
  friend OrchestrationContext;
  explicit Timer(internal::OperationRef operation) : operation_(std::move(operation)) {}
  internal::OperationRef operation_;
};

}  // namespace duroxide
