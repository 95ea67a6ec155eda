#pragma once

// What an asynchronous call answers, and how: once, and not within the call. A test that hangs has
// found a call that is not answered.
//
//   Answer<EventPage> page([&](ReadCallback callback) { store.ReadAsync(id, {}, callback); });
//   page.Get();

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "tandem/base/result.h"

namespace tandem::conformance {

template <typename T>
class Answer {
 public:
  using Callback = std::function<void(Result<T>)>;

  template <typename Call>
  explicit Answer(Call call) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->calling = std::this_thread::get_id();
    }
    call(Callback([state = state_](Result<T> result) { state->Take(std::move(result)); }));
    const std::lock_guard lock(state_->mutex);
    state_->calling = std::thread::id();
  }

  // Blocks until it is there.
  Result<T> Get() const {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return !state_->results.empty(); });
    return state_->results.front();
  }

  std::size_t count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->results.size();
  }

  // It came on the thread that was still in the call.
  bool came_within_the_call() const {
    const std::lock_guard lock(state_->mutex);
    return state_->within_the_call;
  }

 private:
  struct State {
    void Take(Result<T> result) {
      const std::lock_guard lock(mutex);
      within_the_call = within_the_call || calling == std::this_thread::get_id();
      results.push_back(std::move(result));
      changed.notify_all();
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Result<T>> results;  // guarded by mutex
    std::thread::id calling;         // guarded by mutex: who is in the call
    bool within_the_call = false;    // guarded by mutex
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tandem::conformance
