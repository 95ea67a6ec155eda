#pragma once

// An Executor runs short tasks on threads of its own: at once, or when a time of its clock has
// come. It serves what waits without a thread. The first worker, and the thread that watches the
// time, are there from the beginning: from then on all work that is posted is run, and only a lack
// of memory can keep work from being posted. Further workers are started when they are needed.
// Thread-safe.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tandem/base/clock.h"
#include "tandem/base/mutex.h"

namespace tandem {

class Executor {
 public:
  // A task; the poster owns it. Posting it needs no memory.
  class Work {
   public:
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    // Called once for each time that it was posted. The executor does not touch it afterwards: it
    // may post itself again, or delete itself. An exception out of it ends the process.
    virtual void Run() = 0;

   protected:
    ~Work() = default;

   private:
    friend class Executor;
    // Under the mutex of the executor.
    Work* next_ = nullptr;
    bool posted_ = false;
  };

  using Task = std::function<void()>;
  // Names a task that is due later; 0 names none.
  using Alarm = std::uint64_t;

  // `threads_max` may be 0 if nothing is ever posted; `clock` may be null if PostAt is never
  // called. REQUIRES: `clock` outlives the executor. Throws std::system_error if the system gives
  // no thread; later on the executor goes on with those it has.
  Executor(Clock* clock, std::size_t threads_max);

  // Runs what was posted to its end, forgets what is due later. REQUIRES: not called by a task.
  ~Executor();

  // What the destructor does, for an owner whose tasks use what is destroyed before the executor.
  // Once it has returned, nothing may be posted. REQUIRES: not called by a task.
  void Close();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Tasks start in the order in which they were posted. Takes short locks only. REQUIRES: `work`
  // lives until it is run, and is not posted already.
  void Post(Work& work) noexcept;
  // Throws std::bad_alloc: then nothing is posted.
  void Post(Task task);

  // Posts the task when `at` has come. `at` may be past. Throws std::bad_alloc.
  Alarm PostAt(Timestamp at, Task task);

  // True if the task was still to come: it will not be posted. Any alarm may be passed, also of a
  // task that has run.
  bool Cancel(Alarm alarm);

  // Blocks until nothing is posted and no task runs. REQUIRES: not called by a task.
  void AwaitIdle();

  // True on a worker of this executor: within a task.
  bool RunsThisThread() const;

 private:
  // A task as work that deletes itself when it has run.
  class OwnedTask;

  void AddWorkerIfItCan() TANDEM_REQUIRES(mutex_);
  void Join();
  void RunWork();
  void Watch();

  Clock* const clock_;
  const std::size_t threads_max_;

  Mutex mutex_;
  CondVar posted_;
  CondVar all_idle_;
  Work* first_ TANDEM_GUARDED_BY(mutex_) = nullptr;  // of what is posted
  Work* last_ TANDEM_GUARDED_BY(mutex_) = nullptr;
  std::size_t waiting_ TANDEM_GUARDED_BY(mutex_) = 0;  // how many are posted
  std::size_t idle_ TANDEM_GUARDED_BY(mutex_) = 0;     // workers
  bool stopping_ TANDEM_GUARDED_BY(mutex_) = false;
  bool closed_ TANDEM_GUARDED_BY(mutex_) = false;  // no worker is left
  std::vector<std::thread> workers_ TANDEM_GUARDED_BY(mutex_);

  std::map<std::pair<Timestamp, Alarm>, std::unique_ptr<OwnedTask>> alarms_
      TANDEM_GUARDED_BY(mutex_);
  std::map<Alarm, Timestamp> due_ TANDEM_GUARDED_BY(mutex_);  // the alarms by name
  Alarm last_alarm_ TANDEM_GUARDED_BY(mutex_) = 0;
  Signal watch_again_;  // an earlier alarm has come, or the end
  std::thread watch_;
};

}  // namespace tandem
