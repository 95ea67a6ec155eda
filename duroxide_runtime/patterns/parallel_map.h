#pragma once

// An activity or a task for each item of a list, a limited number at a time.
//
//   std::vector<Digest> digests = co_await OrFail(ParallelMap(ctx, files, 8, kHash));

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/task.h"
#include "tandem/duroxide_runtime/when.h"

namespace duroxide {

namespace internal {

template <typename Item, typename Out, typename Step>
struct MapState {
  std::vector<Item> items;
  Step step;
  std::vector<std::optional<Out>> results;
  std::size_t next = 0;  // the first item that nobody has taken
};

// One of those that share the items. Ends with the first failure that it meets, and makes the
// others take no more.
template <typename Item, typename Out, typename Step>
Task<Status> MapWorker(OrchestrationContext ctx,
                       std::shared_ptr<MapState<Item, Out, Step>> shared) {
  while (shared->next < shared->items.size()) {
    const std::size_t mine = shared->next++;
    Result<Out> result = co_await shared->step(ctx, shared->items[mine]);
    if (!result.ok()) {
      shared->next = shared->items.size();
      co_return result.status();
    }
    shared->results[mine] = *std::move(result);
  }
  co_return Status::Ok();
}

template <typename Item, typename Out, typename Step>
Task<Result<std::vector<Out>>> MapAll(OrchestrationContext ctx,
                                      std::shared_ptr<MapState<Item, Out, Step>> shared,
                                      std::size_t limit) {
  std::vector<Task<Status>> workers;
  const std::size_t count = std::min(std::max<std::size_t>(limit, 1), shared->items.size());
  while (workers.size() < count) workers.push_back(MapWorker<Item, Out, Step>(ctx, shared));
  const std::vector<Status> ends = co_await WhenAll(std::move(workers));
  for (const Status& end : ends) {
    if (!end.ok()) co_return end;
  }
  std::vector<Out> results;
  results.reserve(shared->results.size());
  for (std::optional<Out>& result : shared->results) results.push_back(*std::move(result));
  co_return results;
}

template <typename Out, typename Item, typename Step>
std::shared_ptr<MapState<Item, Out, Step>> ShareItems(std::vector<Item> items, Step step) {
  std::vector<std::optional<Out>> results(items.size());
  return std::make_shared<MapState<Item, Out, Step>>(
      MapState<Item, Out, Step>{std::move(items), std::move(step), std::move(results), 0});
}

// The step that calls an activity.
template <typename Out, typename In>
struct CallActivity {
  Activity<Out(In)> activity;
  CallOptions options;

  Future<Out> operator()(OrchestrationContext ctx, const In& item) const {
    return ctx.Call(activity, item, options);
  }
};

template <typename Step, typename Item>
using StepOutput = typename FallibleValue<
    typename std::invoke_result_t<Step, OrchestrationContext, Item>::Output>::Type;

}  // namespace internal

// The outputs in the order of the items. No more than `limit` (at least 1) run at a time. A failure
// begins no other, lets those that run come to their end, and is the result; of several the first
// in order of the workers.
template <typename Out, typename In>
Task<Result<std::vector<Out>>> ParallelMap(OrchestrationContext ctx,
                                           std::type_identity_t<std::vector<In>> items,
                                           std::size_t limit, const Activity<Out(In)>& activity,
                                           const CallOptions& options = CallOptions()) {
  using Step = internal::CallActivity<Out, In>;
  return internal::MapAll<In, Out, Step>(
      ctx, internal::ShareItems<Out>(std::move(items), Step{activity, options}), limit);
}

// The same for several steps an item: `step` is a plain function, or a lambda without captures,
// Task<Result<Out>>(OrchestrationContext, Item).
template <typename Item, typename Step>
  requires std::is_invocable_v<Step, OrchestrationContext, Item>
Task<Result<std::vector<internal::StepOutput<Step, Item>>>> ParallelMap(OrchestrationContext ctx,
                                                                        std::vector<Item> items,
                                                                        std::size_t limit,
                                                                        Step step) {
  static_assert(std::is_empty_v<Step> || std::is_pointer_v<Step>,
                "the step of ParallelMap is a plain function or a lambda without captures");
  using Out = internal::StepOutput<Step, Item>;
  return internal::MapAll<Item, Out, Step>(ctx, internal::ShareItems<Out>(std::move(items), step),
                                           limit);
}

}  // namespace duroxide
