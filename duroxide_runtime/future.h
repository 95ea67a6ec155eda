#pragma once

// A Future<T> is a durable operation: an activity, or the wait for an event. Awaiting gives
// Result<T>. A Child<T> is the future of a child orchestration, a Timer one without a value.
//
// The operation was started when the future was made. Only a wait for an event begins when the
// future is awaited, so one that nobody awaits takes no event.
//
// Move-only, awaited once. Dropping one that has no result yet cancels the operation: the activity
// is taken out of its queue, the timer never fires, the event waits for somebody else, the child is
// cancelled. WhenAny(&future, ...) only lends it to a race, and drops nothing (when.h).

#include <cstddef>
#include <optional>
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
  // Of one that was started.
  OperationRef(OrchestrationState& state, std::size_t operation)
      : state_(&state), operation_(operation) {}
  // Of a wait for an event, which begins when it is awaited.
  OperationRef(OrchestrationState& state, std::string event)
      : state_(&state), event_(std::move(event)) {
    state.CheckEvent(event_);
  }
  OperationRef(OperationRef&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        operation_(other.operation_),
        event_(std::move(other.event_)) {}
  OperationRef& operator=(OperationRef&& other) noexcept {
    if (this != &other) {
      Reset();
      state_ = std::exchange(other.state_, nullptr);
      operation_ = other.operation_;
      event_ = std::move(other.event_);
    }
    return *this;
  }
  ~OperationRef() { Reset(); }

  // Moved on to whoever awaits it.
  OperationRef TakeToAwait() {
    RequireFree();
    return std::move(*this);
  }

  // Lent to a race, which awaits it where it is, and gives it back or takes it with its result.
  void Lend() {
    RequireFree();
    lent_ = true;
  }
  OperationRef TakeLent() {
    lent_ = false;
    return std::move(*this);
  }
  void GiveBack() {
    lent_ = false;
    if (!operation_) return;
    if (event_.empty()) {
      state_->operations().ClearWaiter(*operation_);
    } else {
      // A wait that nobody awaits is none, and begins anew in the next race.
      state_->Drop(*std::exchange(operation_, std::nullopt));
    }
  }

  // Somebody awaits it from now on. True if its result is there.
  bool Await() {
    if (!operation_) operation_ = state_->WaitForEvent(event_);
    return state_->operations().IsDelivered(*operation_);
  }
  void SetWaiter(Resumable& waiter) { state_->operations().SetWaiter(*operation_, waiter); }
  Result<std::string> Take() { return state_->operations().Take(*operation_); }

 private:
  void RequireFree() const {
    if (state_ == nullptr) throw std::logic_error("a future is awaited after it was moved away");
    if (lent_) throw std::logic_error("a future is awaited twice at a time");
  }
  void Reset() {
    OrchestrationState* const state = std::exchange(state_, nullptr);
    if (state != nullptr && operation_) state->Drop(*operation_);
  }

  OrchestrationState* state_;             // null when moved from
  std::optional<std::size_t> operation_;  // nullopt: a wait for an event that has not begun
  std::string event_;                     // its name, for a wait
  bool lent_ = false;
};

class OperationAwaiter {
 public:
  explicit OperationAwaiter(OperationRef operation) : operation_(std::move(operation)) {}

  bool await_ready() { return operation_.Await(); }
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

template <typename Handle>
class BorrowedAwaiter;

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
  template <typename Handle>
  friend class internal::BorrowedAwaiter;
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
  template <typename Handle>
  friend class internal::BorrowedAwaiter;
  explicit Timer(internal::OperationRef operation) : operation_(std::move(operation)) {}
  internal::OperationRef operation_;
};

namespace internal {

// What may be lent to a race.
template <typename Handle>
constexpr bool kIsHandle = false;
template <typename T>
constexpr bool kIsHandle<Future<T>> = true;
template <typename T>
constexpr bool kIsHandle<Child<T>> = true;
template <>
inline constexpr bool kIsHandle<Timer> = true;

// Awaits a handle where it is. The handle keeps its operation unless the result is taken.
template <typename Handle>
class BorrowedAwaiter {
 public:
  explicit BorrowedAwaiter(Handle& handle) : operation_(&handle.operation_) { operation_->Lend(); }
  BorrowedAwaiter(const BorrowedAwaiter&) = delete;
  BorrowedAwaiter& operator=(const BorrowedAwaiter&) = delete;
  ~BorrowedAwaiter() {
    if (operation_ != nullptr) operation_->GiveBack();
  }

  bool await_ready() { return operation_->Await(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    operation_->SetWaiter(parent.promise());
  }
  typename Handle::Output await_resume() {
    using Awaiter = decltype(std::declval<Handle>().operator co_await());
    return Awaiter(std::exchange(operation_, nullptr)->TakeLent()).await_resume();
  }

 private:
  OperationRef* operation_;  // null when its result was taken
};

// The operand of a race that a pointer to a handle stands for.
template <typename Handle>
class Borrowed {
 public:
  using Output = typename Handle::Output;

  explicit Borrowed(Handle* handle) : handle_(handle) {
    if (handle == nullptr) throw std::invalid_argument("a race with a null pointer");
  }
  BorrowedAwaiter<Handle> operator co_await() && { return BorrowedAwaiter<Handle>(*handle_); }

 private:
  Handle* handle_;
};

}  // namespace internal
}  // namespace duroxide
