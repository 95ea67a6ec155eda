#pragma once

// What WhenAll and WhenAny are made of. Each operand is awaited by a driver, a small task of its
// own, which takes nothing: it tells the rendezvous that the operand has settled, and that wakes
// the coroutine which awaits the combinator. Only when that one goes on are the values taken. So a
// combinator that is dropped before, also as an operand of another, gives back what its operands
// have got: events wait to be read again.
//
// A wait for an event begins when its driver starts, in the order of the operands; behind an
// operand that wins a race at once none begins. From then on drivers run in the order in which
// history delivers, so the winner is the same on every replay.

#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/task.h"

namespace duroxide::internal {

// What an operand gives as a value: std::monostate for void.
template <typename A>
using Settled =
    std::conditional_t<std::is_void_v<typename A::Output>, std::monostate, typename A::Output>;

template <typename A>
constexpr bool kIsTask = false;
template <typename T>
constexpr bool kIsTask<Task<T>> = true;

template <typename T>
class Slot {
 public:
  void Set(T value) { value_.emplace(std::move(value)); }
  void Throw(std::exception_ptr exception) { exception_ = std::move(exception); }

  // REQUIRES: one of the two was called.
  T Take() {
    TANDEM_REQUIRE(exception_ || value_.has_value(), "what is taken has settled");
    if (exception_) std::rethrow_exception(exception_);
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr exception_;
};

// Resumes who awaits the combinator when `needed` operands have settled, and remembers which was
// first.
class Rendezvous {
 public:
  explicit Rendezvous(std::size_t needed) : needed_(needed) {}
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  bool complete() const { return needed_ == 0; }
  // REQUIRES: an operand has settled.
  std::size_t first() const {
    TANDEM_REQUIRE(first_.has_value(), "an operand has settled");
    return *first_;
  }

  void Await(Resumable& parent) { parent_ = &parent; }
  void Settle(std::size_t index) {
    if (!first_) first_ = index;
    if (needed_ == 0) return;
    --needed_;
    if (needed_ == 0) parent_->pump()->PostNext(*parent_);
  }

 private:
  std::size_t needed_;
  std::optional<std::size_t> first_;
  Resumable* parent_ = nullptr;
};

template <Durable A>
class Operand;

// What a driver waits for: that its operand settles.
template <Durable A>
class [[nodiscard]] Settling {
 public:
  using Output = void;

  Settling(Operand<A>& operand, Rendezvous& rendezvous, std::size_t index)
      : operand_(&operand), rendezvous_(&rendezvous), index_(index) {}

  Settling operator co_await() && { return *this; }

  bool await_ready() { return operand_->awaiter().await_ready(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> driver) {
    operand_->awaiter().await_suspend(driver);
  }
  void await_resume() const {
    operand_->Settle();
    rendezvous_->Settle(index_);
  }

 private:
  Operand<A>* operand_;
  Rendezvous* rendezvous_;
  std::size_t index_;
};

template <Durable A>
Task<void> Drive(Settling<A> settling) {
  co_await std::move(settling);
}

// An operand of a combinator that is awaited. Dropping it cancels what it waits for, or gives back
// what it has got.
template <Durable A>
class Operand {
 public:
  using Awaiter = decltype(std::declval<A>().operator co_await());

  explicit Operand(A operand) { awaited_.emplace(std::move(operand)); }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;

  void Start(PromiseBase& parent, Rendezvous& rendezvous, std::size_t index) {
    driver_.emplace(Drive<A>(Settling<A>(*this, rendezvous, index)));
    TaskAccess::StartWithin(parent, *driver_, nullptr);
  }
  void Drop() {
    driver_.reset();  // first: it waits for the other
    awaited_.reset();
  }
  // What it gives. REQUIRES: it has settled.
  Settled<A> Take() {
    if constexpr (kIsTask<A>) {
      return slot_.Take();
    } else {
      return Resume();
    }
  }

  // --- For its driver -------------------------------------------------------------------------

  Awaiter& awaiter() { return awaited_->awaiter; }
  // A task has done all it had to, and its frame goes at once; the losers of a race go as soon as
  // it is decided. The result of a future stays where it is.
  void Settle() {
    if constexpr (kIsTask<A>) {
      try {
        slot_.Set(Resume());
      } catch (...) {
        slot_.Throw(std::current_exception());
      }
      awaited_.reset();
    } else if constexpr (requires { awaiter().DropLosers(); }) {
      awaiter().DropLosers();
    }
  }

 private:
  // Made in its place: an awaiter need not be movable.
  struct Awaited {
    explicit Awaited(A operand) : awaiter(std::move(operand).operator co_await()) {}
    Awaiter awaiter;
  };

  Settled<A> Resume() {
    if constexpr (std::is_void_v<typename A::Output>) {
      awaiter().await_resume();
      return {};
    } else {
      return awaiter().await_resume();
    }
  }

  std::optional<Awaited> awaited_;
  Slot<Settled<A>> slot_;             // of a task
  std::optional<Task<void>> driver_;  // destroyed first
};

// The operands of a combinator, in order. They are dropped in this order, whatever order a
// container or the compiler would choose.
template <Durable... A>
class OperandTuple {
 public:
  using Source = std::tuple<A...>;
  using All = std::tuple<Settled<A>...>;
  using One = std::variant<Settled<A>...>;

  explicit OperandTuple(Source operands) : operands_(std::move(operands)) {}
  OperandTuple(const OperandTuple&) = delete;
  OperandTuple& operator=(const OperandTuple&) = delete;
  ~OperandTuple() { DropAllBut(size()); }

  std::size_t size() const { return sizeof...(A); }
  void Start(PromiseBase& parent, Rendezvous& rendezvous) {
    ForEach([&](auto& operand, std::size_t i) { operand.Start(parent, rendezvous, i); });
  }
  void DropAllBut(std::size_t kept) {
    ForEach([&](auto& operand, std::size_t i) {
      if (i != kept) operand.Drop();
    });
  }
  All TakeAll() {
    return std::apply(
        [](Operand<A>&... operands) {
          return All{operands.Take()...};  // braces: in order of the arguments
        },
        operands_);
  }
  template <std::size_t I = 0>
  One TakeOne(std::size_t index) {
    if constexpr (I + 1 < sizeof...(A)) {
      if (index != I) return TakeOne<I + 1>(index);
    }
    return One(std::in_place_index<I>, std::get<I>(operands_).Take());
  }

 private:
  template <typename F>
  void ForEach(const F& f) {
    std::apply(
        [&](Operand<A>&... operands) {
          [[maybe_unused]] std::size_t i = 0;  // of none
          (f(operands, i++), ...);
        },
        operands_);
  }

  std::tuple<Operand<A>...> operands_;
};

template <Durable A>
class OperandVector {
 public:
  using Source = std::vector<A>;
  using All = std::vector<Settled<A>>;
  using One = std::pair<std::size_t, Settled<A>>;

  explicit OperandVector(Source operands) {
    for (A& operand : operands) operands_.emplace_back(std::move(operand));
  }
  OperandVector(const OperandVector&) = delete;
  OperandVector& operator=(const OperandVector&) = delete;
  ~OperandVector() { DropAllBut(size()); }

  std::size_t size() const { return operands_.size(); }
  void Start(PromiseBase& parent, Rendezvous& rendezvous) {
    for (std::size_t i = 0; i < size(); ++i) operands_[i].Start(parent, rendezvous, i);
  }
  void DropAllBut(std::size_t kept) {
    for (std::size_t i = 0; i < size(); ++i) {
      if (i != kept) operands_[i].Drop();
    }
  }
  All TakeAll() {
    All values;
    values.reserve(size());
    for (Operand<A>& operand : operands_) values.push_back(operand.Take());
    return values;
  }
  One TakeOne(std::size_t index) { return One(index, operands_[index].Take()); }

 private:
  std::deque<Operand<A>> operands_;  // they can't be moved
};

// Waits for all operands.
template <typename Operands>
class AllAwaiter {
 public:
  using Source = typename Operands::Source;
  using Output = typename Operands::All;

  explicit AllAwaiter(Source operands)
      : operands_(std::move(operands)), rendezvous_(operands_.size()) {}

  bool await_ready() const { return rendezvous_.complete(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    rendezvous_.Await(parent.promise());
    operands_.Start(parent.promise(), rendezvous_);
  }
  Output await_resume() { return operands_.TakeAll(); }

 private:
  Operands operands_;
  Rendezvous rendezvous_;
};

// Waits for the first operand.
template <typename Operands>
class AnyAwaiter {
 public:
  using Source = typename Operands::Source;
  using Output = typename Operands::One;

  explicit AnyAwaiter(Source operands) : operands_(std::move(operands)) {}

  bool await_ready() const { return false; }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    rendezvous_.Await(parent.promise());
    operands_.Start(parent.promise(), rendezvous_);
  }
  Output await_resume() {
    DropLosers();
    return operands_.TakeOne(rendezvous_.first());
  }

  // REQUIRES: the race is decided.
  void DropLosers() { operands_.DropAllBut(rendezvous_.first()); }

 private:
  Operands operands_;
  Rendezvous rendezvous_{1};
};

// What WhenAll and WhenAny return: operands that nobody awaits yet.
template <typename Awaiter>
class [[nodiscard]] Combination {
 public:
  using Output = typename Awaiter::Output;

  explicit Combination(typename Awaiter::Source operands) : operands_(std::move(operands)) {}

  Awaiter operator co_await() && { return Awaiter(std::move(operands_)); }

 private:
  typename Awaiter::Source operands_;
};

}  // namespace duroxide::internal
