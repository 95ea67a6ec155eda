#pragma once

// What WhenAll and WhenAny are made of. Each operand is awaited by a driver, a small task of its
// own that puts the result into its slot and reports to the rendezvous, where the combinator waits.
// Drivers run in the order in which history delivers, so the winner is the same on every replay.

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "duroxide_runtime/task.h"

namespace duroxide::internal {

// What an operand gives as a value: std::monostate for void.
template <typename A>
using Settled =
    std::conditional_t<std::is_void_v<typename A::Output>, std::monostate, typename A::Output>;

template <typename T>
class Slot {
 public:
  void Set(T value) { value_.emplace(std::move(value)); }
  void Throw(std::exception_ptr exception) { exception_ = std::move(exception); }

  // REQUIRES: one of the two was called.
  T Take() {
    if (exception_) std::rethrow_exception(exception_);
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr exception_;
};

// Resumes the combinator when `needed` drivers have settled, and remembers which was first.
class Rendezvous {
 public:
  explicit Rendezvous(std::size_t needed) : needed_(needed) {}
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  bool complete() const { return needed_ == 0; }
  std::size_t first() const { return *first_; }  // REQUIRES: somebody has settled

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

// Where a driver reports to.
template <typename T>
class DriverReport {
 public:
  DriverReport(Rendezvous& rendezvous, Slot<T>& slot, std::size_t index)
      : rendezvous_(&rendezvous), slot_(&slot), index_(index) {}

  // The combinator needs nothing more.
  bool decided() const { return rendezvous_->complete(); }

  void Set(T value) const {
    slot_->Set(std::move(value));
    rendezvous_->Settle(index_);
  }
  void Throw(std::exception_ptr exception) const {
    slot_->Throw(std::move(exception));
    rendezvous_->Settle(index_);
  }

 private:
  Rendezvous* rendezvous_;
  Slot<T>* slot_;
  std::size_t index_;
};

template <Durable A>
Task<void> Drive(A operand, DriverReport<Settled<A>> report) {
  // An operand of a race that is decided already is not awaited: what it had taken would be lost.
  if (report.decided()) co_return;
  std::exception_ptr thrown;
  try {
    if constexpr (std::is_void_v<typename A::Output>) {
      co_await std::move(operand);
      report.Set(std::monostate());
    } else {
      typename A::Output value = co_await std::move(operand);
      report.Set(std::move(value));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) report.Throw(std::move(thrown));
}

// Starts the drivers in order, and waits until the rendezvous is complete.
class [[nodiscard]] StartAndMeet {
 public:
  using Output = void;

  StartAndMeet(Rendezvous& rendezvous, std::vector<Task<void>>& drivers)
      : rendezvous_(&rendezvous), drivers_(&drivers) {}

  StartAndMeet operator co_await() && { return *this; }

  bool await_ready() const { return rendezvous_->complete(); }
  template <std::derived_from<PromiseBase> Parent>
  void await_suspend(std::coroutine_handle<Parent> parent) {
    rendezvous_->Await(parent.promise());
    for (Task<void>& driver : *drivers_) {
      TaskAccess::Start(driver, *parent.promise().pump(), nullptr);
    }
  }
  void await_resume() const {}

 private:
  Rendezvous* rendezvous_;
  std::vector<Task<void>>* drivers_;
};

}  // namespace duroxide::internal
