#include "duroxide_runtime/internal/core.h"

#include <cstdio>
#include <utility>

#include "base/check.h"
#include "duroxide_runtime/limits.h"

namespace duroxide::internal {

namespace {

// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t Mix(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes) hash = Mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

HistoryBody CancelBody(OperationKind kind, EventId scheduled_id) {
  switch (kind) {
    case OperationKind::kActivity:
      return ActivityCancelRequested{scheduled_id};
    case OperationKind::kTimer:
      return TimerCancelled{scheduled_id};
    case OperationKind::kEvent:
      return EventUnsubscribed{scheduled_id};
  }
  TANDEM_CHECK(false, "an unknown kind of operation");
}

// Of the names and inputs in a command.
std::size_t BytesOf(const HistoryBody& body) {
  if (const auto* call = std::get_if<ActivityScheduled>(&body)) {
    return call->name.size() + call->input.size();
  }
  if (const auto* wait = std::get_if<EventSubscribed>(&body)) return wait->name.size();
  return 0;
}

bool IsCancel(const HistoryBody& body) {
  return std::holds_alternative<ActivityCancelRequested>(body) ||
         std::holds_alternative<TimerCancelled>(body) ||
         std::holds_alternative<EventUnsubscribed>(body);
}

}  // namespace

std::size_t Core::Start(OperationKind kind, HistoryBody body) {
  TANDEM_CHECK(!closed_, "an operation is started while its orchestration is being destroyed");
  const std::size_t index = operations_.size();
  Operation operation;
  operation.kind = kind;
  step_operations_ += 1;
  step_bytes_ += BytesOf(body);
  if (step_operations_ > kStepOperationsMax || step_bytes_ > kStepBytesMax) {
    Fail(
        Status::TooLarge("the orchestration asks for too much at once: the limits between two "
                         "awaits are " +
                         std::to_string(kStepOperationsMax) + " operations and " +
                         std::to_string(kStepBytesMax) + " bytes of input"));
    operation.state = Operation::State::kClosed;  // never recorded
    operations_.push_back(std::move(operation));
    return index;
  }
  if (open_ == kOpenOperationsMax) {
    Fail(Status::TooLarge("the orchestration has too much in the air: the limit is " +
                          std::to_string(kOpenOperationsMax) + " operations without a result"));
    operation.state = Operation::State::kClosed;  // never recorded
    operations_.push_back(std::move(operation));
    return index;
  }
  ++open_;
  operations_.push_back(std::move(operation));
  commands_.push_back(Command{index, std::move(body)});
  return index;
}

void Core::Fail(Status status) {
  if (!fatal_) fatal_ = std::move(status);
}

void Core::CheckOperationName(std::string_view what, std::string& name) {
  const Status status = tandem::CheckName(what, name);
  if (status.ok()) return;
  Fail(status);
  name.clear();
}

std::size_t Core::CallActivity(std::string name, std::string input) {
  CheckOperationName("activity name", name);
  if (input.size() > kValueBytesMax) {
    Fail(Status::TooLarge("the input of activity '" + name + "' has " +
                          std::to_string(input.size()) + " bytes, the limit is " +
                          std::to_string(kValueBytesMax)));
    input.clear();
  }
  return Start(OperationKind::kActivity, ActivityScheduled{std::move(name), std::move(input)});
}

std::size_t Core::StartTimer(std::chrono::microseconds duration) {
  return Start(OperationKind::kTimer, TimerCreated{tandem::SaturatingAdd(now_, duration)});
}

std::size_t Core::Subscribe(std::string name) {
  CheckOperationName("event name", name);
  const std::size_t index = Start(OperationKind::kEvent, EventSubscribed{name});
  subscriptions_[std::move(name)].push_back(index);
  return index;
}

bool Core::IsDelivered(std::size_t operation) const {
  return operations_[operation].state == Operation::State::kDelivered;
}

void Core::SetWaiter(std::size_t operation, Resumable& waiter) {
  TANDEM_CHECK(operations_[operation].waiter == nullptr, "an operation is awaited once");
  operations_[operation].waiter = &waiter;
}

Result<std::string> Core::Take(std::size_t operation) {
  Operation& taken = operations_[operation];
  TANDEM_CHECK(taken.state == Operation::State::kDelivered, "only a delivered result is taken");
  taken.state = Operation::State::kClosed;
  Result<std::string> value = *std::move(taken.value);
  taken.value.reset();
  return value;
}

void Core::Drop(std::size_t operation) {
  Operation& dropped = operations_[operation];
  dropped.waiter = nullptr;
  if (dropped.state == Operation::State::kDelivered) {
    dropped.state = Operation::State::kClosed;
    dropped.value.reset();
  } else if (dropped.state == Operation::State::kOpen && !closed_) {
    Cancel(operation);
  }
}

void Core::Cancel(std::size_t operation) {
  Operation& cancelled = operations_[operation];
  cancelled.state = Operation::State::kClosed;
  --open_;
  commands_.push_back(Command{operation, CancelBody(cancelled.kind, 0)});
}

std::string Core::NewUuid() {
  // Version 4, variant 1; 122 bits of a hash of the execution's seed, its name and the counter.
  const std::uint64_t base = Mix(seed_ ^ Mix(instance_)) ^ Mix(execution_);
  const std::uint64_t number = uuids_++;
  const std::uint64_t high = Mix(base + 2 * number);
  const std::uint64_t low = Mix(Mix(base) + 2 * number + 1);
  char text[37];
  std::snprintf(text, sizeof(text), "%08x-%04x-4%03x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>((high >> 16) & 0xffff),
                static_cast<unsigned>(high & 0xfff),
                static_cast<unsigned>(0x8000 | ((low >> 48) & 0x3fff)),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

void Core::Log(LogLevel level, std::string_view text) {
  if (!replaying_ && !closed_) logs_.push_back(LogEntry{level, std::string(text)});
}

void Core::BeginStep(Timestamp now, bool replaying) {
  now_ = now;
  replaying_ = replaying;
  step_operations_ = 0;
  step_bytes_ = 0;
}

bool Core::IsOpen(OperationKind kind, EventId scheduled_id) const {
  const auto found = by_id_.find(scheduled_id);
  if (found == by_id_.end()) return false;
  const Operation& operation = operations_[found->second];
  return operation.kind == kind && operation.state == Operation::State::kOpen;
}

void Core::Deliver(EventId scheduled_id, Result<std::string> value) {
  Operation& operation = operations_[by_id_.at(scheduled_id)];
  TANDEM_CHECK(operation.state == Operation::State::kOpen, "a result is delivered once");
  operation.state = Operation::State::kDelivered;
  --open_;
  operation.value = std::move(value);
  if (operation.waiter != nullptr) pump_.Post(*std::exchange(operation.waiter, nullptr));
}

void Core::Raise(const std::string& name, const std::string& payload) {
  const auto found = subscriptions_.find(name);
  if (found == subscriptions_.end()) return;
  std::deque<std::size_t>& waiting = found->second;
  while (!waiting.empty()) {
    const Operation& oldest = operations_[waiting.front()];
    waiting.pop_front();
    if (oldest.state != Operation::State::kOpen) continue;  // dropped meanwhile
    Deliver(oldest.id, payload);
    return;
  }
}

void Core::CancelOpen() {
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    if (operations_[i].state == Operation::State::kOpen) Cancel(i);
  }
}

std::vector<HistoryBody> Core::TakeCommands(EventId first_id) {
  std::vector<HistoryBody> bodies;
  bodies.reserve(commands_.size());
  EventId id = first_id;
  for (Command& command : commands_) {
    Operation& operation = operations_[command.operation];
    if (IsCancel(command.body)) {
      command.body = CancelBody(operation.kind, operation.id);
    } else {
      operation.id = id;
      by_id_.emplace(id, command.operation);
    }
    bodies.push_back(std::move(command.body));
    ++id;
  }
  commands_.clear();
  return bodies;
}

}  // namespace duroxide::internal
