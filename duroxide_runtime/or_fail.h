#pragma once

// OrFail(x) awaits a Result<T> and gives the T; a failure instead ends the awaiting task with that
// failure, as `?` does in Rust. Of a Status it gives a Unit:
//
//   Digest digest = co_await OrFail(ctx.Call(kHash, files));
//
// A Result or Status that is there already is taken as well, without waiting: in a coroutine, which
// must not `return`, that is what TANDEM_ASSIGN_OR_RETURN and TANDEM_RETURN_IF_ERROR are elsewhere:
//
//   Order order = co_await OrFail(Parse(text));
//
// The task has to return a Result or a Status. It ends without an exception, so no `catch` sees it;
// its locals are destroyed when the coroutine that awaits the task goes on.

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "tandem/duroxide_runtime/internal/coroutine/join.h"
#include "tandem/duroxide_runtime/task.h"

namespace duroxide {

namespace internal {

// Where the driver of an OrFail reports to: the slot and the task that waits.
template <typename T, typename Parent>
class OrFailReport {
 public:
  OrFailReport(Slot<T>& slot, Parent& parent) : slot_(&slot), parent_(&parent) {}

  void Set(Result<T> result) const {
    if (result.ok()) {
      slot_->Set(*std::move(result));
      parent_->pump()->PostNext(*parent_);
    } else {
      parent_->return_value(result.status());
      parent_->Finish();
    }
  }
  void Throw(std::exception_ptr exception) const {
    slot_->Throw(std::move(exception));
    parent_->pump()->PostNext(*parent_);
  }

 private:
  Slot<T>* slot_;
  Parent* parent_;
};

template <typename Parent>
constexpr void RequireFallible() {
  static_assert(Fallible<typename Parent::Value>,
                "OrFail needs a task that returns a Result or a Status: it passes failures on to "
                "its caller");
}

template <Durable A, typename Report>
Task<void> DriveOrFail(A operand, Report report) {
  std::exception_ptr thrown;
  try {
    typename A::Output result = co_await std::move(operand);
    report.Set(std::move(result));
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) report.Throw(std::move(thrown));
}

template <typename A>
class OrFailAwaiter {
 public:
  using T = typename FallibleValue<typename A::Output>::Type;

  explicit OrFailAwaiter(A operand) : operand_(std::move(operand)) {}

  bool await_ready() const noexcept { return false; }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    RequireFallible<Parent>();
    Parent& promise = parent.promise();
    driver_.emplace(DriveOrFail<A, OrFailReport<T, Parent>>(
        std::move(operand_), OrFailReport<T, Parent>(slot_, promise)));
    TaskAccess::StartWithin(promise, *driver_, nullptr);
    TaskAccess::Nest(promise, *driver_);
  }
  T await_resume() { return slot_.Take(); }

 private:
  A operand_;
  Slot<T> slot_;
  std::optional<Task<void>> driver_;  // destroyed first: it reports to the slot
};

template <typename A>
class [[nodiscard]] OrFailOperation {
 public:
  using Output = typename FallibleValue<typename A::Output>::Type;

  explicit OrFailOperation(A operand) : operand_(std::move(operand)) {}

  OrFailAwaiter<A> operator co_await() && { return OrFailAwaiter<A>(std::move(operand_)); }

 private:
  A operand_;
};

// Of what is there already: a failure ends the task where it stands, anything else goes on at once.
template <Fallible R>
class SettledAwaiter {
 public:
  explicit SettledAwaiter(R result) : result_(std::move(result)) {}

  bool await_ready() const noexcept { return result_.ok(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    RequireFallible<Parent>();
    Parent& promise = parent.promise();
    if constexpr (std::same_as<R, Status>) {
      promise.return_value(std::move(result_));
    } else {
      promise.return_value(result_.status());
    }
    promise.Finish();
  }
  typename FallibleValue<R>::Type await_resume() {
    if constexpr (std::same_as<R, Status>) {
      return Unit();
    } else {
      return *std::move(result_);
    }
  }

 private:
  R result_;
};

template <Fallible R>
class [[nodiscard]] SettledOperation {
 public:
  using Output = typename FallibleValue<R>::Type;

  explicit SettledOperation(R result) : result_(std::move(result)) {}

  SettledAwaiter<R> operator co_await() && { return SettledAwaiter<R>(std::move(result_)); }

 private:
  R result_;
};

}  // namespace internal

template <typename A>
  requires Durable<std::remove_cvref_t<A>> &&
           internal::Fallible<typename std::remove_cvref_t<A>::Output> &&
           internal::GivenAway<A>::kChecked
internal::OrFailOperation<std::remove_cvref_t<A>> OrFail(A&& operand) {
  return internal::OrFailOperation<std::remove_cvref_t<A>>(std::forward<A>(operand));
}
template <typename R>
  requires internal::Fallible<std::remove_cvref_t<R>>
internal::SettledOperation<std::remove_cvref_t<R>> OrFail(R&& result) {
  return internal::SettledOperation<std::remove_cvref_t<R>>(std::forward<R>(result));
}

}  // namespace duroxide
