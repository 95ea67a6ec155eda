#include "tandem/duroxide_runtime/internal/dispatch/turn_settlement.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "tandem/duroxide_runtime/failure.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/records/status_record.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/internal/store/instance_reader.h"

namespace duroxide::internal {

namespace {

// What a verdict leaves to do: nothing, with this result, or another try.
struct Retry {
  bool from_live;
};
using AfterVerdict = std::variant<Status, Retry>;

// What the status of an instance that has none says while it is parked.
InstanceStatus FallbackStatus(tandem::Provider& provider, const std::string& instance,
                              const QueuedItems& queued) {
  if (const auto stored = LoadInstance(provider, instance); stored.ok()) {
    const History& history = stored->history;
    if (!history.empty() && std::holds_alternative<Started>(history.front().body)) {
      return StatusOfHistory(stored->place.execution, history);
    }
  }
  InstanceStatus status;
  status.created_at = provider.clock().Now();
  for (const WorkItem& item : queued.items) {
    if (const auto* start = std::get_if<StartItem>(&item)) status.orchestration = start->name;
  }
  return status;
}

}  // namespace

// --- The verdict --------------------------------------------------------------------------------

Status TurnSettlement::Settle(const std::string& instance, Causes causes, Verdict verdict) {
  int conflicts = 0;
  for (;;) {
    const AfterVerdict settled = std::visit(
        ForEachKind{[&](const Stored& /*stored*/) -> AfterVerdict {
                      parked_.Forget(instance);
                      return Status::Ok();
                    },
                    [&](const LeasesLost& lost) -> AfterVerdict {
                      counters_.turn_conflicts += 1;
                      DropLost(lost, causes);
                      if (causes.empty()) return Status::Ok();
                      return Retry{.from_live = true};  // if it was put back
                    },
                    [&](const Conflict& /*conflict*/) -> AfterVerdict {
                      counters_.turn_conflicts += 1;
                      if (++conflicts >= tuning::kTurnConflictsMax) return SetAside(causes);
                      return Retry{.from_live = false};  // it is used up, or was not true
                    },
                    [&](const TooLarge& too_large) -> AfterVerdict {
                      if (causes.size() > 1) return RunHalves(instance, std::move(causes));
                      return SetAsideForLess(causes, too_large);
                    },
                    [&](const ItemTooLarge& too_large) -> AfterVerdict {
                      return EndTooLarge(instance, causes, too_large.reason);
                    },
                    [&](const Stuck& stuck) -> AfterVerdict {
                      return SetAsideStuck(instance, causes, stuck);
                    },
                    [&](const StoreTrouble& trouble) -> AfterVerdict {
                      return SetAsideInTrouble(instance, causes, trouble);
                    }},
        verdict);
    if (const auto* status = std::get_if<Status>(&settled)) return *status;
    verdict = Try(instance, causes, std::get<Retry>(settled).from_live);
  }
}

void TurnSettlement::DropLost(const LeasesLost& lost, Causes& causes) {
  Causes rest;
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const bool is_lost = lost.which.empty() || std::ranges::find(lost.which, i) != lost.which.end();
    if (!is_lost) {
      rest.push_back(std::move(causes[i]));
    } else if (const auto* result = std::get_if<ActivityResult>(&causes[i])) {
      reporter_.NoteDropped(result->instance, result->activity);
    }
  }
  causes.swap(rest);
}

Status TurnSettlement::RunHalves(const std::string& instance, Causes causes) {
  Causes second;
  const std::size_t half = (causes.size() + 1) / 2;
  for (std::size_t i = half; i < causes.size(); ++i) second.push_back(std::move(causes[i]));
  while (causes.size() > half) causes.pop_back();
  const Status status = RunTurnOf(instance, std::move(causes));
  const Status rest = RunTurnOf(instance, std::move(second));
  return status.ok() ? rest : status;
}

Status TurnSettlement::RunTurnOf(const std::string& instance, Causes causes) {
  Verdict verdict = Try(instance, causes, /*from_live=*/true);
  return Settle(instance, std::move(causes), std::move(verdict));
}

Status TurnSettlement::EndTooLarge(const std::string& instance, const Causes& causes,
                                   const Status& too_large) {
  const Status reason = Status::TooLarge("a turn of instance '" + instance +
                                         "' can't be stored: " + too_large.message());
  const Failure poison = Failure::Of(reason, FailureCategory::kPoison);
  // As a rule the end fits; where it does not either, the instance is parked for somebody to see.
  const auto park = [&] { return SetAsideStuck(instance, causes, Stuck{reason.message()}); };
  return std::visit(
      ForEachKind{[&](const Stored& /*stored*/) {
                    parked_.Forget(instance);
                    return Status::Ok();
                  },
                  [&](const LeasesLost& /*lost*/) { return SetAside(causes); },
                  [&](const Conflict& /*conflict*/) { return SetAside(causes); },
                  [&](const TooLarge& /*again*/) { return park(); },
                  [&](const ItemTooLarge& /*again*/) { return park(); },
                  [&](const Stuck& stuck) { return SetAsideStuck(instance, causes, stuck); },
                  [&](const StoreTrouble& trouble) {
                    return SetAsideInTrouble(instance, causes, trouble);
                  }},
      turns_.Store(turns_.PrepareEnd(instance, causes, poison), causes));
}

// --- What no turn takes -------------------------------------------------------------------------

Status TurnSettlement::SetAside(const Causes& causes) {
  return SetAside(causes, [&](const QueuedItems& queued) { return GiveBackQueued(queued); });
}

Status TurnSettlement::SetAsideForLess(const Causes& causes, const TooLarge& too_large) {
  return SetAside(causes, [&](const QueuedItems& queued) {
    const std::size_t left = std::min(too_large.left, queued.items.size() - 1);
    if (left > 0) portion_.NoteTooManyMessages(queued.items.size() - left);
    return GiveBackQueued(queued);
  });
}

Status TurnSettlement::SetAsideInTrouble(const std::string& instance, const Causes& causes,
                                         const StoreTrouble& trouble) {
  return SetAside(causes, [&](const QueuedItems& queued) {
    const Status status = GiveBackQueued(queued);
    if (!status.ok()) {
      log_.Log(
          LogLevel::kWarning, instance,
          "can't give its messages back, they wait until their lease ends: " + status.ToString());
    }
    return trouble.status;
  });
}

Status TurnSettlement::SetAsideStuck(const std::string& instance, const Causes& causes,
                                     const Stuck& stuck) {
  return SetAside(causes,
                  [&](const QueuedItems& queued) { return ParkQueued(instance, stuck, queued); });
}

Status TurnSettlement::SetAside(const Causes& causes, const EndQueued& end_queued) {
  Status first_error;
  for (const TurnCause& cause : causes) {
    const auto* queued = std::get_if<QueuedItems>(&cause);
    const Status status = queued != nullptr ? end_queued(*queued)
                                            : reporter_.ReportRun(std::get<ActivityResult>(cause));
    if (!status.ok() && first_error.ok()) first_error = status;
  }
  return first_error;
}

Status TurnSettlement::GiveBackQueued(const QueuedItems& queued) {
  return GiveBack(provider_, queued.lease, queued.token).status();
}

Status TurnSettlement::ParkQueued(const std::string& instance, const Stuck& stuck,
                                  const QueuedItems& queued) {
  ParkOrder order;
  order.token = queued.token;
  order.attempt = parked_.Next(instance, queued.first, provider_.clock().Now());
  if (stuck.unregistered) {
    const UnregisteredStep step = StepOfUnregistered(order.attempt);
    if (step.hand_over) return HandOver(instance, stuck.diagnosis, queued);
    order.attempt = step.parking;
  }
  order.instance = instance;
  order.diagnosis = stuck.diagnosis;
  order.fallback = FallbackStatus(provider_, instance, queued);
  order.starts = std::ranges::any_of(
      queued.items, [](const WorkItem& item) { return std::holds_alternative<StartItem>(item); });
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), queued.lease,
                                                      [&] { return Park(provider_, order); }));
  if (!parked) return Status::Ok();
  counters_.parked += 1;
  log_.Log(LogLevel::kError, instance, stuck.diagnosis);
  return Status::Ok();
}

Status TurnSettlement::HandOver(const std::string& instance, const std::string& diagnosis,
                                const QueuedItems& queued) {
  TANDEM_ASSIGN_OR_RETURN(const bool given_back,
                          GiveBack(provider_, queued.lease, queued.token, tuning::kHandOverDelay));
  if (!given_back) return Status::Ok();
  counters_.handed_over += 1;
  log_.Log(LogLevel::kDebug, instance, "handed over to other runtimes: " + diagnosis);
  return Status::Ok();
}

Status TurnSettlement::DropForeign(std::span<const tandem::Delivery> deliveries) {
  for (const tandem::Delivery& delivery : deliveries) {
    const Status status = provider_.Ack(delivery.lock_token);
    if (!status.ok() && status.code() != StatusCode::kLeaseLost) return status;
    counters_.messages_dropped += 1;
    log_.Log(LogLevel::kWarning, "",
             "dropped a message without an instance from queue '" + delivery.queue + "'");
  }
  return Status::Ok();
}

}  // namespace duroxide::internal
