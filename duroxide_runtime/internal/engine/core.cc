#include "duroxide_runtime/internal/engine/core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "duroxide_runtime/internal/engine/failure.h"
#include "duroxide_runtime/internal/engine/names.h"
#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// What the record of a message read at once weighs in its step, beside the mailbox's name.
constexpr std::size_t kReceiptBytes = 64;

HistoryBody CancelBody(OperationKind kind, EventId scheduled_id, const std::string& target) {
  switch (kind) {
    case OperationKind::kActivity:
      return ActivityCancelRequested{scheduled_id, target};
    case OperationKind::kTimer:
      return TimerCancelled{scheduled_id};
    case OperationKind::kEvent:
      return EventUnsubscribed{scheduled_id};
    case OperationKind::kMessage:
      return MailboxUnsubscribed{scheduled_id};
    case OperationKind::kChild:
      return ChildCancelRequested{scheduled_id, target};
  }
  TANDEM_CHECK(false, "an unknown kind of operation");
}

Failure StepUsesContext(const std::string& step) {
  return Failure::Of(Status::InvalidArgument(
      "local step '" + step +
      "' uses the context: a local step must not use the context, since a replay does not run it"));
}

Status TooMuchAtOnce() {
  return Status::TooLarge(
      "the orchestration asks for too much at once: the limits between two awaits are " +
      std::to_string(kStepOperationsMax) + " operations and " + std::to_string(kStepBytesMax) +
      " bytes of input");
}

// Sets the id in a cancellation that was made before its operation had one.
void SetScheduledId(HistoryBody& body, EventId id) {
  std::visit(
      [id](auto& event) {
        if constexpr (requires { event.scheduled_id; }) event.scheduled_id = id;
      },
      body);
}

// Those of the scopes that enclose no other, in the same order.
std::vector<PromiseBase*> InnermostOf(const std::vector<PromiseBase*>& scopes) {
  std::unordered_map<const PromiseBase*, bool> encloses;  // by parent; looked up only
  for (const PromiseBase* scope : scopes) encloses.emplace(scope->parent(), false);
  for (const PromiseBase* scope : scopes) {
    const PromiseBase* outer = scope->parent()->parent();
    while (outer != nullptr && !encloses.contains(outer)) outer = outer->parent();
    if (outer != nullptr) encloses[outer] = true;
  }
  std::vector<PromiseBase*> innermost;
  std::ranges::copy_if(scopes, std::back_inserter(innermost),
                       [&](const PromiseBase* scope) { return !encloses[scope->parent()]; });
  return innermost;
}

}  // namespace

// --- Starting -----------------------------------------------------------------------------------

void Core::Fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
}

void Core::FailWith(const Status& status) {
  Fail(running_step_ ? StepUsesContext(*running_step_) : Failure::Of(status));
}

bool Core::MayAct() {
  if (running_step_) Fail(StepUsesContext(*running_step_));
  return !running_step_;
}

void Core::CheckOperationName(std::string_view what, const std::string& name) {
  if (const Status status = CheckName(what, name); !status.ok()) FailWith(status);
}

void Core::CheckBytes(std::string_view what, const std::string& bytes, std::size_t max) {
  if (bytes.size() <= max) return;
  FailWith(Status::TooLarge("the " + std::string(what) + " has " + std::to_string(bytes.size()) +
                            " bytes, the limit is " + std::to_string(max)));
}

bool Core::FitsStep(std::size_t bytes) {
  step_commands_ += 1;
  step_bytes_ += bytes;
  if (step_commands_ <= kStepOperationsMax && step_bytes_ <= kStepBytesMax) return true;
  FailWith(TooMuchAtOnce());
  return false;
}

std::string Core::InDestructor(std::string_view what) const {
  return std::string(what) + " while its orchestration is being destroyed, so by a destructor: " +
         NameOf("orchestration", started_.name) + " of " + NameOf("instance", instance_);
}

std::size_t Core::Start(OperationKind kind, std::string target, HistoryBody body) {
  TANDEM_CHECK(!closed_, InDestructor("an operation is started").c_str());
  const std::size_t index = next_operation_++;
  if (!MayAct() || failure_ || !FitsStep(ContentBytes(body))) return index;  // never recorded
  if (open_ == kOpenOperationsMax) {
    FailWith(Status::TooLarge("the orchestration has too much in the air: the limit is " +
                              std::to_string(kOpenOperationsMax) + " operations without a result"));
    return index;
  }
  ++open_;
  Operation& operation = operations_[index];
  operation.kind = kind;
  operation.target = std::move(target);
  if (const auto* timer = std::get_if<TimerCreated>(&body)) operation.due = timer->fire_at;
  commands_.push_back(Command{std::move(body), index});
  return index;
}

bool Core::AddCommand(HistoryBody body) {
  TANDEM_CHECK(!closed_, InDestructor("something is recorded").c_str());
  if (!MayAct() || failure_ || !FitsStep(ContentBytes(body))) return false;
  commands_.push_back(Command{std::move(body), std::nullopt});
  return true;
}

std::size_t Core::CallActivity(std::string name, std::string input, const std::string& tag) {
  CheckOperationName("activity name", name);
  CheckBytes("input of activity '" + name + "'", input, kValueBytesMax);
  if (const Status status = CheckTag(tag); !status.ok()) FailWith(status);
  return Start(OperationKind::kActivity, tag,
               ActivityScheduled{std::move(name), std::move(input), tag});
}

std::size_t Core::StartTimer(std::chrono::microseconds duration) {
  return StartTimerAt(tandem::SaturatingAdd(now_, duration));
}

std::size_t Core::StartTimerAt(Timestamp fire_at) {
  return Start(OperationKind::kTimer, {}, TimerCreated{fire_at});
}

std::size_t Core::Subscribe(const std::string& name) {
  CheckOperationName("event name", name);
  const std::size_t index = Start(OperationKind::kEvent, name, EventSubscribed{name});
  if (operations_.contains(index)) subscriptions_[name].push_back(index);
  return index;
}

std::size_t Core::Receive(const std::string& mailbox) {
  CheckOperationName("mailbox name", mailbox);
  const std::size_t index = Start(OperationKind::kMessage, mailbox, MailboxSubscribed{mailbox});
  if (!operations_.contains(index)) return index;
  if (auto message = mailboxes_.Take(mailbox)) {
    // A record without any operation to follow: it counts by its bytes alone, so that a full
    // mailbox can be read to its end.
    --step_commands_;
    step_bytes_ += kReceiptBytes;
    GiveMessage(index, *std::move(message));
  } else {
    mailboxes_.Wait(mailbox, index);
  }
  return index;
}

Core::Child Core::StartChild(std::string name, std::optional<OrchestrationVersion> version,
                             std::string instance, std::string input) {
  CheckOperationName("orchestration name", name);
  CheckBytes("input of orchestration '" + name + "'", input, kValueBytesMax);
  if (instance.empty()) {
    ++children_;
    instance = ChildId(instance_, execution_, children_, determinism_->ForChild(children_));
    CheckBytes("instance id of the child", instance, kInstanceIdBytesMax);
  } else if (const Status status = CheckNewInstance(instance); !status.ok()) {
    FailWith(status);
  }
  const std::size_t index =
      Start(OperationKind::kChild, instance,
            ChildScheduled{std::move(name), version, instance, std::move(input)});
  return Child{index, std::move(instance)};
}

void Core::StartDetached(std::string name, std::optional<OrchestrationVersion> version,
                         std::string instance, std::string input) {
  CheckOperationName("orchestration name", name);
  CheckBytes("input of orchestration '" + name + "'", input, kValueBytesMax);
  if (const Status status = CheckNewInstance(instance); !status.ok()) FailWith(status);
  AddCommand(DetachedStarted{std::move(name), version, std::move(instance), std::move(input)});
}

// --- Awaiting and dropping ----------------------------------------------------------------------

bool Core::IsDelivered(std::size_t operation) const {
  const auto found = operations_.find(operation);
  return found != operations_.end() && found->second.value.has_value();
}

void Core::SetWaiter(std::size_t operation, Resumable& waiter) {
  const auto found = operations_.find(operation);
  if (found == operations_.end()) return;  // over a limit: the execution is about to end
  TANDEM_CHECK(found->second.waiter == nullptr, "an operation is awaited once");
  found->second.waiter = &waiter;
}

Result<std::string> Core::Take(std::size_t operation) {
  const auto taken = operations_.extract(operation);
  TANDEM_CHECK(!taken.empty() && taken.mapped().value.has_value(),
               "only a delivered result is taken");
  by_id_.erase(taken.mapped().id);
  return *std::move(taken.mapped().value);
}

void Core::Drop(std::size_t operation) {
  if (!operations_.contains(operation)) return;
  if (!closed_ && !MayAct()) return;  // cancelled at the end
  auto dropped = operations_.extract(operation);
  Operation& old = dropped.mapped();
  by_id_.erase(old.id);
  if (!old.value.has_value()) {
    if (!closed_) Cancel(operation, old);
    return;
  }
  if (old.kind == OperationKind::kMessage && !closed_) {
    Mailboxes::Message message{old.arrival, **std::move(old.value)};
    if (const auto next = mailboxes_.NextWaiting(old.target)) {
      GiveMessage(*next, std::move(message));
    } else {
      mailboxes_.Put(old.target, std::move(message));
    }
  }
}

void Core::Cancel(std::size_t index, const Operation& operation) {
  --open_;
  if (operation.kind == OperationKind::kMessage) mailboxes_.StopWaiting(operation.target, index);
  if (operation.kind == OperationKind::kEvent) std::erase(subscriptions_[operation.target], index);
  Command command{CancelBody(operation.kind, operation.id, operation.target), std::nullopt};
  if (operation.id == 0) command.operation = index;
  commands_.push_back(std::move(command));
}

// --- What is done at once -----------------------------------------------------------------------

const HistoryBody* Core::NextRecorded() const {
  if (commands_.size() >= recorded_.size()) return nullptr;
  return &recorded_[commands_.size()].body;
}

std::optional<Failure> Core::EndIn(const std::string& step) const {
  if (recorded_.empty()) return std::nullopt;
  const auto* failed = std::get_if<OrchestrationFailed>(&recorded_.back().body);
  if (failed == nullptr) return std::nullopt;
  const Failure& end = failed->failure;
  const bool is_the_steps = end == StepUsesContext(step) || end == Failure::Of(TooMuchAtOnce());
  return is_the_steps ? std::make_optional(end) : std::nullopt;
}

Result<std::string> Core::RunStep(std::string name,
                                  const std::function<Result<std::string>()>& step) {
  CheckOperationName("step name", name);
  if (!MayAct() || failure_) return failure_->ToStatus();
  StepRecorded record{std::move(name), {}, std::nullopt};
  if (replaying_) {
    const HistoryBody* next = NextRecorded();
    const auto* recorded = next == nullptr ? nullptr : std::get_if<StepRecorded>(next);
    if (recorded != nullptr && recorded->name == record.name) {
      record = *recorded;
    } else if (std::optional<Failure> end = EndIn(record.name)) {
      Fail(*std::move(end));
      return failure_->ToStatus();
    } else {
      // The difference is found when the commands are compared; until then nothing runs.
      record.failure = Failure::Of(Status::Internal("the history does not hold this step"));
    }
  } else {
    Result<std::string> result = Status::Internal("not run");
    running_step_ = record.name;
    try {
      result = step();
    } catch (...) {
      result = FailureOfException(NameOf("local step", record.name), std::current_exception());
    }
    running_step_.reset();
    if (failure_) return failure_->ToStatus();
    if (result.ok() && result->size() > kValueBytesMax) {
      result = Status::TooLarge("the output of the step has " + std::to_string(result->size()) +
                                " bytes, the limit is " + std::to_string(kValueBytesMax));
    }
    if (result.ok()) {
      record.output = *std::move(result);
    } else {
      record.failure = Failure::Of(result.status());
    }
  }
  Result<std::string> outcome = record.output;
  if (record.failure) outcome = record.failure->ToStatus();
  AddCommand(std::move(record));
  return outcome;
}

bool Core::Patched(std::string_view id) {
  if (!MayAct()) return false;
  if (const auto known = patches_.find(id); known != patches_.end()) return known->second;
  std::string name(id);
  CheckOperationName("patch id", name);
  const PatchRecorded record{name};
  const HistoryBody* next = NextRecorded();
  const bool patched = !replaying_ || (next != nullptr && *next == HistoryBody(record));
  patches_.emplace(std::move(name), patched);
  if (patched) AddCommand(record);
  return patched;
}

void Core::SetCustomStatus(std::optional<std::string> value) {
  if (value) CheckBytes("custom status", *value, kCustomStatusBytesMax);
  CustomStatus next{std::move(value), custom_status_.version + 1};
  if (AddCommand(CustomStatusSet{next})) custom_status_ = std::move(next);
}

void Core::SetKv(const std::string& key, std::string value) {
  CheckOperationName("key", key);
  CheckBytes("value of key '" + key + "'", value, kKvValueBytesMax);
  if (!kv_.entries().contains(key) && kv_.entries().size() >= kKvKeysMax) {
    FailWith(Status::TooLarge("an instance has at most " + std::to_string(kKvKeysMax) + " keys"));
  }
  if (AddCommand(KvSet{key, value})) kv_.Set(key, KvEntry{std::move(value), now_});
}

void Core::EraseKv(const std::string& key) {
  if (!kv_.entries().contains(key)) return;
  if (AddCommand(KvErased{key})) kv_.Erase(key);
}

void Core::ContinueAsNew(std::string_view name, std::optional<OrchestrationVersion> version,
                         std::string input) {
  if (!MayAct()) return;
  if (name != started_.name) {
    FailWith(Status::InvalidArgument("orchestration '" + started_.name +
                                     "' can't continue as new as '" + std::string(name) + "'"));
  }
  CheckBytes("input", input, kValueBytesMax);
  if (!continuation_) continuation_ = OrchestrationContinuedAsNew{std::move(input), version, {}};
}

std::optional<OrchestrationContinuedAsNew> Core::Continuation() const {
  if (!continuation_) return std::nullopt;
  OrchestrationContinuedAsNew continuation = *continuation_;
  continuation.mailbox = mailboxes_.Unread();
  return continuation;
}

std::string Core::NewUuid() {
  MayAct();
  return determinism_->NewUuid();
}

std::uint64_t Core::NewRandom() {
  MayAct();
  return determinism_->NewRandom();
}

void Core::Log(LogLevel level, std::string_view text) {
  if (!replaying_ && !closed_) logs_.push_back(LogEntry{level, std::string(text)});
}

// --- The engine's side --------------------------------------------------------------------------

void Core::BeginStep(EventId id, Timestamp now, bool replaying,
                     std::span<const HistoryEvent> recorded) {
  step_ = id;
  now_ = now;
  replaying_ = replaying;
  recorded_ = recorded;
  step_commands_ = 0;
  step_bytes_ = 0;
}

void Core::Begin(const Started& started) {
  started_ = started;
  started_.input.clear();
  started_.mailbox.clear();
  custom_status_ = started.custom_status;
  determinism_.emplace(instance_, execution_, started.seed);
  for (const MailboxMessage& message : started.mailbox) Put(message);
}

bool Core::IsOpen(OperationKind kind, EventId scheduled_id) const {
  const auto found = by_id_.find(scheduled_id);
  if (found == by_id_.end()) return false;
  const Operation& operation = operations_.at(found->second);
  return operation.kind == kind && !operation.value.has_value();
}

void Core::Deliver(EventId scheduled_id, Result<std::string> value) {
  Give(operations_.at(by_id_.at(scheduled_id)), std::move(value));
}

void Core::Settle(EventId scheduled_id, Failure failure) {
  --open_;
  operations_.at(by_id_.at(scheduled_id)).value = failure.ToStatus();
  Fail(std::move(failure));
}

void Core::Give(Operation& operation, Result<std::string> value) {
  TANDEM_CHECK(!operation.value.has_value(), "a result is delivered once");
  --open_;
  operation.value = std::move(value);
  if (operation.waiter != nullptr) pump_.Post(*std::exchange(operation.waiter, nullptr));
}

void Core::GiveMessage(std::size_t index, Mailboxes::Message message) {
  Operation& operation = operations_.at(index);
  operation.arrival = message.arrival;
  Give(operation, std::move(message.payload));
}

void Core::Raise(const std::string& name, const std::string& payload) {
  const auto found = subscriptions_.find(name);
  if (found == subscriptions_.end()) return;
  if (found->second.empty()) return;
  const std::size_t oldest = found->second.front();
  found->second.pop_front();
  Give(operations_.at(oldest), payload);
}

void Core::Put(const MailboxMessage& message) {
  Mailboxes::Message arrived{mailboxes_.NextArrival(), message.payload};
  if (const auto next = mailboxes_.NextWaiting(message.mailbox)) {
    GiveMessage(*next, std::move(arrived));
  } else {
    mailboxes_.Put(message.mailbox, std::move(arrived));
  }
}

void Core::RequestCancel(std::string reason) {
  TANDEM_CHECK(!cancel_reason_.has_value(), "only the first request to cancel counts");
  cancel_reason_ = std::move(reason);
  if (scopes_.empty()) {
    Fail(Failure::Of(Status::Cancelled("cancelled: " + *cancel_reason_),
                     FailureCategory::kCancelled));
    return;
  }
  for (PromiseBase* scope : InnermostOf(scopes_)) pump_.Post(*scope);
  scopes_.clear();
}

void Core::CancelOpen() {
  while (!operations_.empty()) Drop(operations_.begin()->first);
}

std::vector<HistoryBody> Core::TakeCommands(EventId first_id) {
  std::vector<HistoryBody> bodies;
  bodies.reserve(commands_.size());
  std::unordered_map<std::size_t, EventId> started;  // by these commands
  EventId id = first_id;
  for (Command& command : commands_) {
    if (command.operation) {
      const auto [start, is_start] = started.try_emplace(*command.operation, id);
      const auto operation = operations_.find(*command.operation);
      if (!is_start) {
        SetScheduledId(command.body, start->second);
      } else if (operation != operations_.end()) {
        operation->second.id = id;
        by_id_.emplace(id, operation->first);
      }
    }
    bodies.push_back(std::move(command.body));
    ++id;
  }
  commands_.clear();
  return bodies;
}

}  // namespace duroxide::internal
