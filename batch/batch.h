#pragma once

// A Batch is a list of operations on events and messages that commit together: nothing is visible
// before AtomicBatch has committed it; when that returns, all of it is.
//
//   Batch batch;
//   const auto placed = batch.Append("order-1", "a lamp was ordered");
//   batch.Enqueue("mail", "thank you for order-1");
//   const Result<BatchResult> done = store.AtomicBatch(std::move(batch));
//   if (done.ok()) std::cout << "version " << (*done)[placed].version;

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/base/check.h"
#include "tandem/base/result.h"
#include "tandem/batch/operation.h"

namespace tandem {

// Names an operation of a batch, in the order in which they were added: its `index` is that of
// OperationFailure. BatchResult answers to it with an Outcome; std::monostate: nothing but success.
template <typename Outcome>
struct BatchHandle {
  std::size_t index = 0;
};

// A value; not thread-safe. Each operation says what it does, requires and reports
// (eventstore/event_store.h, messagequeue/message_queue.h).
class Batch {
 public:
  using Done = BatchHandle<std::monostate>;

  Batch() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): AtomicBatch({AppendEvents(...), Enqueue(...)})
  Batch(std::initializer_list<Operation> operations) : operations_(operations) {}
  explicit Batch(std::vector<Operation> operations) : operations_(std::move(operations)) {}

  BatchHandle<AppendResult> Append(StreamId stream, Payloads events,
                                   Expected expected = Expected::Any()) {
    return Add(AppendEvents(std::move(stream), std::move(events), expected));
  }
  Done UpdateMetadata(StreamId stream, std::map<std::string, std::string> set,
                      std::vector<std::string> erase = {}) {
    return Add(tandem::UpdateMetadata(std::move(stream), std::move(set), std::move(erase)));
  }
  BatchHandle<DeleteEventsResult> DeletePartition(StreamId stream) {
    return Add(tandem::DeletePartition(std::move(stream)));
  }
  BatchHandle<DeleteEventsResult> DeleteEntity(std::string entity) {
    return Add(tandem::DeleteEntity(std::move(entity)));
  }
  Done CheckVersion(StreamId stream, Expected expected) {
    return Add(tandem::CheckVersion(std::move(stream), expected));
  }
  Done CheckMetadata(StreamId stream, std::string key, std::optional<std::string> expected) {
    return Add(tandem::CheckMetadata(std::move(stream), std::move(key), std::move(expected)));
  }

  BatchHandle<EnqueueResult> Enqueue(std::string queue, std::string payload,
                                     EnqueueOptions options = {}) {
    return Add(tandem::Enqueue{std::move(queue), std::move(payload), std::move(options)});
  }
  Done Ack(LockToken lock_token) { return Add(DeleteMessages{std::move(lock_token)}); }
  Done Abandon(LockToken lock_token, const AbandonOptions& options = {}) {
    return Add(AbandonMessages{std::move(lock_token), options.delay, options.count});
  }
  BatchHandle<CancelResult> Cancel(std::string queue, std::string key) {
    return Add(CancelMessage{std::move(queue), std::move(key)});
  }
  BatchHandle<DeleteGroupResult> DeleteGroup(std::string queue, std::string group,
                                             std::size_t portion = 0) {
    return Add(tandem::DeleteGroup{std::move(queue), std::move(group), portion});
  }

  // Any operation, for code that composes batches out of others' operations.
  template <typename One>
    requires std::is_constructible_v<Operation, One>
  BatchHandle<OutcomeOf<One>> Add(One operation) {
    operations_.emplace_back(std::move(operation));
    return {operations_.size() - 1};
  }
  // All operations of another batch, behind those that are here.
  void Add(Batch other) {
    operations_.insert(operations_.end(), std::make_move_iterator(other.operations_.begin()),
                       std::make_move_iterator(other.operations_.end()));
  }

  // In the order in which they were added.
  const std::vector<Operation>& operations() const { return operations_; }
  auto begin() const { return operations_.begin(); }
  auto end() const { return operations_.end(); }
  std::vector<Operation> Take() && { return std::move(operations_); }
  std::size_t size() const { return operations_.size(); }
  bool empty() const { return operations_.empty(); }

 private:
  std::vector<Operation> operations_;
};

struct BatchOptions {
  Durability durability = Durability::kSync;

  // Makes the batch repeatable after an unknown outcome; empty = none. Repeating a batch that was
  // applied under the same id applies nothing and returns the first result; the same id with other
  // operations is IdempotencyMismatch. Known for a time (24 h unless the provider's options
  // say otherwise) after it was applied. A batch that was refused leaves no id.
  std::string id = {};
};

struct BatchResult {
  std::vector<OperationResult> operations = {};  // one entry per operation, in order
  bool repeated = false;  // the id was known: this is the first result, and nothing was applied now

  // What the operation reported. REQUIRES: the handle is of the batch that was committed.
  template <typename Outcome>
  const Outcome& operator[](BatchHandle<Outcome> handle) const {
    TANDEM_CHECK(handle.index < operations.size(), "the handle is of another batch");
    const Outcome* outcome = std::get_if<Outcome>(&operations[handle.index]);
    TANDEM_CHECK(outcome != nullptr, "the handle is of another batch");
    return *outcome;
  }
};

// Called exactly once, on a thread of the provider, never within the call that it was passed to.
// The rules of all callbacks of a provider:
//   * It may make asynchronous calls, but must not block: a provider has few threads, and one calls
//     back all batches that were written together, one after the other. Those behind it wait.
//   * It must not throw: an exception out of it ends the process.
//   * It must not destroy the provider, whose destructor waits for it: that fails a check.
using BatchCallback = std::function<void(Result<BatchResult>)>;

}  // namespace tandem
