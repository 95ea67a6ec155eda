#include "tandem/duroxide_runtime/internal/engine/operation_table.h"

#include <utility>

#include "tandem/base/check.h"

namespace duroxide::internal {

// --- Starting and dropping ----------------------------------------------------------------------

bool OperationTable::Add(std::size_t index, OperationKind kind, std::string target, Timestamp due) {
  TANDEM_REQUIRE(index < next_index_ && !Contains(index),
                 "an operation is added once, by its index");
  ++open_;
  Operation& operation = operations_[index];
  operation.kind = kind;
  operation.target = std::move(target);
  operation.due = due;
  if (kind != OperationKind::kEvent) return false;
  auto event = events_.Begin(operation.target, index);
  if (!event) return false;
  Give(EventQueues::Match{index, *std::move(event)});
  return true;
}

void OperationTable::Identify(std::size_t index, EventId id) {
  const auto found = operations_.find(index);
  if (found == operations_.end()) return;
  found->second.id = id;
  by_id_.emplace(id, index);
}

std::optional<OpenOperation> OperationTable::Drop(std::size_t index) {
  Operation old = Remove(index);
  const bool delivered = old.value.has_value();
  // A result that nobody took is of no use to anybody else; an event is, to the next that waits.
  if (delivered && old.kind != OperationKind::kEvent) return std::nullopt;
  if (delivered) {
    Give(events_.Return(old.target, EventQueues::Event{old.arrival, **std::move(old.value)}));
  } else {
    --open_;
    if (old.kind == OperationKind::kEvent) events_.End(old.target, index);
  }
  return OpenOperation{index, old.id, old.kind, std::move(old.target)};
}

void OperationTable::Forget(std::size_t index) { Remove(index); }

OperationTable::Operation OperationTable::Remove(std::size_t index) {
  auto removed = operations_.extract(index);
  TANDEM_CHECK(!removed.empty(), "an operation is taken or dropped once");
  by_id_.erase(removed.mapped().id);  // 0 names none: its start was not recorded
  return std::move(removed.mapped());
}

std::optional<std::size_t> OperationTable::Oldest() const {
  if (operations_.empty()) return std::nullopt;
  return operations_.begin()->first;
}

// --- Awaiting -----------------------------------------------------------------------------------

bool OperationTable::IsDelivered(std::size_t index) const {
  const auto found = operations_.find(index);
  return found != operations_.end() && found->second.value.has_value();
}

void OperationTable::SetWaiter(std::size_t index, Resumable& waiter) {
  const auto found = operations_.find(index);
  if (found == operations_.end()) return;
  TANDEM_CHECK(found->second.waiter == nullptr, "an operation is awaited once");
  found->second.waiter = &waiter;
}

void OperationTable::ClearWaiter(std::size_t index) {
  const auto found = operations_.find(index);
  if (found != operations_.end()) found->second.waiter = nullptr;
}

Result<std::string> OperationTable::Take(std::size_t index) {
  TANDEM_CHECK(IsDelivered(index), "only a delivered result is taken");
  return *std::move(Remove(index).value);
}

// --- Delivering ---------------------------------------------------------------------------------

bool OperationTable::IsOpen(OperationKind kind, EventId scheduled_id) const {
  const auto found = by_id_.find(scheduled_id);
  if (found == by_id_.end()) return false;
  const Operation& operation = operations_.at(found->second);
  return operation.kind == kind && !operation.value.has_value();
}

Timestamp OperationTable::DueOf(EventId scheduled_id) const {
  TANDEM_REQUIRE(IsOpen(OperationKind::kTimer, scheduled_id), "it is an open timer");
  return operations_.at(by_id_.at(scheduled_id)).due;
}

void OperationTable::Deliver(EventId scheduled_id, Result<std::string> value) {
  TANDEM_REQUIRE(by_id_.contains(scheduled_id), "the operation is open");
  Give(operations_.at(by_id_.at(scheduled_id)), std::move(value));
}

void OperationTable::Settle(EventId scheduled_id, Status status) {
  TANDEM_REQUIRE(by_id_.contains(scheduled_id), "the operation is open");
  Operation& operation = operations_.at(by_id_.at(scheduled_id));
  TANDEM_REQUIRE(!operation.value.has_value(), "the operation is open");
  --open_;
  operation.value = std::move(status);
}

void OperationTable::Give(std::optional<EventQueues::Match> match) {
  if (!match) return;
  Operation& operation = operations_.at(match->wait);
  operation.arrival = match->event.arrival;
  Give(operation, std::move(match->event.payload));
}

void OperationTable::Give(Operation& operation, Result<std::string> value) {
  TANDEM_CHECK(!operation.value.has_value(), "a result is delivered once");
  --open_;
  operation.value = std::move(value);
  // Posted, not resumed: the code runs once all that this step delivers is in its place.
  if (operation.waiter != nullptr) pump_.Post(*std::exchange(operation.waiter, nullptr));
}

}  // namespace duroxide::internal
