#include "tandem/duroxide_runtime/internal/dispatch/parking.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/store/instance_operations.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"
#include "tandem/duroxide_runtime/internal/store/layout.h"

namespace duroxide::internal {

namespace {

// The batch that parks; the status is guarded by its bytes, so a newer one is never overwritten.
Result<tandem::Batch> ParkBatch(tandem::Provider& provider, const ParkOrder& order) {
  tandem::Batch batch;
  tandem::AbandonMessages abandon;
  abandon.lock_token = order.token;
  abandon.delay = ParkDelay(order.attempt);
  abandon.count = order.count;
  batch.Add(std::move(abandon));

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
  batch.Add(tandem::CheckMetadata{HomeStream(order.instance, first_execution),
                                  std::string(kStatusKey), std::move(guard)});
  batch.Add(SetStatus(order.instance, first_execution, status));
  return batch;
}

}  // namespace

std::chrono::milliseconds ParkDelay(std::uint32_t attempt) {
  constexpr std::uint32_t kDoublingsMax = 6;
  static_assert(tuning::kParkDelayFirst * (1 << kDoublingsMax) >= tuning::kParkDelayMax);
  const std::uint32_t doublings = std::min(std::max(attempt, 1u) - 1, kDoublingsMax);
  return std::min(tuning::kParkDelayMax, tuning::kParkDelayFirst * (1 << doublings));
}

UnregisteredStep StepOfUnregistered(std::uint32_t attempt) {
  constexpr std::uint32_t kRound = tuning::kHandOversInARow + 1;
  return {attempt % kRound != 0, attempt / kRound};
}

std::uint32_t Backoffs::Next(const std::string& name, std::uint64_t message,
                             tandem::Timestamp now) {
  const auto state = state_.Lock();
  Entry entry{name, message, 0, now};
  if (const auto found = state->entries.find(name); found != state->entries.end()) {
    if (found->second->message == message) entry.attempts = found->second->attempts;
    state->order.erase(found->second);
    state->entries.erase(found);
  }
  while (!state->order.empty() &&
         (state->order.size() >= tuning::kBackoffNamesMax ||
          tandem::SaturatingAdd(state->order.front().last, tuning::kBackoffForgetAfter) <= now)) {
    state->entries.erase(state->order.front().name);
    state->order.pop_front();
  }
  entry.attempts += 1;
  state->order.push_back(std::move(entry));
  state->entries.emplace(name, std::prev(state->order.end()));
  return state->order.back().attempts;
}

void Backoffs::Forget(const std::string& name) {
  const auto state = state_.Lock();
  const auto found = state->entries.find(name);
  if (found == state->entries.end()) return;
  state->order.erase(found->second);
  state->entries.erase(found);
}

Status Park(tandem::Provider& provider, const ParkOrder& order) {
  for (int attempt = 0; attempt < tuning::kParkAttemptsMax; ++attempt) {
    auto batch = ParkBatch(provider, order);
    if (!batch.ok()) break;  // an unreadable status does not keep the message
    const Status status = provider.AtomicBatch(*std::move(batch)).status();
    if (status.code() != StatusCode::kConflict) return status;
  }
  tandem::AbandonOptions options;
  options.delay = ParkDelay(order.attempt);
  options.count = order.count;
  return provider.Abandon(order.token, options);
}

}  // namespace duroxide::internal
