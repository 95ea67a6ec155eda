#include "tandem/sourcing/internal/lease_renewals.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"

namespace sourcing::internal {

using tandem::MutexLock;

LeaseRenewals::LeaseRenewals(tandem::Provider& store, std::chrono::milliseconds lease)
    : store_(store),
      lease_(lease),
      every_(tandem::SaturatingCast<std::chrono::microseconds>(lease) / 3),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {
  TANDEM_CHECK(lease > lease.zero(), "a lease takes some time");
}

LeaseRenewals::~LeaseRenewals() {
  thread_.request_stop();
  thread_.join();
}

LeaseRenewals::Held::Held(LeaseRenewals& renewals, tandem::LockToken token)
    : renewals_(renewals),
      token_(std::move(token)),
      due_(tandem::SaturatingAdd(renewals.store_.clock().Now(), renewals.every_)) {
  {
    const MutexLock lock(renewals_.mutex_);
    renewals_.held_.push_back(this);
  }
  renewals_.changed_.Notify();
}

LeaseRenewals::Held::~Held() {
  const MutexLock lock(renewals_.mutex_);
  renewals_.held_.remove(this);
}

void LeaseRenewals::Run(const std::stop_token& stop) {
  const tandem::NotifyOnStop wake_on_stop(stop, changed_);
  while (!stop.stop_requested()) {
    tandem::Timestamp next = tandem::kNever;
    std::vector<std::stop_source> lost;
    {
      const MutexLock lock(mutex_);
      next = RenewDue(lost);
    }
    // What waits for this is the user's, and runs without the lock.
    for (std::stop_source& handler : lost) handler.request_stop();
    store_.clock().WaitUntil(changed_, next);
  }
}

tandem::Timestamp LeaseRenewals::RenewDue(std::vector<std::stop_source>& lost) {
  const tandem::Timestamp now = store_.clock().Now();
  tandem::Timestamp next = tandem::kNever;
  for (Held* const held : held_) {
    if (held->lost_known_) continue;
    if (held->due_ <= now) {
      // A renewal writes nothing and waits for no flush, so it may be done under the lock. Trouble
      // of the store may pass: then the next one is in time, or finds the lease lost.
      const auto renewed = store_.Renew(held->token_, lease_);
      if (renewed.status().code() == tandem::StatusCode::kLeaseLost) {
        held->lost_known_ = true;
        lost.push_back(held->lost_);
        continue;
      }
      held->due_ = tandem::SaturatingAdd(now, every_);
    }
    next = std::min(next, held->due_);
  }
  return next;
}

}  // namespace sourcing::internal
