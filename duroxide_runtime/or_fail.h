#pragma once

// OrFail(x) awaits a Result<T> and gives the T; a failure instead ends the awaiting task with that
// failure, as `?` does in Rust. Of a Status it gives a Unit:
//
//   Digest digest = co_await OrFail(ctx.Call(kHash, files));
//
// The task has to return a Result or a Status. It ends without an exception, so no `catch` sees it;
// its locals are destroyed when the coroutine that awaits the task goes on.

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
    static_assert(Fallible<typename Parent::Value>,
                  "OrFail needs a task that returns a Result or a Status: it passes failures on to "
                  "its caller");
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

}  // namespace internal

template <Durable A>
  requires internal::Fallible<typename A::Output>
internal::OrFailOperation<A> OrFail(A operand) {
  return internal::OrFailOperation<A>(std::move(operand));
}

}  // namespace duroxide
