#pragma once

// An Executor runs short tasks on threads of its own: at once, or when a time of its clock has
// come. It serves what waits without a thread. The first thread is there from the beginning, so
// that what was posted is always run; the others are started when they are needed. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tandem {

class Executor {
 public:
  using Task = std::function<void()>;
  // Names a task that is due later; 0 names none.
  using Alarm = std::uint64_t;

  // `threads_max` may be 0 if nothing is ever posted. REQUIRES: `clock` outlives the executor.
  // Throws std::system_error if the system gives no thread; later on the executor goes on with
  // those it has.
  Executor(Clock* clock, std::size_t threads_max);

  // Runs what was posted to its end, forgets what is due later.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Tasks start in the order in which they were posted. Takes short locks only.
  void Post(Task task);

  // Posts the task when `at` has come. `at` may be past. Throws std::system_error if it is the
  // first, and the system gives no thread to wait for it.
  Alarm PostAt(Timestamp at, Task task);

  // True if the task was still to come: it will not be posted. Any alarm may be passed, also of a
  // task that has run.
  bool Cancel(Alarm alarm);

 private:
  bool TryAddWorker();  // false if the system gives no further thread; REQUIRES: mutex_ is held
  void Work();
  void Watch();

  Clock* const clock_;
  const std::size_t threads_max_;

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;                              // guarded by mutex_
  std::map<std::pair<Timestamp, Alarm>, Task> alarms_;  // guarded by mutex_
  std::map<Alarm, Timestamp> due_;                      // guarded by mutex_: the alarms by name
  Alarm last_alarm_ = 0;                                // guarded by mutex_
  std::size_t idle_ = 0;                                // guarded by mutex_
  bool stopping_ = false;                               // guarded by mutex_
  std::vector<std::thread> workers_;                    // guarded by mutex_, until stopping_
  std::thread watch_;                                   // guarded by mutex_, until stopping_
  Signal watch_again_;                                  // an earlier alarm has come, or the end
};

}  // namespace tandem
