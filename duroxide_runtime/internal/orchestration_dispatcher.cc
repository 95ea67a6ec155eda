#include "duroxide_runtime/internal/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "duroxide_runtime/internal/failure.h"
#include "duroxide_runtime/internal/poison.h"
#include "duroxide_runtime/internal/side_by_side.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

// Conflicts after which a turn is set aside.
constexpr int kConflictsMax = 2;

// Turns of one instance in a row; then the thread turns to others.
constexpr int kTurnsInARowMax = 16;

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

std::string WhereOf(const tandem::Delivery& delivery) {
  return "message " + std::to_string(delivery.id) + " of queue '" + delivery.queue + "'";
}

const QueuedItems* Queued(const TurnCause& cause) { return std::get_if<QueuedItems>(&cause); }

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

Status OrchestrationDispatcher::Handle(const std::vector<tandem::Delivery>& deliveries) {
  Status first_error;
  const auto note = [&first_error](const Status& status) {
    if (first_error.ok()) first_error = status;
  };
  std::vector<TurnInbox::Runner> runners;
  std::size_t instances = 0;
  for (auto begin = deliveries.begin(); begin != deliveries.end(); ++instances) {
    const auto end = std::find_if(begin, deliveries.end(), [&](const tandem::Delivery& delivery) {
      return delivery.lock_token != begin->lock_token;
    });
    Result<std::optional<TurnInbox::Runner>> runner = Accept({begin, end});
    note(runner.status());
    if (runner.ok() && *runner) runners.push_back(**std::move(runner));
    begin = end;
  }
  const Ran ran = RunTurns(std::move(runners));
  note(ran.first_error);
  portion_.Note(instances, ran.code);
  return first_error;
}

Result<std::optional<TurnInbox::Runner>> OrchestrationDispatcher::Accept(Deliveries deliveries) {
  const std::string& instance = deliveries.front().group;
  if (instance.empty()) {
    TANDEM_RETURN_IF_ERROR(DropForeign(deliveries));
    return std::optional<TurnInbox::Runner>();
  }
  QueuedItems queued{
      {}, deliveries.front().lock_token, leases_.Keep(deliveries.front().lock_token)};
  for (const tandem::Delivery& delivery : deliveries) {
    queued.delivery_count = std::max(queued.delivery_count, delivery.delivery_count);
    Result<WorkItem> item = DecodeWorkItem(delivery.payload, WhereOf(delivery));
    if (!item.ok()) {
      TANDEM_RETURN_IF_ERROR(ParkInstance(instance, item.status().message(), queued));
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
  if (!line_.Join(*std::move(offered.runner))) return Status::Ok();
  return ServeLine();
}

Status OrchestrationDispatcher::ServeLine() {
  Status first_error;
  while (true) {
    TurnLine::Runners runners = line_.Next();
    if (runners.empty()) return first_error;
    const std::size_t instances = runners.size();
    const Ran ran = RunTurns(std::move(runners));
    line_.Note(instances, ran.code);
    if (first_error.ok()) first_error = ran.first_error;
  }
}

std::optional<Status> OrchestrationDispatcher::Start(const NewInstance& instance) {
  if (!options_.fused_commits) return std::nullopt;
  if (!BeginStart()) return std::nullopt;
  const StartEnd end(*this);
  std::optional<TurnInbox::Runner> runner = inbox_.Begin(instance.instance);
  if (!runner) return std::nullopt;
  Result<std::optional<TurnMaker::Turn>> turn = turns_.PrepareStart(instance);
  if (!turn.ok()) return turn.status();
  std::optional<Status> status;
  if (*turn) {
    status = provider_.AtomicBatch(std::move((*turn)->batch)).status();
    if (status->ok()) turns_.Answered(**turn, {}, *status);
    // Too large for one batch, e.g. together with its start.
    if (IsDeterministic(status->code())) status = std::nullopt;
  }
  // What has come meanwhile; but the caller does not work for it for long.
  const Status ran = RunTurns(*std::move(runner)).first_error;
  if (!ran.ok()) {
    starts_.Lock()->failed += 1;
    log_.Log(LogLevel::kWarning, instance.instance,
             "a turn could not be stored, and comes again: " + ran.ToString());
  }
  return status;
}

void OrchestrationDispatcher::StopStarting(std::function<void()> on_idle) {
  const auto starts = starts_.Lock();
  starts->stopped = true;
  starts->failed = 0;
  starts->on_idle = std::move(on_idle);
}

bool OrchestrationDispatcher::BeginStart() {
  const auto starts = starts_.Lock();
  if (!starts->stopped) ++starts->running;
  return !starts->stopped;
}

void OrchestrationDispatcher::EndStart() {
  // To its end under the lock: who sees that none runs may take the dispatcher away.
  const auto starts = starts_.Lock();
  --starts->running;
  if (starts->running == 0 && starts->on_idle) starts->on_idle();
}

// --- Turns --------------------------------------------------------------------------------------

OrchestrationDispatcher::Ran OrchestrationDispatcher::RunTurns(TurnInbox::Runner runner) {
  std::vector<TurnInbox::Runner> runners;
  runners.push_back(std::move(runner));
  return RunTurns(std::move(runners));
}

OrchestrationDispatcher::Ran OrchestrationDispatcher::RunTurns(
    std::vector<TurnInbox::Runner> runners) {
  Ran ran;
  const auto note = [&ran](const Status& status) {
    if (ran.first_error.ok()) ran.first_error = status;
  };
  std::vector<TurnInbox::Runner*> active;
  active.reserve(runners.size());
  for (TurnInbox::Runner& runner : runners) active.push_back(&runner);
  for (int turns = 0; turns < kTurnsInARowMax; ++turns) {
    std::vector<Round> round;
    for (TurnInbox::Runner* runner : active) {
      Causes causes = runner->Next(kTurnMessagesMax);
      if (!causes.empty()) round.push_back({.runner = runner, .causes = std::move(causes)});
    }
    if (round.empty()) return ran;
    const tandem::Timestamp begin = provider_.clock().Now();
    for (Round& each : round) {
      ResultsFirst(each.causes);
      each.prepared = turns_.Prepare(each.runner->instance(), each.causes, /*from_live=*/true);
    }
    ran.code = std::max(ran.code, provider_.clock().Now() - begin);
    StoreSideBySide(round);
    active.clear();
    for (Round& each : round) {
      auto* turn = std::get_if<TurnMaker::Turn>(&each.prepared);
      Attempt attempt = turn != nullptr ? turns_.Answered(*turn, each.causes, each.stored)
                                        : std::move(std::get<Attempt>(each.prepared));
      note(Settle(each.runner->instance(), std::move(each.causes), std::move(attempt)));
      active.push_back(each.runner);
    }
  }
  // Somebody else runs what comes from now on, so that what is set aside can't come back here.
  for (TurnInbox::Runner* runner : active) {
    const Causes rest = runner->End();
    if (!rest.empty()) note(SetAside(runner->instance(), rest, Attempt{}));
  }
  return ran;
}

void OrchestrationDispatcher::StoreSideBySide(std::vector<Round>& rounds) {
  std::vector<std::vector<tandem::Operation>> batches;
  std::vector<Round*> stored;
  for (Round& round : rounds) {
    auto* turn = std::get_if<TurnMaker::Turn>(&round.prepared);
    if (turn == nullptr) continue;
    batches.push_back(std::move(turn->batch));
    stored.push_back(&round);
  }
  if (batches.empty()) return;
  const std::vector<Status> statuses = AtomicBatches(provider_, std::move(batches));
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    stored[i]->stored = statuses[i];
    if (i + 1 == statuses.size() || statuses[i].code() != StatusCode::kUnsupported) continue;
    // The provider has no asynchronous batches: from now on one at a time, this one once more.
    portion_.OnlyOne();
    line_.OnlyOne();
    stored[i]->prepared = Attempt{.end = Attempt::End::kConflict};
  }
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
        NoteStored(instance, causes);
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
        if (++conflicts < kConflictsMax) break;
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
  if (ended.end == Attempt::End::kStored) return Status::Ok();
  if (ended.end == Attempt::End::kTooLarge) {
    ended.end = Attempt::End::kStuck;
    ended.diagnosis = reason.message();
  }
  return SetAside(instance, causes, ended);
}

void OrchestrationDispatcher::NoteStored(const std::string& instance, const Causes& causes) {
  parked_.Forget(instance);
  for (const TurnCause& cause : causes) {
    const auto* queued = Queued(cause);
    if (queued != nullptr && queued->items.size() >= messages_max_) {
      messages_max_ = std::min(2 * queued->items.size(), kTurnMessagesMax);
    }
  }
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
      return ParkInstance(instance, attempt.diagnosis, queued);
    case Attempt::End::kTooLarge: {
      // To be taken again, by whomever, in portions.
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

Status OrchestrationDispatcher::ParkInstance(const std::string& instance,
                                             const std::string& diagnosis,
                                             const QueuedItems& queued) {
  ParkOrder order;
  order.token = queued.token;
  order.attempt = parked_.Next(instance);
  order.instance = instance;
  order.diagnosis = diagnosis;
  order.fallback = FallbackStatus(provider_, instance, queued);
  TANDEM_ASSIGN_OR_RETURN(const bool parked, EndLease(provider_.clock(), queued.lease,
                                                      [&] { return Park(provider_, order); }));
  if (!parked) return Status::Ok();
  counters_.parked += 1;
  log_.Log(LogLevel::kError, instance, diagnosis);
  return Status::Ok();
}

Status OrchestrationDispatcher::ReportAlone(const ActivityResult& result) {
  TANDEM_ASSIGN_OR_RETURN(const bool stored, reporter_.Report(result));
  if (stored) counters_.activities_run += 1;
  return Status::Ok();
}

}  // namespace duroxide::internal
