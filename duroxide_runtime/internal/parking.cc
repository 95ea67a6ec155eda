#include "duroxide_runtime/internal/parking.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/pull_loop.h"

namespace duroxide::internal {

namespace {

// A turn of the instance may change the status in between; then it is read again.
constexpr int kAttemptsMax = 4;

constexpr int kEndAttemptsMax = 5;
constexpr std::chrono::milliseconds kEndRetryDelay{100};

// The batch that parks; the status is guarded by its bytes, so a newer one is never overwritten.
Result<std::vector<tandem::Operation>> ParkBatch(tandem::Provider& provider,
                                                 const ParkOrder& order) {
  std::vector<tandem::Operation> batch;
  tandem::AbandonMessages abandon;
  abandon.lock_token = order.token;
  abandon.delay = ParkDelay(order.attempt);
  abandon.count = order.count;
  batch.emplace_back(std::move(abandon));

  TANDEM_ASSIGN_OR_RETURN(const std::optional<StoredStatus> stored,
                          ReadStatus(provider, order.instance));
  InstanceStatus status = order.fallback;
  std::optional<std::string> guard;
  std::uint64_t first_execution = kFirstExecution;
  if (stored) {
    status = stored->status;
    guard = stored->bytes;
    first_execution = stored->first_execution;
  } else {
    TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider, order.instance));
    if (place.head == 0 && !order.starts) return batch;
    first_execution = place.first_execution;
  }
  if (status.finished() || status.diagnosis == order.diagnosis) return batch;
  status.diagnosis = order.diagnosis;
  status.updated_at = provider.clock().Now();
  batch.emplace_back(tandem::CheckMetadata{HomeStream(order.instance, first_execution),
                                           std::string(kStatusKey), std::move(guard)});
  batch.emplace_back(SetStatus(order.instance, first_execution, status));
  return batch;
}

}  // namespace

std::chrono::milliseconds ParkDelay(std::uint32_t attempt) {
  constexpr std::chrono::milliseconds kFirst{1'000};
  constexpr std::chrono::milliseconds kMax{60'000};
  constexpr std::uint32_t kDoublingsMax = 6;  // 64 s: past the maximum
  const std::uint32_t doublings = std::min(std::max(attempt, 1u) - 1, kDoublingsMax);
  return std::min(kMax, kFirst * (1 << doublings));
}

std::uint32_t Backoffs::Next(const std::string& name) {
  auto attempts = attempts_.Lock();
  if (attempts->size() >= kBackoffsMax && !attempts->contains(name)) {
    const auto next = attempts->lower_bound(name);
    attempts->erase(next == attempts->begin() ? next : std::prev(next));
  }
  return ++(*attempts)[name];
}

void Backoffs::Forget(const std::string& name) { attempts_.Lock()->erase(name); }

tandem::Status Park(tandem::Provider& provider, const ParkOrder& order) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    auto batch = ParkBatch(provider, order);
    if (!batch.ok()) break;  // an unreadable status does not keep the message
    const Status status = provider.AtomicBatch(*std::move(batch)).status();
    if (status.code() != tandem::StatusCode::kConflict) return status;
  }
  tandem::AbandonOptions options;
  options.delay = ParkDelay(order.attempt);
  options.count = order.count;
  return provider.Abandon(order.token, options);
}

tandem::Result<bool> EndLease(tandem::Clock& clock, const LeaseKeeper::Held& lease,
                              const std::function<tandem::Status()>& end) {
  for (int attempt = 1;; ++attempt) {
    tandem::Status status = end();
    if (status.ok()) return true;
    if (status.code() == tandem::StatusCode::kLeaseLost) return false;
    if (status.code() != tandem::StatusCode::kUnavailable) return status;
    if (attempt == kEndAttemptsMax) return status;
    if (!SleepFor(clock, kEndRetryDelay, lease.stop_token())) return status;
  }
}

tandem::Result<bool> GiveBack(tandem::Provider& provider, const LeaseKeeper::Held& lease,
                              const tandem::LockToken& token) {
  tandem::AbandonOptions options;
  options.count = false;
  return EndLease(provider.clock(), lease, [&] { return provider.Abandon(token, options); });
}

}  // namespace duroxide::internal
