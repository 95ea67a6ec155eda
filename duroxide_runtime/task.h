#pragma once

// A Task<T> is a coroutine of an orchestration: the orchestration itself, or a step of it that it
// awaits. It is lazy (runs when awaited), move-only, and owns its frame: destroying a Task destroys
// its locals, which cancels the operations that they stand for.
//
//   duroxide::Task<Result<int>> Twice(OrchestrationContext ctx, int x) {
//     int once = co_await duroxide::OrFail(ctx.Call(kAdd, x));
//     co_return once + x;
//   }
//
// Parameters are owned values: no references, pointers, views, captures or `this`; the compiler
// refuses them here, since a task starts after its caller's temporaries are gone. Because of bugs
// of g++ 12 some more is forbidden in a statement with co_await: a brace-list temporary, a lambda
// that captures, and `?:` with class values; docs/coroutines.md tells what to write instead.

#include <coroutine>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/internal/coroutine/promise.h"

namespace duroxide {

namespace internal {

struct TaskAccess;
template <typename T>
class TaskAwaiter;

// Says what a `return` in a coroutine is answered with. In a constraint, so that it comes before
// what the compiler says of the statement.
template <typename>
constexpr bool kCoReturned = false;
template <typename S>
struct ReturnedByCoroutine {
  static constexpr bool kTaken = false;
  static_assert(kCoReturned<S>,
                "in a coroutine use co_await OrFail(...) in place of TANDEM_ASSIGN_OR_RETURN and "
                "TANDEM_RETURN_IF_ERROR, and co_return in place of return");
};

}  // namespace internal

template <typename T>
class [[nodiscard]] Task {
 public:
  using Output = T;
  using promise_type = internal::Promise<T>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { Reset(); }

  // A value that is returned, instead of co_returned, is refused in words.
  template <internal::Fallible S>
    requires internal::ReturnedByCoroutine<S>::kTaken
  Task(S);  // NOLINT(google-explicit-constructor): for `return status;`

  // Runs the task and gives its value, or throws what it threw.
  internal::TaskAwaiter<T> operator co_await() && {
    if (!handle_) throw std::logic_error("a task is awaited after it was moved away");
    return internal::TaskAwaiter<T>(std::move(*this));
  }

 private:
  friend internal::Promise<T>;
  friend internal::TaskAccess;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  void Reset() {
    if (!handle_) return;
    const auto handle = std::exchange(handle_, nullptr);
    handle.promise().DestroyNested();
    handle.destroy();
  }

  std::coroutine_handle<promise_type> handle_;
};

namespace internal {

// What the engine and the combinators may do with a task.
struct TaskAccess {
  // Queues the task; `continuation` is posted when it has finished. REQUIRES: not started yet.
  template <typename T>
  static void Start(Task<T>& task, Pump& pump, Resumable* continuation) {
    TANDEM_CHECK(task.handle_ != nullptr, "a task that was moved away can't be started");
    Promise<T>& promise = task.handle_.promise();
    TANDEM_CHECK(promise.pump() == nullptr, "a task is started once");
    promise.set_continuation(continuation);
    pump.Post(promise);
  }
  // The same for a task that `parent` waits for.
  template <typename T>
  static void StartWithin(PromiseBase& parent, Task<T>& task, Resumable* continuation) {
    Start(task, *parent.pump(), continuation);
    task.handle_.promise().set_parent(&parent);
  }
  template <typename T>
  static bool Finished(const Task<T>& task) {
    return task.handle_.promise().finished();
  }
  template <typename T>
  static T Take(Task<T>& task) {
    return task.handle_.promise().Take();
  }
  template <typename T>
  static void Destroy(Task<T>& task) {
    task.Reset();
  }
  // REQUIRES: the task was started within `parent`, which waits for it alone, and `task` stays
  // where it is until it is destroyed.
  template <typename T>
  static void Nest(PromiseBase& parent, Task<T>& task) {
    parent.Nest(task.handle_.promise(), &task,
                [](void* owner) { Destroy(*static_cast<Task<T>*>(owner)); });
  }
};

template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(Task<T> task) : task_(std::move(task)) {}

  bool await_ready() const noexcept { return false; }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    TaskAccess::StartWithin(parent.promise(), task_, &parent.promise());
    TaskAccess::Nest(parent.promise(), task_);
  }
  T await_resume() { return TaskAccess::Take(task_); }

 private:
  Task<T> task_;
};

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

template <typename A>
concept Complete = requires { sizeof(A); };

// A captureless lambda and an empty class may come as a reference: there is nothing to dangle. A
// type that is not complete is a lambda's own on g++, and judged by kNoCaptures when it is.
template <typename A>
constexpr bool kHarmless = !Complete<A>;
template <Complete A>
constexpr bool kHarmless<A> = std::is_empty_v<A>;

template <typename A>
constexpr bool kOwned =
    kHarmless<std::remove_cvref_t<A>> ||
    (!std::is_reference_v<A> && !std::is_pointer_v<A> && !std::is_same_v<A, std::string_view>);

// As a parameter it does no harm. But who calls the task writes such a value in braces, and that
// temporary g++ 12 destroys twice if there is a co_await in the same statement.
template <typename A>
constexpr bool kSafeAsTemporary = kHarmless<std::remove_cvref_t<A>> || std::is_reference_v<A> ||
                                  !std::is_aggregate_v<A> || std::is_trivially_destructible_v<A>;

}  // namespace internal
}  // namespace duroxide

template <typename T, typename... Args>
struct std::coroutine_traits<duroxide::Task<T>, Args...> {
  static_assert((duroxide::internal::kOwned<Args> && ...),
                "Task coroutines take owned values only: no reference, pointer, string_view, "
                "capturing lambda or member function");
  static_assert((duroxide::internal::kSafeAsTemporary<Args> && ...),
                "a parameter of a Task must not be an aggregate with members to destroy (g++ 12 "
                "destroys one in braces beside co_await twice); give it a constructor: T() = "
                "default; is enough");
  using promise_type = typename duroxide::Task<T>::promise_type;
};
