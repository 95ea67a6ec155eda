#include "tandem/duroxide_runtime/internal/dispatch/turn_processor.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/engine/exceptions.h"
#include "tandem/duroxide_runtime/internal/engine/poison.h"
#include "tandem/duroxide_runtime/internal/store/turn_batch.h"

namespace duroxide::internal {

namespace {

// Read errors that probably concern the whole store and are transient, rather than this one
// instance.
bool IsTrouble(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kCancelled;
}

// The highest of the messages of the queue; 0 if there are none.
std::uint32_t DeliveryCount(const std::vector<TurnCause>& causes) {
  std::uint32_t count = 0;
  for (const TurnCause& cause : causes) {
    const auto* queued = std::get_if<QueuedItems>(&cause);
    if (queued != nullptr) count = std::max(count, queued->delivery_count);
  }
  return count;
}

}  // namespace

// --- Preparing ----------------------------------------------------------------------------------

// One instance that can't be read must not keep the threads from the others: it is parked, whatever
// the reason.
Verdict TurnProcessor::CannotRead(const Status& status) {
  if (IsTrouble(status.code())) return StoreTrouble{status};
  return Stuck{IsDeterministic(status.code()) ? status.message()
                                              : "can't be read: " + status.ToString()};
}

TurnProcessor::Prepared TurnProcessor::Prepare(const std::string& instance, const Causes& causes,
                                               bool from_live) {
  std::unique_ptr<LiveInstance> live = live_.Take(instance);
  if (const std::uint32_t count = DeliveryCount(causes); count > max_deliveries_) {
    return PrepareEnd(instance, causes,
                      PoisonFailure("instance '" + instance + "'", count, max_deliveries_));
  }
  if (!from_live || live == nullptr) return PrepareFromHistory(instance, causes);
  PreparedTurn turn;
  turn.input = InputOf(instance, causes);
  turn.outcome = RunTurn(turn.input, registry_, std::move(live));
  auto claims = ClaimIds(provider_, IdsToClaim(turn.outcome));
  if (!claims.ok()) return CannotRead(claims.status());
  // The code has to be told, and this turn can't be run again.
  if (!claims->taken.empty()) return PrepareFromHistory(instance, causes);
  turn.claims = *std::move(claims);
  return WithBatch(std::move(turn), causes);
}

TurnProcessor::Prepared TurnProcessor::PrepareFromHistory(const std::string& instance,
                                                          const Causes& causes) {
  Result<TurnInput> input = Load(instance, causes);
  if (!input.ok()) return CannotRead(input.status());
  PreparedTurn turn;
  turn.input = *std::move(input);
  turn.outcome = RunTurn(turn.input, registry_);
  auto claims = ClaimIds(provider_, IdsToClaim(turn.outcome));
  if (claims.ok() && !claims->taken.empty()) {
    // The code is told, in the same turn, that it can't have these ids.
    turn.input.taken_ids = claims->taken;
    turn.outcome = RunTurn(turn.input, registry_);
    claims = ClaimIds(provider_, IdsToClaim(turn.outcome));
    // The answer that it got stays true, even if such an instance has been deleted since.
    if (claims.ok()) claims->taken.insert(turn.input.taken_ids.begin(), turn.input.taken_ids.end());
  }
  if (!claims.ok()) return CannotRead(claims.status());
  turn.claims = *std::move(claims);
  if (turn.outcome.head == 0 && turn.outcome.empty() && !turn.outcome.diagnosis) {
    // Nobody to take them: was there never such an instance, or is its start still to come?
    const auto stored = ReadStatus(provider_, instance);
    if (!stored.ok()) return CannotRead(stored.status());
    if (stored->has_value() && (*stored)->status.state == InstanceState::kPending) {
      return Stuck{"its messages came before its start, and wait for that"};
    }
  }
  return WithBatch(std::move(turn), causes);
}

TurnProcessor::Prepared TurnProcessor::PrepareEnd(const std::string& instance, const Causes& causes,
                                                  const Failure& failure) {
  Result<TurnInput> input = Load(instance, causes);
  if (!input.ok()) return CannotRead(input.status());
  PreparedTurn turn;
  turn.input = *std::move(input);
  turn.outcome = PoisonTurn(turn.input, registry_, failure);
  if (!turn.outcome.empty()) turn.poison = failure;  // else it had finished
  return WithBatch(std::move(turn), causes);
}

TurnInput TurnProcessor::InputOf(const std::string& instance, const Causes& causes) const {
  TurnInput input;
  input.instance = instance;
  for (const TurnCause& cause : causes) {
    if (const auto* queued = std::get_if<QueuedItems>(&cause)) {
      input.items.insert(input.items.end(), queued->items.begin(), queued->items.end());
    } else {
      input.items.push_back(std::get<ActivityResult>(cause).item);
    }
  }
  input.now = provider_.clock().Now();
  return input;
}

Result<TurnInput> TurnProcessor::Load(const std::string& instance, const Causes& causes) {
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

Result<std::uint64_t> TurnProcessor::NewSeed() {
  try {
    return seeds_();
  } catch (...) {
    return FailureOfException("RuntimeOptions::seeds", std::current_exception());
  }
}

Result<std::optional<PreparedTurn>> TurnProcessor::PrepareStart(const NewInstance& instance) {
  TANDEM_ASSIGN_OR_RETURN(const std::uint64_t seed, NewSeed());
  PreparedTurn turn;
  turn.input.instance = instance.instance;
  turn.input.execution = instance.start.first_execution;
  turn.input.items.emplace_back(instance.start);
  turn.input.now = provider_.clock().Now();
  turn.input.seed = seed;
  turn.outcome = RunTurn(turn.input, registry_);
  const bool whole = !turn.outcome.diagnosis && turn.outcome.left == 0 && !turn.outcome.go_on;
  // Ids of others would have to be looked up: rare, and the queue's turn does it.
  if (!whole || !IdsToClaim(turn.outcome).empty()) return std::nullopt;
  turn.batch = StartBatch(turn.input, turn.outcome);
  return turn;
}

TurnProcessor::Prepared TurnProcessor::WithBatch(PreparedTurn turn, const Causes& causes) {
  TurnOutcome& outcome = turn.outcome;
  counters_.events_replayed += outcome.replayed;
  if (outcome.diagnosis) {
    return Stuck{*std::move(outcome.diagnosis), outcome.unregistered};
  }
  if (outcome.left > 0) return TooLarge{outcome.left};
  tandem::Batch lease_ends;
  tandem::Batch progress;
  for (const TurnCause& cause : causes) {
    const auto* result = std::get_if<ActivityResult>(&cause);
    if (result == nullptr && outcome.keeps_items) {
      tandem::AbandonMessages give_back{TokenOf(cause)};
      give_back.count = false;
      lease_ends.Add(std::move(give_back));
    } else {
      lease_ends.Add(tandem::DeleteMessages{TokenOf(cause)});
    }
    if (result != nullptr && result->progress) progress.Add(*result->progress);
  }
  turn.batch = TurnBatch(turn.input, outcome, turn.claims, std::move(lease_ends));
  turn.batch.Add(std::move(progress));
  return turn;
}

// --- Storing ------------------------------------------------------------------------------------

Verdict TurnProcessor::Store(Prepared prepared, const Causes& causes) {
  if (auto* verdict = std::get_if<Verdict>(&prepared)) return std::move(*verdict);
  auto& turn = std::get<PreparedTurn>(prepared);
  const Status status = provider_.AtomicBatch(std::move(turn.batch)).status();
  return Answered(std::move(turn), causes, status);
}

Verdict TurnProcessor::Answered(PreparedTurn turn, const Causes& causes, const Status& status) {
  if (status.ok()) {
    NoteStored(turn, causes);
    return Stored{};
  }
  TurnOutcome& outcome = turn.outcome;
  if (status.code() == StatusCode::kLeaseLost) {
    LeasesLost lost;
    for (const tandem::OperationFailure& failure : status.failures()) {
      // The batch ends the leases first, in the order of the causes.
      if (failure.operation < causes.size()) lost.which.push_back(failure.operation);
    }
    // What was lost had no effect on the instance: it is as good as before.
    if (outcome.empty() && outcome.live != nullptr) live_.Put(std::move(outcome.live));
    return lost;
  }
  // AlreadyExists: somebody has started an instance under the id of a child.
  const bool overtaken =
      status.code() == StatusCode::kConflict || status.code() == StatusCode::kAlreadyExists;
  if (overtaken) return Conflict{};
  if (status.code() == StatusCode::kTooLarge) {
    const std::size_t left = turn.input.items.size() / tuning::kPortionFactor;
    if (left > 0) return TooLarge{left};
    return ItemTooLarge{status};
  }
  if (IsDeterministic(status.code())) {
    return Stuck{"the turn can't be stored: " + status.ToString()};
  }
  return StoreTrouble{status};
}

bool TurnProcessor::HasNews(const PreparedTurn& turn) {
  const bool dropped = turn.outcome.head == 0 && turn.outcome.empty();
  return dropped || !turn.outcome.logs.empty() || turn.poison || !turn.claims.taken.empty();
}

void TurnProcessor::NoteStored(PreparedTurn& turn, const Causes& causes) {
  const TurnInput& input = turn.input;
  TurnOutcome& outcome = turn.outcome;
  counters_.turns += 1;
  counters_.messages_dropped += outcome.dropped;
  for (const TurnCause& cause : causes) {
    if (std::holds_alternative<ActivityResult>(cause)) counters_.activities_run += 1;
  }
  for (const LogEntry& entry : outcome.logs) log_.Log(entry.level, input.instance, entry.text);
  if (outcome.head == 0 && outcome.empty()) {
    log_.Log(LogLevel::kWarning, input.instance,
             "dropped " + std::to_string(outcome.dropped) +
                 " messages: no such instance was ever started");
  }
  if (turn.poison) {
    counters_.poisoned += 1;
    log_.Log(LogLevel::kError, input.instance, turn.poison->message);
  }
  for (const std::string& id : turn.claims.taken) {
    log_.Log(LogLevel::kWarning, input.instance,
             "did not start an orchestration as '" + id + "': there is an instance of that id");
  }
  if (outcome.live != nullptr) live_.Put(std::move(outcome.live));
}

}  // namespace duroxide::internal
