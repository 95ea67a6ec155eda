#include "base/async_wait.h"

#include <vector>

namespace tandem {

bool AsyncWait::closing() const { return owner_->closing_; }

void AsyncWait::Notify() {
  State state = state_;
  while (true) {
    switch (state) {
      case State::kIdle:
        if (!state_.compare_exchange_weak(state, State::kPosted)) continue;
        Post();
        return;
      case State::kStepping:
        if (!state_.compare_exchange_weak(state, State::kNotifiedWhileStepping)) continue;
        return;
      case State::kPosted:
      case State::kNotifiedWhileStepping:
      case State::kDone:
        return;
    }
  }
}

void AsyncWait::Post() {
  owner_->executor_->Post([self = shared_from_this()] { self->Run(); });
}

void AsyncWait::Run() {
  state_ = State::kStepping;
  if (!on_stop_.has_value()) on_stop_.emplace(stop_, *this);
  owner_->executor_->Cancel(std::exchange(alarm_, 0));
  const std::optional<Timestamp> until = Step();
  if (!until.has_value()) {
    on_stop_.reset();
    state_ = State::kDone;
    owner_->Finished(shared_from_this());
    return;
  }
  if (*until != kNever) {
    const auto wake = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Notify();
    };
    alarm_ = owner_->executor_->PostAt(*until, wake);
  }
  State stepping = State::kStepping;
  if (state_.compare_exchange_strong(stepping, State::kIdle)) return;
  state_ = State::kPosted;
  Post();
}

void AsyncWaits::Close() {
  closing_ = true;
  std::unique_lock lock(mutex_);
  // Outside of the lock: a step that ends meanwhile takes it.
  const std::vector<std::shared_ptr<AsyncWait>> waits(waits_.begin(), waits_.end());
  lock.unlock();
  for (const auto& wait : waits) wait->Notify();
  lock.lock();
  finished_.wait(lock, [this] { return waits_.empty(); });
  lock.unlock();  // before `waits`, maybe the last owner of what its callbacks have captured, dies
}

void AsyncWaits::Start(const std::shared_ptr<AsyncWait>& wait) {
  wait->owner_ = this;
  {
    const std::lock_guard lock(mutex_);
    waits_.insert(wait);
  }
  wait->Notify();
}

void AsyncWaits::Finished(const std::shared_ptr<AsyncWait>& wait) {
  const std::lock_guard lock(mutex_);
  waits_.erase(wait);
  if (waits_.empty()) finished_.notify_all();
}

}  // namespace tandem
