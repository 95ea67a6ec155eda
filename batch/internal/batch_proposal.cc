#include "batch/internal/batch_proposal.h"

#include <string>
#include <type_traits>
#include <variant>

#include "base/limits.h"

namespace tandem::internal {

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

const LockToken* TokenOf(const Operation& operation) {
  if (const auto* ack = std::get_if<DeleteMessages>(&operation)) return &ack->lock_token;
  if (const auto* abandon = std::get_if<AbandonMessages>(&operation)) return &abandon->lock_token;
  return nullptr;
}

template <typename T>
constexpr bool kConcernsEvents =
    std::is_same_v<T, AppendEvents> || std::is_same_v<T, UpdateMetadata> ||
    std::is_same_v<T, CheckVersion> || std::is_same_v<T, CheckMetadata>;

Status ValidateOne(const Operation& operation) {
  return std::visit(
      []<typename T>(const T& op) {
        if constexpr (kConcernsEvents<T>) {
          return RocksEventStore::Validate(op);
        } else {
          return RocksMessageQueue::Validate(op);
        }
      },
      operation);
}

}  // namespace

Status ValidateBatch(const std::vector<Operation>& operations) {
  std::vector<OperationFailure> failures;
  std::set<LockToken> tokens;
  Size total{0, 0};
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Size size = std::visit([](const auto& op) { return SizeOf(op); }, operations[i]);
    total.operations += size.operations;
    total.bytes += size.bytes;
    Status status = ValidateOne(operations[i]);
    const LockToken* token = TokenOf(operations[i]);
    if (status.ok() && token != nullptr && !tokens.insert(*token).second) {
      status = Status::InvalidArgument("this lock token occurs twice in the batch");
    }
    if (!status.ok()) failures.push_back({i, std::move(status)});
  }
  if (!failures.empty()) return Status::OfFailures(std::move(failures));
  if (total.operations > kBatchOperationsMax) {
    return Status::TooLarge("a batch of " + std::to_string(total.operations) +
                            " operations; the limit is " + std::to_string(kBatchOperationsMax));
  }
  if (total.bytes > kBatchBytesMax) {
    return Status::TooLarge("a batch of " + std::to_string(total.bytes) + " bytes; the limit is " +
                            std::to_string(kBatchBytesMax));
  }
  return Status::Ok();
}

Status BatchProposal::Stage(Staging& staging, Timestamp now) {
  messages_.BeginChecks();
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    Status status = CheckOne(operations_[i], staging);
    if (!status.ok()) failures_.push_back({i, std::move(status)});
  }
  if (!failures_.empty()) return Status::Ok();
  for (const Operation& operation : operations_) {
    TANDEM_ASSIGN_OR_RETURN(const OperationResult result, StageOne(operation, now, staging));
    result_.operations.push_back(result);
  }
  return Status::Ok();
}

Status BatchProposal::CheckOne(const Operation& operation, const View& view) {
  return std::visit(
      [&]<typename T>(const T& op) {
        if constexpr (std::is_same_v<T, UpdateMetadata>) {
          return Status::Ok();  // no precondition
        } else if constexpr (kConcernsEvents<T>) {
          return events_.Check(op, view);
        } else {
          return messages_.Check(op, view);
        }
      },
      operation);
}

Result<OperationResult> BatchProposal::StageOne(const Operation& operation, Timestamp now,
                                                Staging& staging) {
  return std::visit(
      [&]<typename T>(const T& op) -> Result<OperationResult> {
        OperationResult result;
        if constexpr (std::is_same_v<T, AppendEvents>) {
          TANDEM_ASSIGN_OR_RETURN(result, events_.Stage(op, now, staging));
        } else if constexpr (std::is_same_v<T, UpdateMetadata>) {
          events_.Stage(op, staging);
        } else if constexpr (std::is_same_v<T, Enqueue> || std::is_same_v<T, CancelMessage>) {
          TANDEM_ASSIGN_OR_RETURN(result, messages_.Stage(op, now, staging, effects_));
        } else if constexpr (!kConcernsEvents<T>) {
          TANDEM_RETURN_IF_ERROR(messages_.Stage(op, now, staging, effects_));
        }
        return result;
      },
      operation);
}

void BatchProposal::Publish() {
  if (!failures_.empty()) return;
  messages_.Publish(effects_);
  for (const Operation& operation : operations_) {
    const auto* append = std::get_if<AppendEvents>(&operation);
    if (append != nullptr && !append->events.empty()) events_.Publish(append->stream);
  }
}

Result<BatchResult> BatchProposal::TakeResult() {
  if (!failures_.empty()) return Status::OfFailures(std::move(failures_));
  return std::move(result_);
}

}  // namespace tandem::internal
