#include "tandem/base/executor.h"

#include <exception>
#include <optional>
#include <utility>

#include "tandem/base/check.h"

namespace tandem {

namespace {

// The executor whose worker this thread is.
thread_local const Executor* executor_of_this_thread = nullptr;

}  // namespace

class Executor::OwnedTask final : public Work {
 public:
  explicit OwnedTask(Task task) : task_(std::move(task)) {}

  void Run() override {
    const std::unique_ptr<OwnedTask> self(this);
    task_();
  }

 private:
  const Task task_;
};

Executor::Executor(Clock* clock, std::size_t threads_max)
    : clock_(clock), threads_max_(threads_max) {
  if (threads_max_ == 0) return;
  {
    const MutexLock lock(mutex_);  // which the first worker asks at once how many there are
    workers_.reserve(threads_max_);
    workers_.emplace_back([this] { RunWork(); });
  }
  if (clock_ == nullptr) return;
  try {
    watch_ = std::thread([this] { Watch(); });
  } catch (...) {
    Join();
    throw;
  }
}

Executor::~Executor() { Close(); }

void Executor::Close() {
  TANDEM_CHECK(!RunsThisThread(), "an executor is destroyed by one of its own tasks");
  std::map<std::pair<Timestamp, Alarm>, std::unique_ptr<OwnedTask>> forgotten;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    forgotten.swap(alarms_);
    due_.clear();
  }
  Join();
}

void Executor::Join() {
  std::vector<std::thread> workers;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
  }
  posted_.NotifyAll();
  watch_again_.Notify();
  if (watch_.joinable()) watch_.join();
  for (std::thread& worker : workers) worker.join();
  const MutexLock lock(mutex_);
  closed_ = true;
}

void Executor::AwaitIdle() {
  TANDEM_REQUIRE(!RunsThisThread(), "a task that waits for itself would wait forever");
  const MutexLock lock(mutex_);
  while (first_ != nullptr || idle_ != workers_.size()) all_idle_.Wait(mutex_);
}

bool Executor::RunsThisThread() const { return executor_of_this_thread == this; }

void Executor::Post(Work& work) noexcept {
  const MutexLock lock(mutex_);
  TANDEM_REQUIRE(!closed_, "what is posted after Close would never run");
  TANDEM_REQUIRE(!std::exchange(work.posted_, true), "a task is posted once at a time");
  work.next_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_) = &work;
  last_ = &work;
  ++waiting_;
  // Without a further worker those that there are come to it.
  if (!stopping_ && waiting_ > idle_ && workers_.size() < threads_max_) AddWorkerIfItCan();
  // Under the lock: who waits for the task's end may take the executor away as soon as it has run.
  posted_.NotifyOne();
}

void Executor::Post(Task task) {
  auto owned = std::make_unique<OwnedTask>(std::move(task));
  Post(*owned.release());
}

Executor::Alarm Executor::PostAt(Timestamp at, Task task) {
  TANDEM_CHECK(clock_ != nullptr, "an executor without a clock has no alarms");
  auto owned = std::make_unique<OwnedTask>(std::move(task));
  const MutexLock lock(mutex_);
  const Alarm alarm = ++last_alarm_;
  if (stopping_) return alarm;
  const auto due = due_.emplace(alarm, at).first;
  try {
    const auto entry = alarms_.emplace(std::pair(at, alarm), std::move(owned)).first;
    if (entry == alarms_.begin()) watch_again_.Notify();
  } catch (...) {
    due_.erase(due);
    throw;
  }
  return alarm;
}

bool Executor::Cancel(Alarm alarm) {
  decltype(alarms_)::node_type cancelled;  // destroyed after the lock is let go
  const MutexLock lock(mutex_);
  const auto due = due_.find(alarm);
  if (due == due_.end()) return false;
  cancelled = alarms_.extract({due->second, alarm});
  due_.erase(due);
  return true;
}

void Executor::AddWorkerIfItCan() {
  try {
    workers_.emplace_back([this] { RunWork(); });
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // No thread, or no memory for one: those that there are go on.
  }
}

void Executor::RunWork() {
  executor_of_this_thread = this;
  mutex_.Lock();
  while (true) {
    ++idle_;
    if (first_ == nullptr && idle_ == workers_.size()) all_idle_.NotifyAll();
    while (first_ == nullptr && !stopping_) posted_.Wait(mutex_);
    --idle_;
    if (first_ == nullptr) break;
    Work* const work = std::exchange(first_, first_->next_);
    work->posted_ = false;  // before it runs: it may post itself again, or be gone then
    --waiting_;
    // The captures of a task are destroyed outside of the lock, too: that may post again.
    mutex_.Unlock();
    work->Run();  // an exception ends the process
    mutex_.Lock();
  }
  mutex_.Unlock();
}

void Executor::Watch() {
  while (true) {
    std::optional<Timestamp> next;
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      if (!alarms_.empty()) next = alarms_.begin()->first.first;
    }
    if (next.has_value()) {
      clock_->WaitUntil(watch_again_, *next);
    } else {
      watch_again_.Wait();
    }
    const Timestamp now = clock_->Now();
    while (true) {
      std::unique_ptr<OwnedTask> task;
      {
        const MutexLock lock(mutex_);
        if (alarms_.empty() || alarms_.begin()->first.first > now) break;
        due_.erase(alarms_.begin()->first.second);
        task = std::move(alarms_.begin()->second);
        alarms_.erase(alarms_.begin());
      }
      Post(*task.release());
    }
  }
}

}  // namespace tandem
