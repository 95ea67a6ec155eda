#pragma once

// An instance that is cancelled (Client::Cancel, or its parent's doing) ends when the request
// reaches it, unless it is within Cancellable: then the code sees the request, once, and can clean
// up.
//
//   Result<Unit> booked = co_await Cancellable(ctx, BookTrip(ctx, trip));
//   if (!booked.ok()) co_await OrFail(ctx.Call(kReleaseAll, trip));  // also when it was cancelled
//   co_return booked;
//
// The request drops `body`, which cancels what it waits for, and gives Cancelled with the reason.
// Of nested scopes only the innermost is notified. Of scopes side by side, as operands of WhenAll
// or WhenAny, each is, in the order in which they were entered. A coroutine that waits beside them,
// in no scope, goes on. That consumes the request: scopes that were not notified, or are entered
// later, do not see it.
//
// An orchestration that passes that status on as its own result ends as cancelled; with another
// result it ends like any other.

#include <coroutine>
#include <utility>

#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/when.h"

namespace duroxide {

namespace internal {

// Waits for the request to cancel.
class CancellationAwaiter {
 public:
  explicit CancellationAwaiter(OrchestrationContext ctx) : state_(ctx.state_) {}
  CancellationAwaiter(CancellationAwaiter&& other) noexcept : state_(other.state_) {}
  CancellationAwaiter& operator=(CancellationAwaiter&&) = delete;
  ~CancellationAwaiter() {
    if (waiter_ != nullptr) state_->scopes().Leave(waiter_);
  }

  bool await_ready() const { return false; }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    if (state_->scopes().reason().has_value()) return;  // it was seen already: the body runs on
    waiter_ = &parent.promise();
    state_->scopes().Enter(*waiter_);
  }
  std::string await_resume() const { return *state_->scopes().reason(); }

 private:
  OrchestrationState* state_;
  PromiseBase* waiter_ = nullptr;
};

class [[nodiscard]] CancellationSignal {
 public:
  using Output = std::string;  // the reason
  explicit CancellationSignal(OrchestrationContext ctx) : ctx_(ctx) {}
  CancellationAwaiter operator co_await() && { return CancellationAwaiter(ctx_); }

 private:
  OrchestrationContext ctx_;
};

}  // namespace internal

template <internal::Fallible T>
Task<T> Cancellable(OrchestrationContext ctx, Task<T> body) {
  internal::CancellationSignal signal(ctx);
  auto first = co_await WhenAny(std::move(body), std::move(signal));
  if (first.index() == 1) co_return Status::Cancelled("cancelled: " + std::get<1>(first));
  co_return std::get<0>(std::move(first));
}

}  // namespace duroxide
