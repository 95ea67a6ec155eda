#include "tandem/duroxide_runtime/internal/dispatch/lease_keeper.h"

#include <algorithm>
#include <utility>

#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"

namespace duroxide::internal {

namespace {

bool IsFinal(StatusCode code) {
  return code == StatusCode::kLeaseLost || code == StatusCode::kInvalidArgument;
}

}  // namespace

struct LeaseKeeper::Entry {
  explicit Entry(tandem::LockToken lock_token) : token(std::move(lock_token)) {}

  const tandem::LockToken token;
  std::stop_source stop;  // thread-safe

  // Under the lock of the keeper's state.
  tandem::Timestamp renew_at;
  tandem::Timestamp deadline;
};

LeaseKeeper::Held::~Held() {
  if (entry_ == nullptr) return;
  auto state = keeper_->state_.Lock();
  std::erase(state->entries, entry_);
}

std::stop_token LeaseKeeper::Held::stop_token() const { return entry_->stop.get_token(); }

Status LeaseKeeper::Held::Renew() const { return keeper_->Renew(*entry_); }

LeaseKeeper::LeaseKeeper(tandem::Provider& provider, std::chrono::milliseconds lease,
                         Renewal renewal)
    : provider_(provider),
      lease_(lease),
      retry_after_(std::chrono::microseconds(lease) / tuning::kRenewalRetryPart) {
  if (renewal == Renewal::kInTime) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
}

LeaseKeeper::~LeaseKeeper() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

LeaseKeeper::Held LeaseKeeper::Keep(tandem::LockToken token) {
  auto entry = std::make_shared<Entry>(std::move(token));
  const tandem::Timestamp now = provider_.clock().Now();
  entry->renew_at = tandem::SaturatingAdd(now, lease_ / tuning::kRenewalPart);
  entry->deadline = tandem::SaturatingAdd(now, lease_);
  bool earlier = false;
  {
    auto state = state_.Lock();
    state->entries.push_back(entry);
    earlier = entry->renew_at < state->wake_at;
  }
  if (earlier) changed_.Notify();
  return Held(*this, std::move(entry));
}

void LeaseKeeper::Run(const std::stop_token& stop) {
  const tandem::NotifyOnStop notify(stop, changed_);
  while (!stop.stop_requested()) {
    tandem::Timestamp wake_at = tandem::kNever;
    {
      auto state = state_.Lock();
      for (const auto& entry : state->entries) wake_at = std::min(wake_at, entry->renew_at);
      state->wake_at = wake_at;
    }
    provider_.clock().WaitUntil(changed_, wake_at);
    // Without the lock: a renewal may wait for a flush, and whoever starts work must not.
    for (const auto& entry : TakeDue()) {
      static_cast<void>(Renew(*entry));  // the entry says what came of it
    }
  }
}

std::vector<std::shared_ptr<LeaseKeeper::Entry>> LeaseKeeper::TakeDue() {
  const tandem::Timestamp now = provider_.clock().Now();
  std::vector<std::shared_ptr<Entry>> due;
  auto state = state_.Lock();
  for (const auto& entry : state->entries) {
    if (entry->renew_at <= now) due.push_back(entry);
  }
  return due;
}

Status LeaseKeeper::Renew(Entry& entry) {
  const Result<tandem::Timestamp> renewed = provider_.Renew(entry.token, lease_);
  const tandem::Timestamp now = provider_.clock().Now();
  bool lost = false;
  {
    auto state = state_.Lock();
    if (renewed.ok()) {
      entry.deadline = std::max(entry.deadline, *renewed);
      entry.renew_at = now + std::max((*renewed - now) / tuning::kRenewalPart, retry_after_);
    } else {
      lost = IsFinal(renewed.status().code()) || now >= entry.deadline;
      entry.renew_at = std::min(entry.deadline, now + retry_after_);
      if (lost) entry.renew_at = tandem::kNever;
    }
  }
  if (lost) entry.stop.request_stop();  // without the lock: runs the activity's callbacks
  return renewed.status();
}

Result<bool> EndLease(tandem::Clock& clock, const LeaseKeeper::Held& lease,
                      const std::function<Status()>& end) {
  for (int attempt = 1;; ++attempt) {
    Status status = end();
    if (status.ok()) return true;
    if (status.code() == StatusCode::kLeaseLost) return false;
    if (status.code() != StatusCode::kUnavailable) return status;
    if (attempt == tuning::kEndLeaseAttemptsMax) return status;
    if (!SleepFor(clock, tuning::kEndLeaseRetryDelay, lease.stop_token())) return status;
  }
}

Result<bool> GiveBack(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                      const tandem::LockToken& token, std::chrono::milliseconds delay) {
  tandem::AbandonOptions options;
  options.count = false;
  options.delay = delay;
  return EndLease(provider.clock(), lease, [&] { return provider.Abandon(token, options); });
}

}  // namespace duroxide::internal
