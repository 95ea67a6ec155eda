#pragma once

// WhenAll waits for all of its operands, WhenAny for the first. Operands are anything that can be
// awaited: futures, timers, tasks, and what these functions return.
//
//   auto [a, b] = co_await WhenAll(ctx.Call(kA, 1), ctx.Call(kB, 2));
//   std::vector<Result<int>> parts = co_await WhenAll(std::move(futures));
//   auto any = co_await WhenAny(ctx.WaitForEvent<std::string>("go"), ctx.StartTimer(1h));
//   if (any.index() == 1) ...  // the timer
//   auto [index, part] = co_await WhenAny(std::move(futures));
//
// A race by pointer leaves the losers where they are, for the next round. They stay where they are
// until the race is decided:
//
//   auto next = co_await WhenAny(&decision, &deadline, ctx.StartTimer(24h));  // drops the timer
//   only
//
// C++ does not say in which order arguments are evaluated, and operations start when their argument
// is. One compiler always does the same; where histories have to survive a change of compiler, name
// the operations first and pass them with std::move.
//
// Which one is first is decided by the order of the history; of several that are there already it
// is the first argument. The losers of WhenAny are dropped, and so cancelled, in the order of the
// arguments. The result of an operand counts as taken when the code that awaits goes on with it: a
// combinator that is dropped before, because it loses a race itself, gives its events back. A wait
// for an event that loses by pointer gives its event back too, and begins anew in the next round.
//
// An operand without a value (a timer, a Task<void>) counts as std::monostate.

#include <cstddef>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/future.h"
#include "tandem/duroxide_runtime/internal/coroutine/join.h"

namespace duroxide {

namespace internal {

template <typename Operands>
using All = Combination<AllAwaiter<Operands>>;
template <typename Operands>
using Any = Combination<AnyAwaiter<Operands>>;

// What an argument of WhenAny is an operand as: itself, or what its pointer points at.
template <typename A>
struct Contender {};
template <Durable A>
struct Contender<A> {
  using Operand = A;
};
template <typename Handle>
  requires kIsHandle<Handle>
struct Contender<Handle*> {
  using Operand = Borrowed<Handle>;
};
template <typename A>
using ContenderOperand = typename Contender<std::remove_cvref_t<A>>::Operand;
template <typename A>
concept AContender = requires { typename ContenderOperand<A>; };

// A vector of operands that is not given away, which is refused in words.
template <typename Vector>
constexpr bool kIsVectorOfOperands = false;
template <Durable A>
constexpr bool kIsVectorOfOperands<std::vector<A>> = true;
template <typename Vector>
concept KeptVector =
    std::is_lvalue_reference_v<Vector> && kIsVectorOfOperands<std::remove_cvref_t<Vector>> &&
    GivenAway<Vector>::kChecked;

// Of one that is lent, by pointer, the pointer itself may be anything.
template <typename A>
constexpr bool kGivenAwayOrLent = GivenAway<A>::kChecked;
template <typename A>
  requires std::is_pointer_v<std::remove_cvref_t<A>>
constexpr bool kGivenAwayOrLent<A> = true;

// Concepts, since only these leave out the second part where the first is false: an argument of
// another overload is not refused here.
template <typename A>
concept JoinArgument = Durable<std::remove_cvref_t<A>> && GivenAway<A>::kChecked;
template <typename A>
concept RaceArgument = AContender<A> && kGivenAwayOrLent<A>;

}  // namespace internal

// A tuple of all results, in the order of the arguments. An exception is passed on when all have
// settled.
template <internal::JoinArgument... A>
internal::All<internal::OperandTuple<std::remove_cvref_t<A>...>> WhenAll(A&&... operands) {
  return internal::All<internal::OperandTuple<std::remove_cvref_t<A>...>>(
      std::tuple<std::remove_cvref_t<A>...>(std::forward<A>(operands)...));
}

// The same of operands of one kind, as a vector.
template <Durable A>
internal::All<internal::OperandVector<A>> WhenAll(std::vector<A>&& operands) {
  return internal::All<internal::OperandVector<A>>(std::move(operands));
}
template <typename Vector>
  requires internal::KeptVector<Vector>
void WhenAll(Vector&& operands);

// The first result, in a variant: index() says whose it is, std::get<i> gives it.
template <internal::RaceArgument... A>
  requires(sizeof...(A) > 0)
internal::Any<internal::OperandTuple<internal::ContenderOperand<A>...>> WhenAny(A&&... operands) {
  return internal::Any<internal::OperandTuple<internal::ContenderOperand<A>...>>(
      std::tuple<internal::ContenderOperand<A>...>(
          internal::ContenderOperand<A>(std::forward<A>(operands))...));
}

// The same of operands of one kind, as a pair of its index and its result. An empty vector
// has no first result: throws std::invalid_argument, which ends the instance unless it is caught.
template <Durable A>
internal::Any<internal::OperandVector<A>> WhenAny(std::vector<A>&& operands) {
  if (operands.empty()) {
    throw std::invalid_argument("WhenAny of an empty vector would wait forever");
  }
  return internal::Any<internal::OperandVector<A>>(std::move(operands));
}
template <typename Vector>
  requires internal::KeptVector<Vector>
void WhenAny(Vector&& operands);
template <typename Handle>
  requires internal::kIsHandle<Handle>
internal::Any<internal::OperandVector<internal::Borrowed<Handle>>> WhenAny(
    const std::vector<Handle*>& handles) {
  return WhenAny(std::vector<internal::Borrowed<Handle>>(handles.begin(), handles.end()));
}

}  // namespace duroxide
