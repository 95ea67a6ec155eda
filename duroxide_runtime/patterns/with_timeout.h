#pragma once

// A limit to how long an orchestration waits.
//
//   const Result<Decision> decision =
//       co_await WithTimeout(ctx, ctx.WaitForEvent(kDecision), std::chrono::hours(72));

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "tandem/base/clock.h"
#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/task.h"
#include "tandem/duroxide_runtime/when.h"

namespace duroxide {

// The result of a future, child or task, or DeadlineExceeded when it has none after `limit`. Then
// it is dropped: an activity is taken out of its queue, a child is cancelled, an event that comes
// later waits for another reader. (An instance that ends with it ends with Unavailable: no instance
// fails with DeadlineExceeded.)
template <Durable Operand>
  requires internal::Fallible<typename Operand::Output>
Task<typename Operand::Output> WithTimeout(OrchestrationContext ctx, Operand operand,
                                           tandem::Saturated<std::chrono::microseconds> limit) {
  Timer timer = ctx.StartTimer(limit);
  auto first = co_await WhenAny(std::move(operand), std::move(timer));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(limit.value());
  co_return Status::DeadlineExceeded("nothing came within " + std::to_string(waited.count()) +
                                     " ms");
}

}  // namespace duroxide
