#include "duroxide_runtime/internal/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "duroxide_runtime/internal/failure.h"
#include "duroxide_runtime/internal/poison.h"
#include "duroxide_runtime/internal/turn_batch.h"

namespace duroxide::internal {

namespace {

using tandem::StatusCode;

// Conflicts after which a turn is set aside.
constexpr int kConflictsMax = 2;

// Turns of one instance in a row; then the thread turns to others.
constexpr int kTurnsInARowMax = 16;

// Errors that the same turn meets again, however often it is tried.
bool IsDeterministic(StatusCode code) {
  return code == StatusCode::kTooLarge || code == StatusCode::kInvalidArgument ||
         code == StatusCode::kCorruption || code == StatusCode::kUnsupported;
}

// Of what reading one instance may end with, these are likely to be the store's as a whole, and to
// pass.
bool IsTrouble(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kCancelled;
}

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

// The highest of the messages of the queue; 0 if there are none.
std::uint32_t DeliveryCount(const std::vector<TurnCause>& causes) {
  std::uint32_t count = 0;
  for (const TurnCause& cause : causes) {
    if (const auto* queued = Queued(cause)) count = std::max(count, queued->delivery_count);
  }
  return count;
}

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

// --- What comes in
// --------------------------------------------------------------------------------

Status OrchestrationDispatcher::Handle(const std::vector<tandem::Delivery>& deliveries) {
  const std::string& instance = deliveries.front().group;
  if (instance.empty()) return DropForeign(deliveries);
  QueuedItems queued{
      {}, deliveries.front().lock_token, leases_.Keep(deliveries.front().lock_token)};
  for (const tandem::Delivery& delivery : deliveries) {
    queued.delivery_count = std::max(queued.delivery_count, delivery.delivery_count);
    Result<WorkItem> item = DecodeWorkItem(delivery.payload, WhereOf(delivery));
    if (!item.ok()) return ParkInstance(instance, item.status().message(), queued);
    queued.items.push_back(*std::move(item));
  }
  TurnCause cause(std::move(queued));
  TurnInbox::Offered offered = inbox_.Offer(instance, cause);
  return offered.runner ? RunTurns(*std::move(offered.runner)) : Status::Ok();
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

Status OrchestrationDispatcher::Complete(ActivityResult result, bool may_fuse) {
  // With one delivery at most, a turn that kills the process would make the activity poison.
  if (!options_.fused_commits || !may_fuse || options_.max_deliveries < 2) {
    return ReportAlone(result);
  }
  const std::string instance = result.instance;
  TurnCause cause(std::move(result));
  TurnInbox::Offered offered = inbox_.Offer(instance, cause);
  if (offered.runner) return RunTurns(*std::move(offered.runner));
  return offered.taken ? Status::Ok() : ReportAlone(std::get<ActivityResult>(cause));
}

std::optional<Status> OrchestrationDispatcher::Start(const NewInstance& instance) {
  if (!options_.fused_commits) return std::nullopt;
  if (!BeginStart()) return std::nullopt;
  const StartEnd end(*this);
  std::optional<TurnInbox::Runner> runner = inbox_.Begin(instance.instance);
  if (!runner) return std::nullopt;
  const Result<std::uint64_t> seed = NewSeed();
  if (!seed.ok()) return seed.status();
  TurnInput input;
  input.instance = instance.instance;
  input.execution = instance.start.first_execution;
  input.items.emplace_back(instance.start);
  input.now = provider_.clock().Now();
  input.seed = *seed;
  TurnOutcome outcome = RunTurn(input, registry_);
  const bool whole = !outcome.diagnosis && outcome.left == 0 && !outcome.go_on;
  std::optional<Status> status;
  // Ids of others would have to be looked up: rare, and the queue's turn does it.
  if (whole && IdsToClaim(outcome).empty()) {
    status = provider_.AtomicBatch(StartBatch(input, outcome)).status();
    if (status->ok()) NoteStored(input, outcome, IdClaims(), {});
    // Too large for one batch, e.g. together with its start.
    if (IsDeterministic(status->code())) status = std::nullopt;
  }
  // What has come meanwhile; but the caller does not work for it for long.
  const Status ran = RunTurns(*std::move(runner));
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

// --- Turns
// ----------------------------------------------------------------------------------------

Status OrchestrationDispatcher::RunTurns(TurnInbox::Runner runner) {
  const std::string& instance = runner.instance();
  Status first_error;
  const auto note = [&first_error](const Status& status) {
    if (first_error.ok()) first_error = status;
  };
  for (int turns = 0; turns < kTurnsInARowMax; ++turns) {
    Causes causes = runner.Next(kTurnMessagesMax);
    if (causes.empty()) return first_error;
    note(RunTurnOf(instance, std::move(causes)));
  }
  // Somebody else runs what comes from now on, so that what is set aside can't come back here.
  const Causes rest = runner.End();
  if (!rest.empty()) note(SetAside(instance, rest, Attempt{}));
  return first_error;
}

Status OrchestrationDispatcher::RunTurnOf(const std::string& instance, Causes causes) {
  ResultsFirst(causes);
  bool from_live = true;
  int conflicts = 0;
  while (!causes.empty()) {
    Attempt attempt = Try(instance, causes, from_live);
    from_live = false;  // it is used up, or was not true
    switch (attempt.end) {
      case Attempt::End::kStored:
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
  }
  return Status::Ok();
}

// One instance that can't be read must not keep the threads from the others: it is parked, whatever
// the reason.
OrchestrationDispatcher::Attempt OrchestrationDispatcher::CannotRead(const Status& status) {
  if (IsTrouble(status.code())) return {.end = Attempt::End::kStoreError, .status = status};
  return {.end = Attempt::End::kStuck,
          .diagnosis = IsDeterministic(status.code()) ? status.message()
                                                      : "can't be read: " + status.ToString()};
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

OrchestrationDispatcher::Attempt OrchestrationDispatcher::Try(const std::string& instance,
                                                              const Causes& causes,
                                                              bool from_live) {
  std::unique_ptr<LiveInstance> live = live_.Take(instance);
  if (const std::uint32_t count = DeliveryCount(causes); count > options_.max_deliveries) {
    return EndInstance(
        instance, causes,
        PoisonFailure("instance '" + instance + "'", count, options_.max_deliveries));
  }
  if (!from_live || live == nullptr) return TryFromHistory(instance, causes);
  const TurnInput input = InputOf(instance, causes);
  TurnOutcome outcome = RunTurn(input, registry_, std::move(live));
  const auto claims = ClaimIds(provider_, IdsToClaim(outcome));
  if (!claims.ok()) return CannotRead(claims.status());
  // The code has to be told, and this turn can't be run again.
  if (!claims->taken.empty()) return TryFromHistory(instance, causes);
  return Store(input, std::move(outcome), *claims, causes);
}

OrchestrationDispatcher::Attempt OrchestrationDispatcher::TryFromHistory(
    const std::string& instance, const Causes& causes) {
  Result<TurnInput> input = Load(instance, causes);
  if (!input.ok()) return CannotRead(input.status());
  TurnOutcome outcome = RunTurn(*input, registry_);
  auto claims = ClaimIds(provider_, IdsToClaim(outcome));
  if (claims.ok() && !claims->taken.empty()) {
    // The code is told, in the same turn, that it can't have these ids.
    input->taken_ids = claims->taken;
    outcome = RunTurn(*input, registry_);
    claims = ClaimIds(provider_, IdsToClaim(outcome));
    // What it was told stays true, even if such an instance was deleted meanwhile.
    if (claims.ok()) claims->taken.insert(input->taken_ids.begin(), input->taken_ids.end());
  }
  if (!claims.ok()) return CannotRead(claims.status());
  return Store(*input, std::move(outcome), *claims, causes);
}

TurnInput OrchestrationDispatcher::InputOf(const std::string& instance,
                                           const Causes& causes) const {
  TurnInput input;
  input.instance = instance;
  for (const TurnCause& cause : causes) {
    if (const auto* queued = Queued(cause)) {
      input.items.insert(input.items.end(), queued->items.begin(), queued->items.end());
    } else {
      input.items.push_back(std::get<ActivityResult>(cause).item);
    }
  }
  input.now = provider_.clock().Now();
  return input;
}

Result<TurnInput> OrchestrationDispatcher::Load(const std::string& instance, const Causes& causes) {
  TurnInput input = InputOf(instance, causes);
  TANDEM_ASSIGN_OR_RETURN(StoredInstance stored, LoadInstance(provider_, instance));
  input.execution = stored.place.execution;
  input.history = std::move(stored.history);
  TANDEM_ASSIGN_OR_RETURN(
      const KvChanges kv,
      ReadKv(provider_, HomeStream(instance, stored.place.first_execution), {}));
  for (const auto& [key, entry] : kv) {
    if (entry) input.kv.emplace(key, *entry);
  }
  if (input.history.empty()) {
    TANDEM_ASSIGN_OR_RETURN(input.seed, NewSeed());
  }
  return input;
}

Result<std::uint64_t> OrchestrationDispatcher::NewSeed() {
  try {
    return seeds_();
  } catch (...) {
    return Status::Internal("RuntimeOptions::seeds: " +
                            FailureOfException(std::current_exception()).message());
  }
}

OrchestrationDispatcher::Attempt OrchestrationDispatcher::EndInstance(const std::string& instance,
                                                                      const Causes& causes,
                                                                      const Failure& failure) {
  Result<TurnInput> input = Load(instance, causes);
  if (!input.ok()) return CannotRead(input.status());
  TurnOutcome outcome = PoisonTurn(*input, registry_, failure);
  const bool ends = !outcome.empty();  // else it had finished
  Attempt attempt = Store(*input, std::move(outcome), IdClaims(), causes);
  if (attempt.end == Attempt::End::kStored && ends) {
    counters_.poisoned += 1;
    log_.Log(LogLevel::kError, instance, failure.message);
  }
  return attempt;
}

Status OrchestrationDispatcher::EndTooLarge(const std::string& instance, const Causes& causes,
                                            const Attempt& attempt) {
  const Status reason = Status::TooLarge("a turn of instance '" + instance +
                                         "' can't be stored: " + attempt.status.message());
  Attempt ended = EndInstance(instance, causes, Failure::Of(reason, FailureCategory::kPoison));
  if (ended.end == Attempt::End::kStored) return Status::Ok();
  if (ended.end == Attempt::End::kTooLarge) {
    ended.end = Attempt::End::kStuck;
    ended.diagnosis = reason.message();
  }
  return SetAside(instance, causes, ended);
}

OrchestrationDispatcher::Attempt OrchestrationDispatcher::Store(const TurnInput& input,
                                                                TurnOutcome outcome,
                                                                const IdClaims& claims,
                                                                const Causes& causes) {
  counters_.events_replayed += outcome.replayed;
  if (outcome.diagnosis) {
    return {.end = Attempt::End::kStuck, .diagnosis = *std::move(outcome.diagnosis)};
  }
  if (outcome.left > 0) return {.end = Attempt::End::kTooLarge, .left = outcome.left};
  std::vector<tandem::Operation> lease_ends;
  std::vector<tandem::Operation> progress;
  for (const TurnCause& cause : causes) {
    const auto* result = std::get_if<ActivityResult>(&cause);
    if (result == nullptr && outcome.keeps_items) {
      tandem::AbandonMessages give_back{TokenOf(cause)};
      give_back.count = false;
      lease_ends.emplace_back(std::move(give_back));
    } else {
      lease_ends.emplace_back(tandem::DeleteMessages{TokenOf(cause)});
    }
    if (result != nullptr && result->progress) progress.emplace_back(*result->progress);
  }
  std::vector<tandem::Operation> batch = TurnBatch(input, outcome, claims, std::move(lease_ends));
  for (tandem::Operation& operation : progress) batch.push_back(std::move(operation));
  const Status status = provider_.AtomicBatch(std::move(batch)).status();
  if (status.ok()) {
    NoteStored(input, outcome, claims, causes);
    return {};
  }
  Attempt attempt;
  if (status.code() == StatusCode::kLeaseLost) {
    attempt.end = Attempt::End::kLeaseLost;
    for (const tandem::OperationFailure& failure : status.failures()) {
      // The batch ends the leases first, in the order of the causes.
      if (failure.operation < causes.size()) attempt.lost.push_back(failure.operation);
    }
    // What was lost had no effect on the instance: it is as good as before.
    if (outcome.empty() && outcome.live != nullptr) live_.Put(std::move(outcome.live));
  } else if (status.code() == StatusCode::kConflict) {
    attempt.end = Attempt::End::kConflict;
  } else if (status.code() == StatusCode::kTooLarge) {
    attempt.end = Attempt::End::kTooLarge;
    attempt.left = input.items.size() / 2;
    attempt.status = status;
  } else if (IsDeterministic(status.code())) {
    attempt.end = Attempt::End::kStuck;
    attempt.diagnosis = "the turn can't be stored: " + status.ToString();
  } else {
    attempt.end = Attempt::End::kStoreError;
    attempt.status = status;
  }
  return attempt;
}

void OrchestrationDispatcher::NoteStored(const TurnInput& input, TurnOutcome& outcome,
                                         const IdClaims& claims, const Causes& causes) {
  counters_.turns += 1;
  counters_.messages_dropped += outcome.dropped;
  parked_.Forget(input.instance);
  for (const TurnCause& cause : causes) {
    const auto* queued = Queued(cause);
    if (queued == nullptr) {
      counters_.activities_run += 1;
    } else if (queued->items.size() >= messages_max_) {
      messages_max_ = std::min(2 * queued->items.size(), kTurnMessagesMax);
    }
  }
  for (const LogEntry& entry : outcome.logs) log_.Log(entry.level, input.instance, entry.text);
  if (outcome.head == 0 && outcome.empty()) {
    log_.Log(LogLevel::kWarning, input.instance,
             "dropped " + std::to_string(outcome.dropped) +
                 " messages: no such instance was ever started");
  }
  for (const std::string& id : claims.taken) {
    log_.Log(LogLevel::kWarning, input.instance,
             "did not start an orchestration as '" + id + "': there is an instance of that id");
  }
  if (outcome.live != nullptr) live_.Put(std::move(outcome.live));
}

// --- What a turn can't take
// -----------------------------------------------------------------------

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
