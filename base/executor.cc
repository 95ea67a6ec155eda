#include "base/executor.h"

#include <system_error>

namespace tandem {

Executor::Executor(Clock* clock, std::size_t threads_max)
    : clock_(clock), threads_max_(threads_max) {
  if (threads_max_ > 0) workers_.emplace_back([this] { Work(); });
}

Executor::~Executor() {
  std::vector<std::thread> workers;
  decltype(alarms_) forgotten;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    forgotten.swap(alarms_);
    due_.clear();
    workers.swap(workers_);
  }
  posted_.notify_all();
  watch_again_.Notify();
  if (watch_.joinable()) watch_.join();
  for (std::thread& worker : workers) worker.join();
}

void Executor::Post(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  // Without a further worker those that there are come to it.
  if (!stopping_ && tasks_.size() > idle_ && workers_.size() < threads_max_) TryAddWorker();
  // Under the lock: who waits for the task's end may take the executor away as soon as it has run.
  posted_.notify_one();
}

Executor::Alarm Executor::PostAt(Timestamp at, Task task) {
  const std::lock_guard lock(mutex_);
  const Alarm alarm = ++last_alarm_;
  if (stopping_) return alarm;
  if (!watch_.joinable()) watch_ = std::thread([this] { Watch(); });
  const auto [entry, inserted] = alarms_.emplace(std::pair(at, alarm), std::move(task));
  due_.emplace(alarm, at);
  if (entry == alarms_.begin()) watch_again_.Notify();
  return alarm;
}

bool Executor::Cancel(Alarm alarm) {
  decltype(alarms_)::node_type cancelled;  // destroyed after the lock is let go
  const std::lock_guard lock(mutex_);
  const auto due = due_.find(alarm);
  if (due == due_.end()) return false;
  cancelled = alarms_.extract({due->second, alarm});
  due_.erase(due);
  return true;
}

bool Executor::TryAddWorker() {
  try {
    workers_.emplace_back([this] { Work(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void Executor::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    posted_.wait(lock, [this] { return !tasks_.empty() || stopping_; });
    --idle_;
    if (tasks_.empty()) return;
    {
      // What a task has captured is destroyed outside of the lock, too: that may post again.
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
}

void Executor::Watch() {
  while (true) {
    Timestamp next = kNever;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (!alarms_.empty()) next = alarms_.begin()->first.first;
    }
    clock_->WaitUntil(watch_again_, next);
    const Timestamp now = clock_->Now();
    while (true) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (alarms_.empty() || alarms_.begin()->first.first > now) break;
        due_.erase(alarms_.begin()->first.second);
        task = std::move(alarms_.begin()->second);
        alarms_.erase(alarms_.begin());
      }
      Post(std::move(task));
    }
  }
}

}  // namespace tandem
