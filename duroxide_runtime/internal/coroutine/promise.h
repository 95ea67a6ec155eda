#pragma once

// The promise of a Task: it starts suspended, ends suspended, and posts whoever awaits it when it
// has finished. It lets a task await durable operations only, since anything else would resume it
// outside the turn.

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/codec.h"
#include "tandem/duroxide_runtime/internal/coroutine/pump.h"
#include "tandem/duroxide_runtime/status.h"

namespace duroxide {

template <typename T>
class Task;

// What a task may await: a Task, a Future, a Timer, or what WhenAll, WhenAny and OrFail make of
// them. `Output` is what co_await gives.
template <typename A>
concept Durable = std::movable<A> && requires(A operand) {
  typename A::Output;
  std::move(operand).operator co_await();
};

namespace internal {

// What can say that something has failed, and the value that it has otherwise: Result<T>, or a
// Status, which has none.
template <typename T>
struct FallibleValue {};
template <typename T>
struct FallibleValue<Result<T>> {
  using Type = T;
};
template <>
struct FallibleValue<Status> {
  using Type = Unit;
};
template <typename T>
concept Fallible = requires { typename FallibleValue<T>::Type; };

// An operand that is awaited, or handed to a combinator, is given away. A is deduced from an A&&.
// Combinators ask for it in their constraints, so that it comes before what the compiler says of a
// copy.
template <typename A>
struct GivenAway {
  static constexpr bool kChecked = true;
  static_assert(
      !std::is_lvalue_reference_v<A>,
      "a Task or future is awaited once: co_await std::move(it), or co_await WhenAny(&it, ...)");
  static_assert(std::is_lvalue_reference_v<A> || !std::is_const_v<A>,
                "a Task or future is moved when it is awaited: it must not be const");
};

class PromiseBase : public Resumable {
 public:
  using Resumable::Resumable;

  class FinalAwaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      self.promise().Finish();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }

  // The type is deduced, so that a compiler looks in here before it looks at what it would await:
  // these texts come first.
  template <typename A>
  decltype(auto) await_transform(A&& operand) const {
    static_assert(Durable<std::remove_cvref_t<A>>,
                  "an orchestration awaits Tasks and the futures of its context, nothing else");
    static_assert(GivenAway<A>::kChecked);
    return std::forward<A>(operand);
  }

  // Our own flag: coroutine_handle::done() has been seen to turn true too early on GCC.
  bool finished() const { return finished_; }
  void set_continuation(Resumable* continuation) { continuation_ = continuation; }

  // The coroutine that waits for this one, alone or beside others; null for a root.
  const PromiseBase* parent() const { return parent_; }
  void set_parent(PromiseBase* parent) { parent_ = parent; }

  // `child` runs for this coroutine, which waits for it alone and owns it through `owner`; `drop`
  // destroys it there. REQUIRES: it is the parent of `child`.
  void Nest(PromiseBase& child, void* owner, void (*drop)(void* owner)) {
    TANDEM_REQUIRE(child.parent_ == this, "a task is nested in the one that waits for it");
    child.owner_ = owner;
    child.drop_ = drop;
    nested_ = &child;
  }

  // To be called before the frame is destroyed: takes down what is nested in it, the innermost
  // first. That is the order of the frames' own destructors, without their recursion.
  void DestroyNested() {
    PromiseBase* innermost = this;
    while (innermost->nested_ != nullptr) innermost = innermost->nested_;
    while (innermost != this) {
      PromiseBase* const parent = innermost->parent_;
      innermost->drop_(innermost->owner_);
      innermost = parent;
    }
    // A coroutine that waits for several may be gone before them.
    if (drop_ != nullptr && parent_->nested_ == this) parent_->nested_ = nullptr;
  }

  // Ends the coroutine where it stands; its frame lives until its owner destroys it.
  void Finish() {
    finished_ = true;
    if (continuation_ != nullptr) continuation_->pump()->PostNext(*continuation_);
  }

 private:
  Resumable* continuation_ = nullptr;  // null for a root, and where somebody else is told
  bool finished_ = false;

  PromiseBase* nested_ = nullptr;  // the task that it waits for
  PromiseBase* parent_ = nullptr;
  void* owner_ = nullptr;  // of this one, where it is nested
  void (*drop_)(void* owner) = nullptr;
};

// The late half of the guard in task.h: g++ shows a lambda's own object as a reference, and knows
// only here whether it is empty. Clang 19 does not show it at all; there clang-tidy finds such
// lambdas (cppcoreguidelines-avoid-capturing-lambda-coroutines).
template <typename... Args>
constexpr bool kNoCaptures =
    (... && (!std::is_reference_v<Args> || std::is_empty_v<std::remove_cvref_t<Args>>));

template <typename T>
class Promise final : public PromiseBase {
 public:
  using Value = T;

  template <typename... Args>
  explicit Promise(Args&...) : Promise() {
    static_assert(kNoCaptures<Args...>,
                  "a coroutine lambda must not capture: it is destroyed first");
  }
  Promise() : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}

  inline Task<T> get_return_object();

  // `file` and `line` are those of the co_return, for a Result that is made of Ok.
  template <typename U>
    requires std::constructible_from<T, U&&>
  void return_value(U&& value, [[maybe_unused]] const char* file = __builtin_FILE(),
                    [[maybe_unused]] int line = __builtin_LINE()) {
    if constexpr (Fallible<T> && !std::same_as<T, Status> &&
                  std::same_as<std::remove_cvref_t<U>, Status>) {
      value_.emplace(std::forward<U>(value), file, line);
    } else {
      value_.emplace(std::forward<U>(value));
    }
  }
  // A task that returns a Status takes all that one which returns a Result<Unit> does.
  template <typename U>
    requires(std::same_as<T, Status> && !std::constructible_from<T, U &&> &&
             std::convertible_to<U &&, Result<Unit>>)
  void return_value(U&& value) {
    const Result<Unit> result = std::forward<U>(value);
    value_.emplace(result.status());
  }
  void unhandled_exception() { exception_ = std::current_exception(); }

  // REQUIRES: finished(). Throws what the coroutine threw. Neither g++ 12 nor C++ stops a coroutine
  // from running off its end without a value.
  T Take() {
    TANDEM_REQUIRE(finished(), "only a finished task has a value");
    if (exception_) std::rethrow_exception(exception_);
    if (!value_.has_value()) {
      throw std::logic_error("a task ended without co_return, and so without its value");
    }
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr exception_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  using Value = void;

  template <typename... Args>
  explicit Promise(Args&...) : Promise() {
    static_assert(kNoCaptures<Args...>,
                  "a coroutine lambda must not capture: it is destroyed first");
  }
  Promise() : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}

  inline Task<void> get_return_object();

  void return_void() const {}
  void unhandled_exception() { exception_ = std::current_exception(); }

  void Take() const {
    TANDEM_REQUIRE(finished(), "only a finished task has a value");
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

}  // namespace internal
}  // namespace duroxide
