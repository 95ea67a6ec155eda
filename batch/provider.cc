#include "tandem/batch/provider.h"

#include <utility>

namespace tandem {

namespace {

// A batch of one operation; its failure is the operation's own, without an index.
template <typename One>
Result<OutcomeOf<One>> Single(Provider& provider, One operation, const BatchOptions& options) {
  Batch batch;
  const auto only = batch.Add(std::move(operation));
  const Result<BatchResult> result = provider.AtomicBatch(std::move(batch), options);
  if (result.ok()) return (*result)[only];
  const auto& failures = result.status().failures();
  return failures.empty() ? result.status() : failures.front().status;
}

}  // namespace

// NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep their arguments.
void Provider::AtomicBatchAsync(Batch /*batch*/, const BatchOptions& /*options*/,
                                BatchCallback callback) {
  callback(Status::Unsupported("this provider has no asynchronous batches"));
}
// NOLINTEND(performance-unnecessary-value-param)

Result<AppendResult> Provider::Append(const StreamId& stream, Payloads events,
                                      const AppendOptions& options) {
  return Single(*this, AppendEvents{stream, std::move(events), options.expected},
                BatchOptions{options.durability, options.batch_id});
}

Result<EnqueueResult> Provider::Enqueue(std::string queue, std::string payload,
                                        const EnqueueOptions& options) {
  return Single(*this, tandem::Enqueue{std::move(queue), std::move(payload), options},
                BatchOptions{options.durability, {}});
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
