#include "tandem/batch/provider.h"

#include <utility>

namespace tandem {

namespace {

// A batch of one operation; its failure is the operation's own, without an index.
Result<OperationResult> Single(Provider& provider, Operation operation,
                               const BatchOptions& options) {
  std::vector<Operation> operations;
  operations.push_back(std::move(operation));
  Result<BatchResult> result = provider.AtomicBatch(std::move(operations), options);
  if (result.ok()) return result->operations.front();
  const auto& failures = result.status().failures();
  return failures.empty() ? result.status() : failures.front().status;
}

}  // namespace

// NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep their arguments.
void Provider::AtomicBatchAsync(std::vector<Operation> /*operations*/,
                                const BatchOptions& /*options*/, BatchCallback callback) {
  callback(Status::Unsupported("this provider has no asynchronous batches"));
}
// NOLINTEND(performance-unnecessary-value-param)

Result<AppendResult> Provider::Append(const StreamId& stream, std::vector<std::string> events,
                                      const AppendOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(OperationResult result,
                          Single(*this, AppendEvents{stream, std::move(events), options.expected},
                                 BatchOptions{options.durability, options.batch_id}));
  return std::get<AppendResult>(result);
}

Result<EnqueueResult> Provider::Enqueue(std::string queue, std::string payload,
                                        const EnqueueOptions& options) {
  TANDEM_ASSIGN_OR_RETURN(
      OperationResult result,
      Single(*this, tandem::Enqueue{std::move(queue), std::move(payload), options},
             BatchOptions{options.durability, {}}));
  return std::get<EnqueueResult>(result);
}

Status Provider::Ack(const LockToken& token, const AckOptions& options) {
  return Single(*this, DeleteMessages{token}, BatchOptions{options.durability, {}}).status();
}

Status Provider::Abandon(const LockToken& token, const AbandonOptions& options) {
  return Single(*this, AbandonMessages{token, options.delay, options.count},
                BatchOptions{options.durability, {}})
      .status();
}

}  // namespace tandem
