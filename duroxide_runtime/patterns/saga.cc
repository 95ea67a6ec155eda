#include "tandem/duroxide_runtime/patterns/saga.h"

#include <chrono>

namespace duroxide {

RetryPolicy Saga::UntilItSucceeds() {
  return RetryPolicy().Attempts(1'000'000).Backoff(std::chrono::milliseconds(200), 2,
                                                   std::chrono::hours(1));
}

// Outside of Cancellable a request would end the instance between two undos. Within, it interrupts
// one, which is then done again; no second request comes.
Task<Status> Saga::UndoInScope(OrchestrationContext ctx, Undo undo) {
  Status status = co_await Cancellable(ctx, undo.call(ctx));
  if (status.code() == StatusCode::kCancelled) status = co_await Cancellable(ctx, undo.call(ctx));
  co_return status;
}

}  // namespace duroxide
