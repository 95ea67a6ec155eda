#pragma once

// A wait without a thread. An AsyncWait is stepped on an executor: once at its start, then whenever
// it is notified (by what it has registered with, by its stop token, or because the time that it
// asked for has come), never by two threads at a time, until it says that it is done. An AsyncWaits
// owns those that are under way.

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "tandem/base/clock.h"
#include "tandem/base/executor.h"
#include "tandem/base/mutex.h"
#include "tandem/base/status.h"

namespace tandem {

class AsyncWaits;

// A callback that is called in a step: an exception out of it ends the process, rather than being
// taken for one of the step.
template <typename Callback, typename Answer>
void CallBack(const Callback& callback, Answer answer) noexcept {
  callback(std::move(answer));
}

class AsyncWait : public Notifiable,
                  private Executor::Work,
                  public std::enable_shared_from_this<AsyncWait> {
 public:
  virtual ~AsyncWait() = default;

  void Notify() final;

 protected:
  explicit AsyncWait(std::stop_token stop) : stop_(std::move(stop)) {}

  bool stop_requested() const { return stop_.stop_requested(); }
  bool closing() const;  // the owner is being destroyed: to be done with Cancelled
  bool broken() const;   // of the owner, see there

  // Does what can be done now. Returns nullopt when it is done: it has called back and is
  // registered nowhere. Else until when to wait at most for a notification. REQUIRES: everything
  // that it has registered with keeps notifying it.
  virtual std::optional<Timestamp> Step() = 0;

  // A step has ended in an exception, most likely for lack of memory: it is to call back with
  // `failure`, and to be registered nowhere.
  virtual void Fail(const Status& failure) noexcept = 0;

 private:
  friend class AsyncWaits;
  enum class State { kIdle, kPosted, kStepping, kNotifiedWhileStepping, kDone };

  void Run() override;
  std::optional<Timestamp> TryStep();

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

  // Lets every wait end, and returns when none is left. A wait that is started later ends at its
  // first step.
  void Close();
  AsyncWaits(const AsyncWaits&) = delete;
  AsyncWaits& operator=(const AsyncWaits&) = delete;

  // Throws std::bad_alloc: then it is not started.
  void Start(const std::shared_ptr<AsyncWait>& wait);

  // Once a step has thrown, and from then on.
  void Break() { broken_ = true; }
  bool broken() const { return broken_; }

 private:
  friend class AsyncWait;
  void Finished(const std::shared_ptr<AsyncWait>& wait);

  Executor* const executor_;
  Mutex mutex_;
  CondVar finished_;
  std::set<std::shared_ptr<AsyncWait>> waits_ TANDEM_GUARDED_BY(mutex_);
  std::atomic<bool> closing_ = false;
  std::atomic<bool> broken_ = false;
};

}  // namespace tandem
