#include "tandem/batch/internal/rocks/batch_proposal.h"

#include <optional>
#include <type_traits>
#include <variant>

namespace tandem::internal {

namespace {

template <typename T, typename... Options>
constexpr bool kIsOneOf = (std::is_same_v<T, Options> || ...);

template <typename T>
constexpr bool kConcernsEvents = kIsOneOf<T, AppendEvents, UpdateMetadata, DeletePartition,
                                          DeleteEntity, CheckVersion, CheckMetadata>;

template <typename T>
constexpr bool kIsCheck = kIsOneOf<T, CheckVersion, CheckMetadata>;

// What a Stage returns, as what the batch reports of it.
template <typename T>
Result<OperationResult> Reported(Result<T> staged) {
  if (!staged.ok()) return staged.status();
  return OperationResult(*std::move(staged));
}
Result<OperationResult> Reported(const Status& staged) {
  if (!staged.ok()) return staged;
  return OperationResult();
}

}  // namespace

Status BatchProposal::Stage(Staging& staging, Timestamp now) {
  if (!Judge(staging, now)) return Status::Ok();
  for (const Operation& operation : batch_.operations()) {
    TANDEM_ASSIGN_OR_RETURN(const OperationResult result, StageOne(operation, now, staging));
    result_.operations.push_back(result);
  }
  messages_.StageRecords(effects_, staging);
  if (!id_.empty()) ids_.Remember(staging, id_, digest_, result_, now);
  return Status::Ok();
}

bool BatchProposal::Judge(const Staging& staging, Timestamp now) {
  if (!id_.empty()) {
    Result<std::optional<BatchResult>> known = ids_.Find(staging, id_, digest_, now);
    refusal_ = known.status();
    if (!refusal_.ok()) return false;
    if (known->has_value()) {
      result_ = **std::move(known);
      return false;
    }
  }
  messages_.operations().Begin();
  std::vector<OperationFailure> failures;
  const StreamId* writable = nullptr;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    // An append that stands has shown that metadata can be written, too: the common pair costs one
    // look at the head.
    const auto* update = std::get_if<UpdateMetadata>(&batch_.operations()[i]);
    if (update != nullptr && writable != nullptr && update->stream == *writable) continue;
    Status status = CheckOne(batch_.operations()[i], staging);
    const auto* append = std::get_if<AppendEvents>(&batch_.operations()[i]);
    if (append != nullptr && status.ok()) writable = &append->stream;
    if (!status.ok()) failures.push_back({i, std::move(status)});
  }
  if (failures.empty()) return true;
  refusal_ = Status::OfFailures(std::move(failures));
  return false;
}

Status BatchProposal::CheckOne(const Operation& operation, const View& view) {
  return std::visit(
      [&]<typename T>(const T& op) {
        if constexpr (kConcernsEvents<T>) {
          return events_.Check(op, view);
        } else {
          return messages_.operations().Check(op, view, effects_);
        }
      },
      operation);
}

Result<OperationResult> BatchProposal::StageOne(const Operation& operation, Timestamp now,
                                                Staging& staging) {
  return std::visit(
      [&]<typename T>(const T& op) -> Result<OperationResult> {
        if constexpr (kIsCheck<T>) {
          return OperationResult();
        } else if constexpr (kConcernsEvents<T>) {
          return Reported(events_.Stage(op, now, staging));
        } else {
          return Reported(messages_.operations().Stage(op, {staging, effects_, now}));
        }
      },
      operation);
}

void BatchProposal::Publish() {
  messages_.Publish(effects_);
  if (!refusal_.ok() || result_.repeated) return;
  // A new operation is to be looked at here: does a reader wait for what it does?
  static_assert(std::variant_size_v<Operation> == 11);
  for (const Operation& operation : batch_.operations()) {
    const auto* append = std::get_if<AppendEvents>(&operation);
    if (append != nullptr && !append->events.empty()) events_.Publish(append->stream);
    const auto* partition = std::get_if<DeletePartition>(&operation);
    if (partition != nullptr) events_.PublishDeletion(partition->stream.entity);
    const auto* entity = std::get_if<DeleteEntity>(&operation);
    if (entity != nullptr) events_.PublishDeletion(entity->entity);
  }
}

Result<BatchResult> BatchProposal::TakeResult() {
  if (!refusal_.ok()) return refusal_;
  return std::move(result_);
}

}  // namespace tandem::internal
