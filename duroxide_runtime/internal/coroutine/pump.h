#pragma once

// The Pump is the only caller of resume(): coroutines that can go on are posted to its queue and
// resumed first in, first out, but whoever gets a result from another coroutine goes next: what is
// on its way to somebody can't be lost to what others do in the meantime. So the stack stays flat
// however deep tasks await each other (g++ 12 turns symmetric transfer into recursion in
// unoptimised builds), and the order is always the same.

#include <coroutine>

#include "tandem/base/check.h"

namespace duroxide::internal {

class Pump;

// What a Pump resumes: the base of every promise. Destroyed while queued, it leaves the queue.
class Resumable {
 public:
  explicit Resumable(std::coroutine_handle<> handle) : handle_(handle) {}
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;
  inline ~Resumable();

  // The pump that runs this coroutine; null until it is started.
  Pump* pump() const { return pump_; }

 private:
  friend class Pump;
  const std::coroutine_handle<> handle_;
  Pump* pump_ = nullptr;
  Resumable* previous_ = nullptr;  // in the queue
  Resumable* next_ = nullptr;
  bool queued_ = false;
};

// Not thread-safe: one execution, one thread at a time.
class Pump {
 public:
  Pump() = default;
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;
  ~Pump() { TANDEM_CHECK(first_ == nullptr, "a pump outlives what is queued in it"); }

  void Post(Resumable& resumable) {
    TANDEM_CHECK(!resumable.queued_, "a coroutine waits for one thing at a time");
    resumable.pump_ = this;
    resumable.queued_ = true;
    resumable.previous_ = last_;
    resumable.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &resumable;
    last_ = &resumable;
  }

  // Before all others.
  void PostNext(Resumable& resumable) {
    TANDEM_CHECK(!resumable.queued_, "a coroutine waits for one thing at a time");
    resumable.pump_ = this;
    resumable.queued_ = true;
    resumable.previous_ = nullptr;
    resumable.next_ = first_;
    (first_ != nullptr ? first_->previous_ : last_) = &resumable;
    first_ = &resumable;
  }

  // Resumes until nothing is queued.
  void Run() {
    TANDEM_CHECK(!running_, "a pump is not run from inside itself");
    running_ = true;
    while (first_ != nullptr) {
      Resumable& resumable = *first_;
      Remove(resumable);
      resumable.handle_.resume();  // may destroy `resumable`
    }
    running_ = false;
  }

 private:
  friend class Resumable;

  void Remove(Resumable& resumable) {
    (resumable.previous_ != nullptr ? resumable.previous_->next_ : first_) = resumable.next_;
    (resumable.next_ != nullptr ? resumable.next_->previous_ : last_) = resumable.previous_;
    resumable.queued_ = false;
  }

  Resumable* first_ = nullptr;
  Resumable* last_ = nullptr;
  bool running_ = false;
};

Resumable::~Resumable() {
  if (queued_) pump_->Remove(*this);
}

}  // namespace duroxide::internal
