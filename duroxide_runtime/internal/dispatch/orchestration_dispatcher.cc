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
      Attempt unreadable{.end = Attempt::End::kStuck};
      unreadable.diagnosis = item.status().message();
      TANDEM_RETURN_IF_ERROR(ParkInstance(instance, unreadable, queued));
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
  Result<std::optional<TurnMaker::Turn>> turn = turns_.PrepareStart(instance);
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
    HandOn(Detached{running_.Begin(), *std::move(runner), Causes(), TurnMaker::Turn()});
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
    TurnMaker::Prepared prepared = turns_.Prepare(instance, causes, /*from_live=*/true);
    ran.code += provider_.clock().Now() - begin;
    auto* turn = std::get_if<TurnMaker::Turn>(&prepared);
    const bool too_many_wait = storing_.fetch_add(1) >= tuning::kStoringThreads;
    if (turn != nullptr && (more_to_do || too_many_wait) && MayDetach()) {
      storing_ -= 1;
      Detach(std::move(runner), std::move(causes), std::move(*turn));
      return ran;
    }
    Attempt attempt = turns_.Store(std::move(prepared), causes);
    storing_ -= 1;
    note(Settle(instance, std::move(causes), std::move(attempt)));
  }
  // Somebody else runs what comes from now on, so that what is set aside can't come back here; or
  // it is for another runtime, since this one ends.
  const Causes rest = runner.End();
  if (!rest.empty()) note(SetAside(instance, rest, Attempt{}));
  return ran;
}

Status OrchestrationDispatcher::RunTurnOf(const std::string& instance, Causes causes) {
  Attempt attempt = Try(instance, causes, /*from_live=*/true);
  return Settle(instance, std::move(causes), std::move(attempt));
}

Status OrchestrationDispatcher::Settle(const std::string& instance, Causes causes,
                                       Attempt attempt) {
  int conflicts = 0;
  while (true) {
    bool from_live = false;  // it is used up, or was not true
    switch (attempt.end) {
      case Attempt::End::kStored:
        parked_.Forget(instance);
        return Status::Ok();
      case Attempt::End::kLeaseLost: {
        counters_.turn_conflicts += 1;
        from_live = true;  // if it was put back
        Causes rest;
        for (std::size_t i = 0; i < causes.size(); ++i) {
          const bool lost =
              attempt.lost.empty() || std::ranges::find(attempt.lost, i) != attempt.lost.end();
          if (!lost) {
            rest.push_back(std::move(causes[i]));
          } else if (const auto* result = std::get_if<ActivityResult>(&causes[i])) {
            reporter_.NoteDropped(*result);
          }
        }
        causes.swap(rest);
        if (causes.empty()) return Status::Ok();
        break;
      }
      case Attempt::End::kConflict:
        counters_.turn_conflicts += 1;
        if (++conflicts < tuning::kTurnConflictsMax) break;
        return SetAside(instance, causes, attempt);
      case Attempt::End::kTooLarge:
        if (causes.size() > 1) return RunHalves(instance, std::move(causes));
        if (attempt.left > 0) return SetAside(instance, causes, attempt);
        return EndTooLarge(instance, causes, attempt);
      default:
        return SetAside(instance, causes, attempt);
    }
    attempt = Try(instance, causes, from_live);
  }
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

Status OrchestrationDispatcher::EndTooLarge(const std::string& instance, const Causes& causes,
                                            const Attempt& attempt) {
  const Status reason = Status::TooLarge("a turn of instance '" + instance +
                                         "' can't be stored: " + attempt.status.message());
  const Failure poison = Failure::Of(reason, FailureCategory::kPoison);
  Attempt ended = turns_.Store(turns_.PrepareEnd(instance, causes, poison), causes);
  if (ended.end == Attempt::End::kStored) {
    parked_.Forget(instance);
    return Status::Ok();
  }
  if (ended.end == Attempt::End::kTooLarge) {
    ended.end = Attempt::End::kStuck;
    ended.diagnosis = reason.message();
  }
  return SetAside(instance, causes, ended);
}

// --- Turns that are stored while no thread waits ------------------------------------------------

void OrchestrationDispatcher::Detach(TurnInbox::Runner runner, Causes causes,
                                     TurnMaker::Turn turn) {
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
  if (status.ok() && !TurnMaker::HasNews(detached.turn)) {
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
    Attempt attempt;
    if (status.code() == StatusCode::kUnsupported) {
      // The provider has no asynchronous batches: never again, and this turn once more.
      can_detach_ = false;
      const TurnMaker::Turn undone = std::move(detached.turn);
      attempt.end = Attempt::End::kConflict;
    } else {
      attempt = turns_.Answered(std::move(detached.turn), detached.causes, status);
    }
    first_error = Settle(instance, std::move(detached.causes), std::move(attempt));
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

Status OrchestrationDispatcher::SetAside(const std::string& instance, const Causes& causes,
                                         const Attempt& attempt) {
  Status first_error;
  for (const TurnCause& cause : causes) {
    const auto* queued = Queued(cause);
    const Status status = queued != nullptr ? EndQueued(instance, *queued, attempt)
                                            : ReportAlone(std::get<ActivityResult>(cause));
    if (!status.ok() && first_error.ok()) first_error = status;
  }
  return first_error;
}

Status OrchestrationDispatcher::EndQueued(const std::string& instance, const QueuedItems& queued,
                                          const Attempt& attempt) {
  switch (attempt.end) {
    case Attempt::End::kStuck:
      return ParkInstance(instance, attempt, queued);
    case Attempt::End::kTooLarge: {
      // To be taken again, by any runtime, in portions.
      const std::size_t left = std::min(attempt.left, queued.items.size() - 1);
      if (left > 0) messages_max_ = queued.items.size() - left;
      return GiveBack(provider_, queued.lease, queued.token).status();
    }
    default:
      break;
  }
  const Status status = GiveBack(provider_, queued.lease, queued.token).status();
  if (!attempt.status.ok() && !status.ok()) {
    log_.Log(
        LogLevel::kWarning, instance,
        "can't give its messages back, they wait until their lease ends: " + status.ToString());
  }
  return attempt.status.ok() ? status : attempt.status;
}

Status OrchestrationDispatcher::ParkInstance(const std::string& instance, const Attempt& attempt,
                                             const QueuedItems& queued) {
  ParkOrder order;
  order.token = queued.token;
  order.attempt = parked_.Next(instance, queued.first, provider_.clock().Now());
  if (attempt.unregistered) {
    const UnregisteredStep step = StepOfUnregistered(order.attempt);
    if (step.hand_over) return HandOver(instance, attempt.diagnosis, queued);
    order.attempt = step.parking;
  }
  order.instance = instance;
  order.diagnosis = attempt.diagnosis;
  order.fallback = FallbackStatus(provider_, instance, queued);
  order.starts = std::ranges::any_of(
      queued.items, [](const WorkItem& item) { return std::holds_alternative<StartItem>(item); });
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), queued.lease,
                                                      [&] { return Park(provider_, order); }));
  if (!parked) return Status::Ok();
  counters_.parked += 1;
  log_.Log(LogLevel::kError, instance, attempt.diagnosis);
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
