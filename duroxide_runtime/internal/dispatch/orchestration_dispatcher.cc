#include "tandem/duroxide_runtime/internal/dispatch/orchestration_dispatcher.h"

#include <algorithm>
#include <utility>

#include "tandem/base/check.h"
#include "tandem/duroxide_runtime/internal/dispatch/parking.h"
#include "tandem/duroxide_runtime/internal/dispatch/tuning.h"
#include "tandem/duroxide_runtime/internal/engine/turn_limits.h"
#include "tandem/duroxide_runtime/internal/records/work_item.h"
#include "tandem/duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

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
void ResultsFirst(Causes& causes) {
  Causes ordered;
  ordered.reserve(causes.size());
  for (const bool queued : {false, true}) {
    for (TurnCause& cause : causes) {
      if (std::holds_alternative<QueuedItems>(cause) == queued) ordered.push_back(std::move(cause));
    }
  }
  causes.swap(ordered);
}

}  // namespace

// --- What comes in ------------------------------------------------------------------------------

Status OrchestrationDispatcher::Handle(std::vector<tandem::Delivery> deliveries) {
  const std::size_t asked = portion_.messages_max();
  const bool all_asked = deliveries.size() >= asked;
  const Status trouble = TakeTrouble();
  const Ran ran = RunInstances(std::make_shared<DequeuedInstances>(std::move(deliveries)));
  portion_.Note(ran.instances, ran.code);
  if (all_asked) portion_.NoteAllMessages(asked);
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
    TANDEM_RETURN_IF_ERROR(settlement_.DropForeign(deliveries));
    return std::nullopt;
  }
  QueuedItems queued{{},
                     deliveries.front().lock_token,
                     leases_.Keep(deliveries.front().lock_token),
                     deliveries.front().id};
  for (const tandem::Delivery& delivery : deliveries) {
    queued.delivery_count = std::max(queued.delivery_count, delivery.delivery_count);
    Result<WorkItem> item = DecodeWorkItem(delivery.payload, WhereOf(delivery));
    if (!item.ok()) {
      TANDEM_RETURN_IF_ERROR(
          settlement_.ParkQueued(instance, Stuck{item.status().message()}, queued));
      return std::nullopt;
    }
    queued.items.push_back(*std::move(item));
  }
  TurnCause cause(std::move(queued));
  return inbox_.Offer(instance, cause).runner;
}

Status OrchestrationDispatcher::Complete(ActivityResult result) {
  TANDEM_CHECK(takes_results(), "a result is brought to a turn only where it may be");
  const std::string instance = result.instance;
  TurnCause cause(std::move(result));
  TurnInbox::Offered offered = inbox_.Offer(instance, cause);
  if (!offered.runner) {
    return offered.taken ? Status::Ok() : reporter_.ReportRun(std::get<ActivityResult>(cause));
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
      static_cast<void>(settlement_.Settle(instance.instance, Causes(),
                                           turns_.Answered(*std::move(*turn), {}, *status)));
    }
    // Too large for one batch, e.g. together with its start.
    if (IsDeterministic(status->code())) status = std::nullopt;
  }
  // Messages that came during the turn are work of the runtime, not of the caller.
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
    note(settlement_.Settle(instance, std::move(causes), std::move(verdict)));
  }
  // Somebody else runs what comes from now on, so that what is set aside can't come back here; or
  // it is for another runtime, since this one ends.
  const Causes rest = runner.End();
  if (!rest.empty()) note(settlement_.SetAside(rest));
  return ran;
}

// --- Turns that are stored while no thread waits ------------------------------------------------

void OrchestrationDispatcher::Detach(TurnInbox::Runner runner, Causes causes, PreparedTurn turn) {
  detached_ += 1;
  tandem::Batch batch = std::move(turn.batch);
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
    Verdict stored = turns_.Answered(std::move(detached.turn), detached.causes, status);
    static_cast<void>(settlement_.Settle(
        detached.runner.instance(), std::exchange(detached.causes, Causes()), std::move(stored)));
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
    first_error = settlement_.Settle(instance, std::move(detached.causes), std::move(verdict));
  }
  const Status ran = RunTurns(std::move(detached.runner), /*more_to_do=*/false).first_error;
  if (first_error.ok()) first_error = ran;
  if (!first_error.ok()) LeaveTrouble(first_error);
}

void OrchestrationDispatcher::LeaveTrouble(const Status& status) {
  running_.NoteFailure();
  *trouble_.Lock() = status;
}

}  // namespace duroxide::internal
