#pragma once

// WhenAll waits for all of its operands, WhenAny for the first. Operands are anything that can be
// awaited: futures, timers, tasks, and what these functions return.
//
//   auto [a, b] = co_await WhenAll(ctx.Call(kA, 1), ctx.Call(kB, 2));
//   std::vector<Result<int>> parts = co_await WhenAll(std::move(futures));
//   auto any = co_await WhenAny(ctx.WaitForEvent<std::string>("go"), ctx.StartTimer(1h));
//   if (any.index() == 1) ...  // the timer
//
// C++ does not say in which order arguments are evaluated, and operations start when their argument
// is. One compiler always does the same; where histories have to survive a change of compiler, name
// the operations first and pass them with std::move.
//
// Which one is first is decided by the order of the history, never by the order of the arguments.
// The losers of WhenAny are dropped, and so cancelled, in the order of the arguments. An operand
// without a value (a timer, a Task<void>) counts as std::monostate.

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "duroxide_runtime/internal/join.h"

namespace duroxide {

namespace internal {

template <typename... A, std::size_t... I>
std::vector<Task<void>> MakeDrivers(Rendezvous& rendezvous, std::tuple<Slot<Settled<A>>...>& slots,
                                    std::index_sequence<I...>, A&... operands) {
  std::vector<Task<void>> drivers;
  drivers.reserve(sizeof...(A));
  (drivers.push_back(
       Drive<A>(std::move(operands), DriverReport<Settled<A>>(rendezvous, std::get<I>(slots), I))),
   ...);
  return drivers;
}

// In this order, whatever order a vector or the compiler would choose.
inline void DestroyInOrder(std::vector<Task<void>>& drivers) {
  for (Task<void>& driver : drivers) TaskAccess::Destroy(driver);
}

template <typename... T>
std::tuple<T...> TakeAll(std::tuple<Slot<T>...>& slots) {
  return std::apply(
      [](Slot<T>&... slot) {
        return std::tuple<T...>{slot.Take()...};  // braces: in order of the arguments
      },
      slots);
}

template <typename T>
std::vector<T> TakeAll(std::vector<Slot<T>>& slots) {
  std::vector<T> values;
  values.reserve(slots.size());
  for (Slot<T>& slot : slots) values.push_back(slot.Take());
  return values;
}

template <std::size_t I = 0, typename... T>
std::variant<T...> TakeOne(std::tuple<Slot<T>...>& slots, std::size_t index) {
  if constexpr (I + 1 < sizeof...(T)) {
    if (index != I) return TakeOne<I + 1, T...>(slots, index);
  }
  return std::variant<T...>(std::in_place_index<I>, std::get<I>(slots).Take());
}

}  // namespace internal

// All results in the order of the arguments. An exception is passed on when all have settled.
template <Durable... A>
Task<std::tuple<internal::Settled<A>...>> WhenAll(A... operands) {
  internal::Rendezvous rendezvous(sizeof...(A));
  std::tuple<internal::Slot<internal::Settled<A>>...> slots;
  std::vector<Task<void>> drivers =
      internal::MakeDrivers<A...>(rendezvous, slots, std::index_sequence_for<A...>(), operands...);
  co_await internal::StartAndMeet(rendezvous, drivers);
  co_return internal::TakeAll(slots);
}

template <Durable A>
Task<std::vector<internal::Settled<A>>> WhenAll(std::vector<A> operands) {
  using Slot = internal::Slot<internal::Settled<A>>;
  internal::Rendezvous rendezvous(operands.size());
  std::vector<Slot> slots(operands.size());
  std::vector<Task<void>> drivers;
  drivers.reserve(operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    internal::DriverReport<internal::Settled<A>> report(rendezvous, slots[i], i);
    drivers.push_back(internal::Drive<A>(std::move(operands[i]), report));
  }
  co_await internal::StartAndMeet(rendezvous, drivers);
  co_return internal::TakeAll(slots);
}

// The first result: index() says whose it is, std::get<i> gives it.
template <Durable... A>
  requires(sizeof...(A) > 0)
Task<std::variant<internal::Settled<A>...>> WhenAny(A... operands) {
  internal::Rendezvous rendezvous(1);
  std::tuple<internal::Slot<internal::Settled<A>>...> slots;
  std::vector<Task<void>> drivers =
      internal::MakeDrivers<A...>(rendezvous, slots, std::index_sequence_for<A...>(), operands...);
  co_await internal::StartAndMeet(rendezvous, drivers);
  internal::DestroyInOrder(drivers);
  co_return internal::TakeOne(slots, rendezvous.first());
}

}  // namespace duroxide
