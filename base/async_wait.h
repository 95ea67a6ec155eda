#pragma once

// A wait without a thread. An AsyncWait is stepped on an executor: once at its start, then whenever
// it is notified (by what it has registered with, by its stop token, or because the time that it
// asked for has come), never by two threads at a time, until it says that it is done. An AsyncWaits
// owns those that are under way.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"

namespace tandem {

class AsyncWaits;

class AsyncWait : public Notifiable, public std::enable_shared_from_this<AsyncWait> {
 public:
  virtual ~AsyncWait() = default;

  void Notify() final;

 protected:
  explicit AsyncWait(std::stop_token stop) : stop_(std::move(stop)) {}

  bool stop_requested() const { return stop_.stop_requested(); }
  bool closing() const;  // the owner is being destroyed: to be done with Cancelled

  // Does what can be done now. Returns nullopt when it is done: it has called back and is
  // registered nowhere. Else until when to wait at most for a notification. REQUIRES: whatever it
  // has registered with keeps notifying it.
  virtual std::optional<Timestamp> Step() = 0;

 private:
  friend class AsyncWaits;
  enum class State { kIdle, kPosted, kStepping, kNotifiedWhileStepping, kDone };

  void Post();
  void Run();

  const std::stop_token stop_;
  AsyncWaits* owner_ = nullptr;  // set before the first step
  std::atomic<State> state_ = State::kIdle;
  std::optional<NotifyOnStop> on_stop_;  // used by the steps only, once it is set
  Executor::Alarm alarm_ = 0;            // used by the steps only
};

// Thread-safe.
class AsyncWaits {
 public:
  // REQUIRES: `executor` outlives this.
  explicit AsyncWaits(Executor* executor) : executor_(executor) {}

  ~AsyncWaits() { Close(); }

  // Lets every wait end, and returns when none is left. What is started later ends at its first
  // step.
  void Close();
  AsyncWaits(const AsyncWaits&) = delete;
  AsyncWaits& operator=(const AsyncWaits&) = delete;

  void Start(const std::shared_ptr<AsyncWait>& wait);

 private:
  friend class AsyncWait;
  void Finished(const std::shared_ptr<AsyncWait>& wait);

  Executor* const executor_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::set<std::shared_ptr<AsyncWait>> waits_;  // guarded by mutex_
  std::atomic<bool> closing_ = false;
};

}  // namespace tandem
