#include "duroxide_runtime/internal/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "duroxide_runtime/internal/instance_store.h"
#include "duroxide_runtime/internal/poison.h"
#include "duroxide_runtime/internal/turn_batch.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

// Errors that the same turn meets again, however often it is tried.
bool IsDeterministic(StatusCode code) {
  return code == StatusCode::kTooLarge || code == StatusCode::kInvalidArgument ||
         code == StatusCode::kCorruption || code == StatusCode::kUnsupported;
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

std::uint32_t OrchestrationDispatcher::Work::delivery_count() const {
  std::uint32_t count = 1;
  for (const auto& delivery : deliveries) count = std::max(count, delivery.delivery_count);
  return count;
}

Status OrchestrationDispatcher::Handle(const std::vector<tandem::Delivery>& deliveries) {
  if (deliveries.front().group.empty()) return DropForeign(deliveries);
  const LeaseKeeper::Held lease = leases_.Keep(deliveries.front().lock_token);
  return HandleInstance(Work{deliveries, lease});
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

Status OrchestrationDispatcher::HandleInstance(const Work& work) {
  Result<TurnInput> input = Load(work.deliveries);
  if (!input.ok()) {
    if (!IsDeterministic(input.status().code())) return GiveBackAfter(input.status(), work);
    TurnInput nothing;
    nothing.instance = work.instance();
    nothing.now = provider_.clock().Now();
    return ParkInstance(nothing, input.status().message(), work);
  }
  if (work.delivery_count() > max_deliveries_) return EndPoisoned(*input, work);
  return RunAndStore(*input, work);
}

Status OrchestrationDispatcher::RunAndStore(TurnInput& input, const Work& work) {
  TurnOutcome outcome = RunTurn(input, registry_);
  auto claims = ClaimIds(provider_, IdsToClaim(outcome));
  if (claims.ok() && !claims->taken.empty()) {
    // The code is told, in the same turn, that it can't have these ids.
    input.taken_ids = claims->taken;
    outcome = RunTurn(input, registry_);
    claims = ClaimIds(provider_, IdsToClaim(outcome));
  }
  if (!claims.ok()) return GiveBackAfter(claims.status(), work);
  if (outcome.left > 0) return TakeFewer(work, work.deliveries.size() - outcome.left);
  if (outcome.diagnosis) return ParkInstance(input, *outcome.diagnosis, work);
  return Store(input, outcome, *claims, work).status();
}

Status OrchestrationDispatcher::EndPoisoned(const TurnInput& input, const Work& work) {
  const Failure failure =
      PoisonFailure("instance '" + input.instance + "'", work.delivery_count(), max_deliveries_);
  const TurnOutcome outcome = PoisonTurn(input, registry_, failure);
  if (outcome.diagnosis) return ParkInstance(input, *outcome.diagnosis, work);
  TANDEM_ASSIGN_OR_RETURN(const bool stored, Store(input, outcome, IdClaims(), work));
  if (!stored || outcome.empty()) return Status::Ok();  // empty: it had finished
  counters_.poisoned += 1;
  log_.Log(LogLevel::kError, input.instance, failure.message);
  return Status::Ok();
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

Result<bool> OrchestrationDispatcher::Store(const TurnInput& input, const TurnOutcome& outcome,
                                            const IdClaims& claims, const Work& work) {
  const std::size_t messages = work.deliveries.size();
  // One token: that of the group's lease. Fused commits add those of activities (turn_batch.h).
  const std::vector<tandem::LockToken> tokens(1, work.token());
  const Status status = provider_.AtomicBatch(TurnBatch(input, outcome, claims, tokens)).status();
  if (status.ok()) {
    if (messages >= messages_max_) messages_max_ = std::min(2 * messages, kTurnMessagesMax);
    parked_.Forget(input.instance);
    counters_.turns += 1;
    counters_.messages_dropped += outcome.dropped;
    LogStored(input, outcome, claims);
    return true;
  }
  Status ended;  // of the lease
  if (status.code() == StatusCode::kLeaseLost) {
    counters_.turn_conflicts += 1;
  } else if (status.code() == StatusCode::kConflict) {
    counters_.turn_conflicts += 1;
    ended = GiveBack(provider_, work.lease, work.token()).status();
  } else if (status.code() == StatusCode::kTooLarge && messages > 1) {
    ended = TakeFewer(work, messages / 2);
  } else if (IsDeterministic(status.code())) {
    ended = ParkInstance(input, "the turn can't be stored: " + status.ToString(), work);
  } else {
    ended = GiveBackAfter(status, work);
  }
  if (!ended.ok()) return ended;
  return false;
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
                                             const Work& work) {
  ParkOrder order;
  order.token = work.token();
  order.attempt = parked_.Next(input.instance);
  order.instance = input.instance;
  order.diagnosis = diagnosis;
  order.fallback = FallbackStatus(input);
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), work.lease,
                                                      [&] { return Park(provider_, order); }));
  if (!parked) return Status::Ok();
  counters_.parked += 1;
  log_.Log(LogLevel::kError, input.instance, diagnosis);
  return Status::Ok();
}

Status OrchestrationDispatcher::TakeFewer(const Work& work, std::size_t messages) {
  messages_max_ = std::max<std::size_t>(messages, 1);
  return GiveBack(provider_, work.lease, work.token()).status();
}

Status OrchestrationDispatcher::GiveBackAfter(const Status& reason, const Work& work) {
  const Status status = GiveBack(provider_, work.lease, work.token()).status();
  if (status.ok()) return reason;
  log_.Log(LogLevel::kWarning, work.instance(),
           "can't give its messages back, they wait until their lease ends: " + status.ToString());
  return reason;
}

}  // namespace duroxide::internal
