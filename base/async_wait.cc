#include "tandem/base/async_wait.h"

#include "tandem/base/out_of_memory.h"

namespace tandem {

bool AsyncWait::closing() const { return owner_->closing_; }
bool AsyncWait::broken() const { return owner_->broken_; }

void AsyncWait::Notify() {
  State state = state_;
  while (true) {
    switch (state) {
      case State::kIdle:
        if (!state_.compare_exchange_weak(state, State::kPosted)) continue;
        owner_->executor_->Post(*this);  // `owner_` keeps it until it is done
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

void AsyncWait::Run() {
  const std::shared_ptr<AsyncWait> self = shared_from_this();
  state_ = State::kStepping;
  if (!on_stop_.has_value()) on_stop_.emplace(stop_, *this);
  owner_->executor_->Cancel(std::exchange(alarm_, 0));
  if (!TryStep().has_value()) {
    on_stop_.reset();
    state_ = State::kDone;
    owner_->Finished(self);
    return;
  }
  State stepping = State::kStepping;
  if (state_.compare_exchange_strong(stepping, State::kIdle)) return;
  state_ = State::kPosted;
  owner_->executor_->Post(*this);
}

std::optional<Timestamp> AsyncWait::TryStep() {
  try {
    const std::optional<Timestamp> until = Step();
    if (until.has_value() && *until != kNever) {
      const auto wake = [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->Notify();
      };
      alarm_ = owner_->executor_->PostAt(*until, wake);
    }
    return until;
  } catch (...) {
    owner_->Break();
    Fail(StatusOfException());
    return std::nullopt;
  }
}

void AsyncWaits::Close() {
  closing_ = true;
  const MutexLock lock(mutex_);
  for (const auto& wait : waits_) wait->Notify();  // which posts it, and no more
  while (!waits_.empty()) finished_.Wait(mutex_);
}

void AsyncWaits::Start(const std::shared_ptr<AsyncWait>& wait) {
  wait->owner_ = this;
  {
    const MutexLock lock(mutex_);
    waits_.insert(wait);
  }
  wait->Notify();
}

void AsyncWaits::Finished(const std::shared_ptr<AsyncWait>& wait) {
  const MutexLock lock(mutex_);
  waits_.erase(wait);
  if (waits_.empty()) finished_.NotifyAll();
}

}  // namespace tandem
