#include "duroxide_runtime/internal/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/parking.h"
#include "duroxide_runtime/internal/turn_batch.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

// Errors that the same turn meets again, however often it is tried.
bool IsDeterministic(StatusCode code) {
  return code == StatusCode::kTooLarge || code == StatusCode::kInvalidArgument ||
         code == StatusCode::kCorruption || code == StatusCode::kUnsupported;
}

std::uint32_t DeliveryCount(const std::vector<tandem::Delivery>& deliveries) {
  std::uint32_t count = 1;
  for (const auto& delivery : deliveries) count = std::max(count, delivery.delivery_count);
  return count;
}

// What the status of an instance that has none says while it is parked.
InstanceStatus FallbackStatus(const TurnInput& input) {
  if (!input.history.empty() && std::holds_alternative<Started>(input.history.front().body)) {
    return StatusOfHistory(input.execution, input.history);
  }
  InstanceStatus status;
  status.created_at = input.now;
  for (const WorkItem& item : input.items) {
    if (const auto* start = std::get_if<StartItem>(&item)) status.orchestration = start->name;
  }
  return status;
}

}  // namespace

Status OrchestrationDispatcher::Handle(const std::vector<tandem::Delivery>& deliveries) {
  if (deliveries.front().group.empty()) return DropForeign(deliveries);
  return HandleInstance(deliveries);
}

Status OrchestrationDispatcher::DropForeign(const std::vector<tandem::Delivery>& deliveries) {
  for (const tandem::Delivery& delivery : deliveries) {
    const Status status = provider_.Ack(delivery.lock_token);
    if (!status.ok() && status.code() != StatusCode::kLeaseLost) return status;
    counters_.messages_dropped += 1;
    log_.Log(LogLevel::kWarning, "",
             "dropped a message without an instance from queue '" + delivery.queue + "'");
  }
  return Status::Ok();
}

Status OrchestrationDispatcher::HandleInstance(const std::vector<tandem::Delivery>& deliveries) {
  const tandem::LockToken& token = deliveries.front().lock_token;
  const LeaseKeeper::Held lease = leases_.Keep(token);
  Result<TurnInput> input = Load(deliveries);
  if (!input.ok()) {
    if (IsDeterministic(input.status().code())) {
      TurnInput nothing;
      nothing.instance = deliveries.front().group;
      nothing.now = provider_.clock().Now();
      return ParkInstance(nothing, input.status().message(), deliveries);
    }
    GiveBack(token);
    return input.status();
  }
  TurnOutcome outcome = RunTurn(*input, registry_);
  auto claims = ClaimIds(provider_, IdsToClaim(outcome));
  if (claims.ok() && !claims->taken.empty()) {
    // The code is told, in the same turn, that it can't have these ids.
    input->taken_ids = claims->taken;
    outcome = RunTurn(*input, registry_);
    claims = ClaimIds(provider_, IdsToClaim(outcome));
  }
  if (!claims.ok()) {
    GiveBack(token);
    return claims.status();
  }
  if (outcome.left > 0) {
    TakeFewer(token, deliveries.size() - outcome.left);
    return Status::Ok();
  }
  if (outcome.diagnosis) return ParkInstance(*input, *outcome.diagnosis, deliveries);
  return Store(*input, outcome, *claims, deliveries);
}

Result<TurnInput> OrchestrationDispatcher::Load(const std::vector<tandem::Delivery>& deliveries) {
  TurnInput input;
  input.instance = deliveries.front().group;
  TANDEM_ASSIGN_OR_RETURN(const InstancePlace place, FindInstance(provider_, input.instance));
  input.execution = place.execution;
  TANDEM_ASSIGN_OR_RETURN(input.history,
                          LoadHistory(provider_, input.instance, place.execution, place.head));
  TANDEM_ASSIGN_OR_RETURN(const KvChanges kv,
                          ReadKv(provider_, HomeStream(input.instance, place.first_execution), {}));
  for (const auto& [key, entry] : kv) {
    if (entry) input.kv.emplace(key, *entry);
  }
  input.items.reserve(deliveries.size());
  for (const tandem::Delivery& delivery : deliveries) {
    TANDEM_ASSIGN_OR_RETURN(
        WorkItem item, DecodeWorkItem(delivery.payload, "message " + std::to_string(delivery.id) +
                                                            " of queue '" + delivery.queue + "'"));
    input.items.push_back(std::move(item));
  }
  input.now = provider_.clock().Now();
  if (input.history.empty()) input.seed = seeds_();
  return input;
}

Status OrchestrationDispatcher::Store(const TurnInput& input, const TurnOutcome& outcome,
                                      const IdClaims& claims,
                                      const std::vector<tandem::Delivery>& deliveries) {
  const tandem::LockToken& token = deliveries.front().lock_token;
  // One token: that of the group's lease. Fused commits add those of activities (turn_batch.h).
  const std::vector<tandem::LockToken> tokens(1, token);
  const Status status = provider_.AtomicBatch(TurnBatch(input, outcome, claims, tokens)).status();
  if (status.ok()) {
    if (deliveries.size() >= messages_max_) {
      messages_max_ = std::min(2 * deliveries.size(), kTurnMessagesMax);
    }
    counters_.turns += 1;
    counters_.messages_dropped += outcome.dropped;
    LogStored(input, outcome, claims);
    return Status::Ok();
  }
  if (status.code() == StatusCode::kConflict || status.code() == StatusCode::kLeaseLost) {
    counters_.turn_conflicts += 1;
    if (status.code() == StatusCode::kConflict) GiveBack(token);
    return Status::Ok();
  }
  if (status.code() == StatusCode::kTooLarge && deliveries.size() > 1) {
    TakeFewer(token, deliveries.size() / 2);
    return Status::Ok();
  }
  if (IsDeterministic(status.code())) {
    return ParkInstance(input, "the turn can't be stored: " + status.ToString(), deliveries);
  }
  GiveBack(token);
  return status;
}

void OrchestrationDispatcher::LogStored(const TurnInput& input, const TurnOutcome& outcome,
                                        const IdClaims& claims) {
  for (const LogEntry& entry : outcome.logs) log_.Log(entry.level, input.instance, entry.text);
  if (input.history.empty() && outcome.empty()) {
    log_.Log(LogLevel::kWarning, input.instance,
             "dropped " + std::to_string(outcome.dropped) +
                 " messages: no such instance was ever started");
  }
  for (const std::string& id : claims.taken) {
    log_.Log(LogLevel::kWarning, input.instance,
             "did not start an orchestration as '" + id + "': there is an instance of that id");
  }
}

Status OrchestrationDispatcher::ParkInstance(const TurnInput& input, const std::string& diagnosis,
                                             const std::vector<tandem::Delivery>& deliveries) {
  ParkOrder order;
  order.token = deliveries.front().lock_token;
  order.delivery_count = DeliveryCount(deliveries);
  order.instance = input.instance;
  order.diagnosis = diagnosis;
  order.fallback = FallbackStatus(input);
  const Status status = Park(provider_, order);
  if (status.code() == StatusCode::kLeaseLost) return Status::Ok();
  if (!status.ok()) return status;
  counters_.parked += 1;
  log_.Log(LogLevel::kError, input.instance, diagnosis);
  return Status::Ok();
}

void OrchestrationDispatcher::TakeFewer(const tandem::LockToken& token, std::size_t messages) {
  messages_max_ = std::max<std::size_t>(messages, 1);
  GiveBack(token);
}

void OrchestrationDispatcher::GiveBack(const tandem::LockToken& token) {
  tandem::AbandonOptions options;
  options.count = false;
  // A failure is no news: the lease then ends by itself.
  static_cast<void>(provider_.Abandon(token, options));
}

}  // namespace duroxide::internal
