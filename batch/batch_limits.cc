#include "tandem/batch/batch_limits.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "tandem/base/limits.h"
#include "tandem/base/result.h"
#include "tandem/eventstore/event_limits.h"
#include "tandem/messagequeue/queue_limits.h"

namespace tandem {

namespace {

struct Size {
  std::size_t operations = 1;
  std::size_t bytes = 0;
};

Size SizeOf(const AppendEvents& append) {
  Size size{append.events.size() + 1, append.stream.entity.size()};
  for (const std::string& event : append.events) size.bytes += event.size();
  return size;
}

Size SizeOf(const UpdateMetadata& update) {
  Size size{update.set.size() + update.erase.size() + 1, update.stream.entity.size()};
  for (const auto& [key, value] : update.set) size.bytes += key.size() + value.size();
  for (const std::string& key : update.erase) size.bytes += key.size();
  return size;
}

Size SizeOf(const Enqueue& enqueue) {
  return {1, enqueue.queue.size() + enqueue.payload.size() + enqueue.options.group.size() +
                 enqueue.options.key.size()};
}

Size SizeOf(const CheckVersion& check) { return {1, check.stream.entity.size()}; }

Size SizeOf(const CheckMetadata& check) {
  return {1, check.stream.entity.size() + check.key.size() + check.expected.value_or("").size()};
}

Size SizeOf(const DeleteMessages& ack) { return {1, ack.lock_token.bytes.size()}; }

Size SizeOf(const AbandonMessages& abandon) { return {1, abandon.lock_token.bytes.size()}; }

Size SizeOf(const CancelMessage& cancel) { return {1, cancel.queue.size() + cancel.key.size()}; }

Size SizeOf(const DeleteGroup& remove) { return {1, remove.queue.size() + remove.group.size()}; }

Size SizeOf(const DeletePartition& remove) { return {1, remove.stream.entity.size()}; }

Size SizeOf(const DeleteEntity& remove) { return {1, remove.entity.size()}; }

const LockToken* TokenOf(const Operation& operation) {
  if (const auto* ack = std::get_if<DeleteMessages>(&operation)) return &ack->lock_token;
  if (const auto* abandon = std::get_if<AbandonMessages>(&operation)) return &abandon->lock_token;
  return nullptr;
}

// A token ends one lease, a key can be claimed once, and what a batch deletes it must not change
// besides: else the order of its operations would decide whether anything is left, against the
// preconditions. REQUIRES: the operations that are added outlive it.
class Combinations {
 public:
  Status Add(const Operation& operation) {
    if (const LockToken* token = TokenOf(operation);
        token != nullptr && !tokens_.insert(token->bytes).second) {
      return Status::InvalidArgument("this lock token occurs twice in the batch");
    }
    if (const auto* check = std::get_if<CheckMetadata>(&operation);
        check != nullptr && check->otherwise && !check->expected &&
        !claims_.emplace(check->stream.entity, check->stream.partition, check->key).second) {
      return Status::InvalidArgument("an operation before it claims the same; leave one out (" +
                                     check->otherwise->message() + ")");
    }
    // A new operation is to be looked at here: does it change or delete what others may?
    static_assert(std::variant_size_v<Operation> == 11);
    bool collides = false;
    if (const auto* append = std::get_if<AppendEvents>(&operation)) {
      collides = Collides(append->stream, /*deletes=*/false);
    } else if (const auto* update = std::get_if<UpdateMetadata>(&operation)) {
      collides = Collides(update->stream, /*deletes=*/false);
    } else if (const auto* partition = std::get_if<DeletePartition>(&operation)) {
      collides = Collides(partition->stream, /*deletes=*/true);
    } else if (const auto* entity = std::get_if<DeleteEntity>(&operation)) {
      collides = !changed_entities_.try_emplace(entity->entity, /*deleted=*/true).second;
    }
    if (!collides) return Status::Ok();
    return Status::InvalidArgument("the batch deletes what it also changes; use two batches");
  }

 private:
  bool Collides(const StreamId& stream, bool deletes) {
    const auto [entity, first] = changed_entities_.try_emplace(stream.entity, /*deleted=*/false);
    if (entity->second) return true;
    const auto [known, new_stream] =
        changed_streams_.try_emplace({stream.entity, stream.partition}, deletes);
    return !new_stream && (deletes || known->second);
  }

  // The names are those of the operations.
  std::set<std::string_view> tokens_;
  std::set<std::tuple<std::string_view, std::uint64_t, std::string_view>> claims_;
  std::map<std::string_view, bool> changed_entities_;                           // -> deleted
  std::map<std::pair<std::string_view, std::uint64_t>, bool> changed_streams_;  // -> deleted
};

}  // namespace

Status ValidateBatch(const Batch& batch, const BatchOptions& options) {
  TANDEM_RETURN_IF_ERROR(CheckOptionalName("batch id", options.id));
  std::vector<OperationFailure> failures;
  Combinations combinations;
  Size total{0, options.id.size()};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Size size = std::visit([](const auto& op) { return SizeOf(op); }, batch.operations()[i]);
    total.operations += size.operations;
    total.bytes += size.bytes;
    Status status = std::visit([](const auto& op) { return Validate(op); }, batch.operations()[i]);
    if (status.ok()) status = combinations.Add(batch.operations()[i]);
    if (!status.ok()) failures.push_back({i, std::move(status)});
  }
  if (!failures.empty()) return Status::OfFailures(std::move(failures));
  if (total.operations > kBatchOperationsMax) {
    return Status::TooLarge("the batch has " + std::to_string(total.operations) +
                            " operations, the limit is " + std::to_string(kBatchOperationsMax));
  }
  if (total.bytes > kBatchBytesMax) return OverLimit("the batch", total.bytes, kBatchBytesMax);
  return Status::Ok();
}

Status ValidateRetention(std::chrono::milliseconds retention) {
  if (retention > std::chrono::milliseconds::zero()) return Status::Ok();
  return Status::InvalidArgument("batch_id_retention must be positive");
}

}  // namespace tandem
