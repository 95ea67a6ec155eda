#pragma once

// The state of the in-memory provider under its one lock, and waiting for what it will hold.
// A waiting call looks again after every change.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "tandem/base/async_wait.h"
#include "tandem/base/clock.h"
#include "tandem/base/guarded.h"
#include "tandem/batch/internal/memory/memory_state.h"

namespace tandem::internal {

// A call that looks for something and may wait for it.
template <typename Page>
struct Search {
  // What there is; empty if it is not there yet. Taking it is part of the look.
  std::function<Page(MemoryState&, Timestamp now)> look;
  // When to look again though nothing changes.
  std::function<Timestamp(const MemoryState&)> next;
  Timestamp deadline;
  std::stop_token stop;
};

// Whether to wait for more.
inline bool IsEmpty(const EventPage& page) { return page.events.empty() && !page.deleted; }
inline bool IsEmpty(const FeedPage& page) { return page.events.empty(); }
inline bool IsEmpty(const std::vector<Delivery>& deliveries) { return deliveries.empty(); }

// Thread-safe.
class MemoryStore {
 public:
  MemoryStore(Clock* clock, MemoryState state) : clock_(clock), shared_(std::move(state)) {
    shared_.Lock()->state.OpenAgain(clock_->Now());
  }

  // Looks at the state: f(state, now).
  template <typename F>
  auto Look(F f) const {
    auto shared = shared_.Lock();
    return f(std::as_const(shared->state), clock_->Now());
  }

  // Changes the state: f(state, now).
  template <typename F>
  auto Change(F f) {
    auto shared = shared_.Lock();
    auto result = f(shared->state, clock_->Now());
    for (Notifiable* waiter : shared->waiters) waiter->Notify();
    return result;
  }

  // One look. Returns nullopt when `page` is the answer; else `waiter` is registered, and to be
  // notified at the returned time. REQUIRES: it lives until Try has returned nullopt, or Leave.
  template <typename Page>
  std::optional<Timestamp> Try(const Search<Page>& search, Notifiable& waiter, Page& page) {
    const bool stopped = search.stop.stop_requested();
    auto shared = shared_.Lock();
    const Timestamp now = clock_->Now();
    const std::uint64_t changes = shared->state.queues.changes();
    page = search.look(shared->state, now);
    const bool over = !IsEmpty(page) || stopped || now >= search.deadline;
    if (over) shared->waiters.erase(&waiter);
    if (shared->state.queues.changes() != changes) {
      for (Notifiable* other : shared->waiters) other->Notify();
    }
    if (over) return std::nullopt;
    shared->waiters.insert(&waiter);
    return std::min(search.deadline, search.next(shared->state));
  }

  void Leave(Notifiable& waiter) { shared_.Lock()->waiters.erase(&waiter); }

  // Blocks until there is something, or the wait is over.
  template <typename Page>
  Page Await(const Search<Page>& search) {
    Signal signal;
    const NotifyOnStop notify(search.stop, signal);
    Page page;
    while (const std::optional<Timestamp> until = Try(search, signal, page)) {
      clock_->WaitUntil(signal, *until);
    }
    return page;
  }

 private:
  struct Shared {
    explicit Shared(MemoryState initial) : state(std::move(initial)) {}
    MemoryState state;
    std::set<Notifiable*> waiters;
  };

  Clock* const clock_;
  Guarded<Shared> shared_;
};

// The same wait without a thread.
template <typename Page>
class MemoryWait final : public AsyncWait {
 public:
  using Callback = std::function<void(Result<Page>)>;

  MemoryWait(MemoryStore* store, Search<Page> search, Callback callback)
      : AsyncWait(search.stop),
        store_(store),
        search_(std::move(search)),
        callback_(std::move(callback)) {}

 private:
  std::optional<Timestamp> Step() override {
    if (closing()) {
      store_->Leave(*this);
      CallBack(callback_, Result<Page>(Status::Cancelled("the provider is destroyed")));
      return std::nullopt;
    }
    Page page;
    const std::optional<Timestamp> until = store_->Try(search_, *this, page);
    if (!until.has_value()) CallBack(callback_, Result<Page>(std::move(page)));
    return until;
  }

  void Fail(const Status& failure) noexcept override {
    store_->Leave(*this);
    callback_(failure);
  }

  MemoryStore* const store_;
  const Search<Page> search_;
  const Callback callback_;
};

}  // namespace tandem::internal
