#include "duroxide_runtime/internal/dispatch/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "duroxide_runtime/internal/dispatch/tuning.h"
#include "duroxide_runtime/internal/engine/failure.h"
#include "duroxide_runtime/internal/engine/poison.h"
#include "duroxide_runtime/internal/records/status_record.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

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

const QueuedItems* Queued(const TurnCause& cause) { return std::get_if<QueuedItems>(&cause); }

// A task that is due later, unless this goes away before.
class ScheduledHelp {
 public:
  ScheduledHelp(tandem::Executor& helpers, tandem::Timestamp at, tandem::Executor::Task task)
      : helpers_(helpers), alarm_(helpers.PostAt(at, std::move(task))) {}
  ~ScheduledHelp() { helpers_.Cancel(alarm_); }
  ScheduledHelp(const ScheduledHelp&) = delete;
  ScheduledHelp& operator=(const ScheduledHelp&) = delete;

 private:
  tandem::Executor& helpers_;
  const tandem::Executor::Alarm alarm_;
};

// What a verdict leaves to do: nothing, with this result, or another try.
struct Retry {
  bool from_live;
};
using AfterVerdict = std::variant<Status, Retry>;

// Results first, so that what a turn has no room for is a matter of the queue.
void ResultsFirst(std::vector<TurnCause>& causes) {
  std::vector<TurnCause> ordered;
  ordered.reserve(causes.size());
  for (const bool queued : {false, true}) {
    for (TurnCause& cause : causes) {
      if ((Queued(cause) != nullptr) == queued) ordered.push_back(std::move(cause));
    }
  }
  causes.swap(ordered);
}

}  // namespace

// --- What comes in ------------------------------------------------------------------------------

Status OrchestrationDispatcher::Handle(std::vector<tandem::Delivery> deliveries) {
  std::size_t asked = messages_max_;
  const bool all_asked = deliveries.size() >= asked;
  const Status trouble = TakeTrouble();
  const Ran ran = RunInstances(std::make_shared<DequeuedInstances>(std::move(deliveries)));
  portion_.Note(ran.instances, ran.code);
  // Unless one of these turns, or one elsewhere, was too large.
  if (all_asked) {
    messages_max_.compare_exchange_strong(
        asked, std::min(tuning::kPortionFactor * asked, kTurnMessagesMax));
  }
  return trouble.ok() ? ran.first_error : trouble;
}

OrchestrationDispatcher::Ran OrchestrationDispatcher::RunInstances(
    const std::shared_ptr<DequeuedInstances>& instances) {
  Ran all;
  const auto note = [&all](const Status& status) {
    if (all.first_error.ok()) all.first_error = status;
  };
  std::optional<ScheduledHelp> help;
  for (Deliveries next = instances->Take(); !next.empty(); next = instances->Take()) {
    const bool more_to_do = !instances->empty();
    if (more_to_do && !help && options_.threads > 0) {
      help.emplace(
          helpers_, tandem::SaturatingAdd(provider_.clock().Now(), tuning::kHelpAfter),
          [this, instances, running = std::make_shared<RunningWork::Piece>(running_.Begin())] {
            const Status status = RunInstances(instances).first_error;
            if (!status.ok()) LeaveTrouble(status);
          });
    }
    // Only now: what is taken after a turn that does not end has to be free for others.
    Result<std::optional<TurnInbox::Runner>> runner = Accept(next);
    note(runner.status());
    all.instances += 1;
    if (!runner.ok() || !*runner) continue;
    const Ran ran = RunTurns(**std::move(runner), more_to_do);
    note(ran.first_error);
    all.code += ran.code;
  }
  return all;
}

Result<std::optional<TurnInbox::Runner>> OrchestrationDispatcher::Accept(Deliveries deliveries) {
  const std::string& instance = deliveries.front().group;
  if (instance.empty()) {
    TANDEM_RETURN_IF_ERROR(DropForeign(deliveries));
    return std::optional<TurnInbox::Runner>();
  }
  QueuedItems queued{{},
                     deliveries.front().lock_token,
                     leases_.Keep(deliveries.front().lock_token),
                     deliveries.front().id};
  for (const tandem::Delivery& delivery : deliveries) {
    queued.delivery_count = std::max(queued.delivery_count, delivery.delivery_count);
    Result<WorkItem> item = DecodeWorkItem(delivery.payload, WhereOf(delivery));
    if (!item.ok()) {
      TANDEM_RETURN_IF_ERROR(ParkQueued(instance, Stuck{item.status().message()}, queued));
      return std::optional<TurnInbox::Runner>();
    }
    queued.items.push_back(*std::move(item));
  }
  TurnCause cause(std::move(queued));
  return inbox_.Offer(instance, cause).runner;
}

Status OrchestrationDispatcher::DropForeign(Deliveries deliveries) {
  for (const tandem::Delivery& delivery : deliveries) {
    const Status status = provider_.Ack(delivery.lock_token);
    if (!status.ok() && status.code() != StatusCode::kLeaseLost) return status;
    counters_.messages_dropped += 1;
    log_.Log(LogLevel::kWarning, "",
             "dropped a message without an instance from queue '" + delivery.queue + "'");
  }
  return Status::Ok();
}

Status OrchestrationDispatcher::Complete(ActivityResult result, bool may_fuse) {
  // With one delivery at most, a turn that kills the process would make the activity poison.
  if (!options_.fused_commits || !may_fuse || options_.max_deliveries < 2) {
    return ReportAlone(result);
  }
  const std::string instance = result.instance;
  TurnCause cause(std::move(result));
  TurnInbox::Offered offered = inbox_.Offer(instance, cause);
  if (!offered.runner) {
    return offered.taken ? Status::Ok() : ReportAlone(std::get<ActivityResult>(cause));
  }
  const Status trouble = TakeTrouble();
  const Status status = RunTurns(*std::move(offered.runner), /*more_to_do=*/false).first_error;
  return trouble.ok() ? status : trouble;
}

std::optional<Status> OrchestrationDispatcher::Start(const NewInstance& instance) {
  if (!options_.fused_commits) return std::nullopt;
  const std::optional<RunningWork::Piece> running = running_.BeginStart();
  if (!running) return std::nullopt;
  std::optional<TurnInbox::Runner> runner = inbox_.Begin(instance.instance);
  if (!runner) return std::nullopt;
  Result<std::optional<PreparedTurn>> turn = turns_.PrepareStart(instance);
  if (!turn.ok()) return turn.status();
  std::optional<Status> status;
  if (*turn) {
    status = provider_.AtomicBatch(std::move((*turn)->batch)).status();
    if (status->ok()) {
      parked_.Forget(instance.instance);
      turns_.Answered(*std::move(*turn), {}, *status);
    }
    // Too large for one batch, e.g. together with its start.
    if (IsDeterministic(status->code())) status = std::nullopt;
  }
  // What has come meanwhile is work of the runtime, and none of the caller's.
  if (!runner->Release()) {
    HandOn(Detached{running_.Begin(), *std::move(runner), Causes(), PreparedTurn()});
  }
  return status;
}

// --- Turns --------------------------------------------------------------------------------------

OrchestrationDispatcher::Ran OrchestrationDispatcher::RunTurns(TurnInbox::Runner runner,
                                                               bool more_to_do) {
  const std::string instance = runner.instance();
  Ran ran;
  const auto note = [&ran](const Status& status) {
    if (ran.first_error.ok()) ran.first_error = status;
  };
  for (int turns = 0; turns < tuning::kTurnsInARowMax && !running_.stopped(); ++turns) {
    Causes causes = runner.Next(kTurnMessagesMax);
    if (causes.empty()) return ran;
    ResultsFirst(causes);
    const tandem::Timestamp begin = provider_.clock().Now();
    TurnProcessor::Prepared prepared = turns_.Prepare(instance, causes, /*from_live=*/true);
    ran.code += provider_.clock().Now() - begin;
    auto* turn = std::get_if<PreparedTurn>(&prepared);
    const bool too_many_wait = storing_.fetch_add(1) >= tuning::kStoringThreads;
    if (turn != nullptr && (more_to_do || too_many_wait) && MayDetach()) {
      storing_ -= 1;
      Detach(std::move(runner), std::move(causes), std::move(*turn));
      return ran;
    }
    Verdict verdict = turns_.Store(std::move(prepared), causes);
    storing_ -= 1;
    note(Settle(instance, std::move(causes), std::move(verdict)));
  }
  // Somebody else runs what comes from now on, so that what is set aside can't come back here; or
  // it is for another runtime, since this one ends.
  const Causes rest = runner.End();
  if (!rest.empty()) note(SetAside(rest));
  return ran;
}

Status OrchestrationDispatcher::Settle(const std::string& instance, Causes causes,
                                       Verdict verdict) {
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

void OrchestrationDispatcher::DropLost(const LeasesLost& lost, Causes& causes) {
  Causes rest;
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const bool is_lost = lost.which.empty() || std::ranges::find(lost.which, i) != lost.which.end();
    if (!is_lost) {
      rest.push_back(std::move(causes[i]));
    } else if (const auto* result = std::get_if<ActivityResult>(&causes[i])) {
      reporter_.NoteDropped(*result);
    }
  }
  causes.swap(rest);
}

Status OrchestrationDispatcher::RunHalves(const std::string& instance, Causes causes) {
  Causes second;
  const std::size_t half = (causes.size() + 1) / 2;
  for (std::size_t i = half; i < causes.size(); ++i) second.push_back(std::move(causes[i]));
  while (causes.size() > half) causes.pop_back();
  const Status status = RunTurnOf(instance, std::move(causes));
  const Status rest = RunTurnOf(instance, std::move(second));
  return status.ok() ? rest : status;
}

Status OrchestrationDispatcher::RunTurnOf(const std::string& instance, Causes causes) {
  Verdict verdict = Try(instance, causes, /*from_live=*/true);
  return Settle(instance, std::move(causes), std::move(verdict));
}

Status OrchestrationDispatcher::EndTooLarge(const std::string& instance, const Causes& causes,
                                            const Status& too_large) {
  const Status reason = Status::TooLarge("a turn of instance '" + instance +
                                         "' can't be stored: " + too_large.message());
  const Failure poison = Failure::Of(reason, FailureCategory::kPoison);
  // As a rule the end fits; where it does not either, the instance is parked for somebody to see.
  return std::visit(
      ForEachKind{[&](const Stored& /*stored*/) {
                    parked_.Forget(instance);
                    return Status::Ok();
                  },
                  [&](const LeasesLost& /*lost*/) { return SetAside(causes); },
                  [&](const Conflict& /*conflict*/) { return SetAside(causes); },
                  [&](const TooLarge& /*again*/) {
                    return SetAsideStuck(instance, causes, Stuck{reason.message()});
                  },
                  [&](const ItemTooLarge& /*again*/) {
                    return SetAsideStuck(instance, causes, Stuck{reason.message()});
                  },
                  [&](const Stuck& stuck) { return SetAsideStuck(instance, causes, stuck); },
                  [&](const StoreTrouble& trouble) {
                    return SetAsideInTrouble(instance, causes, trouble);
                  }},
      turns_.Store(turns_.PrepareEnd(instance, causes, poison), causes));
}

// --- Turns that are stored while no thread waits ------------------------------------------------

void OrchestrationDispatcher::Detach(TurnInbox::Runner runner, Causes causes, PreparedTurn turn) {
  detached_ += 1;
  std::vector<tandem::Operation> batch = std::move(turn.batch);
  auto shared = std::make_shared<Detached>(
      Detached{running_.Begin(), std::move(runner), std::move(causes), std::move(turn)});
  provider_.AtomicBatchAsync(std::move(batch), tandem::BatchOptions(),
                             [this, shared](const Result<tandem::BatchResult>& result) {
                               detached_ -= 1;
                               Conclude(std::move(*shared), result.status());
                             });
}

void OrchestrationDispatcher::Conclude(Detached detached, const Status& status) {
  if (status.ok() && !TurnProcessor::HasNews(detached.turn)) {
    turns_.Answered(std::move(detached.turn), detached.causes, status);
    parked_.Forget(detached.runner.instance());
    detached.causes.clear();
    if (detached.runner.Release()) return;
  }
  HandOn(std::move(detached), status);
}

void OrchestrationDispatcher::HandOn(Detached detached, const Status& status) {
  auto rest = std::make_shared<Detached>(std::move(detached));
  executor_.Post([this, rest, status] { Resume(std::move(*rest), status); });
}

void OrchestrationDispatcher::Resume(Detached detached, const Status& status) {
  const std::string instance = detached.runner.instance();
  Status first_error;
  if (!detached.causes.empty()) {
    Verdict verdict;
    if (status.code() == StatusCode::kUnsupported) {
      // The provider has no asynchronous batches: never again, and this turn once more.
      can_detach_ = false;
      const PreparedTurn undone = std::move(detached.turn);
      verdict = Conflict{};
    } else {
      verdict = turns_.Answered(std::move(detached.turn), detached.causes, status);
    }
    first_error = Settle(instance, std::move(detached.causes), std::move(verdict));
  }
  const Status ran = RunTurns(std::move(detached.runner), /*more_to_do=*/false).first_error;
  if (first_error.ok()) first_error = ran;
  if (!first_error.ok()) LeaveTrouble(first_error);
}

void OrchestrationDispatcher::LeaveTrouble(const Status& status) {
  running_.NoteFailure();
  *trouble_.Lock() = status;
}

// --- What a turn can't take ---------------------------------------------------------------------

Status OrchestrationDispatcher::SetAside(const Causes& causes) {
  return SetAside(causes, [&](const QueuedItems& queued) { return GiveBackQueued(queued); });
}

Status OrchestrationDispatcher::SetAsideForLess(const Causes& causes, const TooLarge& too_large) {
  return SetAside(causes, [&](const QueuedItems& queued) {
    const std::size_t left = std::min(too_large.left, queued.items.size() - 1);
    if (left > 0) messages_max_ = queued.items.size() - left;
    return GiveBackQueued(queued);
  });
}

Status OrchestrationDispatcher::SetAsideInTrouble(const std::string& instance, const Causes& causes,
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

Status OrchestrationDispatcher::SetAsideStuck(const std::string& instance, const Causes& causes,
                                              const Stuck& stuck) {
  return SetAside(causes,
                  [&](const QueuedItems& queued) { return ParkQueued(instance, stuck, queued); });
}

Status OrchestrationDispatcher::SetAside(
    const Causes& causes, const std::function<Status(const QueuedItems&)>& end_queued) {
  Status first_error;
  for (const TurnCause& cause : causes) {
    const auto* queued = Queued(cause);
    const Status status =
        queued != nullptr ? end_queued(*queued) : ReportAlone(std::get<ActivityResult>(cause));
    if (!status.ok() && first_error.ok()) first_error = status;
  }
  return first_error;
}

Status OrchestrationDispatcher::GiveBackQueued(const QueuedItems& queued) {
  return GiveBack(provider_, queued.lease, queued.token).status();
}

Status OrchestrationDispatcher::ParkQueued(const std::string& instance, const Stuck& stuck,
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

Status OrchestrationDispatcher::HandOver(const std::string& instance, const std::string& diagnosis,
                                         const QueuedItems& queued) {
  TANDEM_ASSIGN_OR_RETURN(const bool given_back,
                          GiveBack(provider_, queued.lease, queued.token, tuning::kHandOverDelay));
  if (!given_back) return Status::Ok();
  counters_.handed_over += 1;
  log_.Log(LogLevel::kDebug, instance, "handed over to other runtimes: " + diagnosis);
  return Status::Ok();
}

Status OrchestrationDispatcher::ReportAlone(const ActivityResult& result) {
  TANDEM_ASSIGN_OR_RETURN(const bool stored, reporter_.Report(result));
  if (stored) counters_.activities_run += 1;
  return Status::Ok();
}

}  // namespace duroxide::internal
