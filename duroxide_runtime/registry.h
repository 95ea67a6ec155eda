#pragma once

// A Registry says which code stands behind the names of orchestrations and activities. It is
// filled, then moved into a Runtime, and does not change from there on.
//
//   registry.Add(kHash, [](duroxide::ActivityContext& ctx, FileList in) -> Result<Digest> {...});
//   registry.Add(kChecksum, Checksum);  // Task<Result<Summary>>(OrchestrationContext, Input)
//   registry.Add(kTrip, BookTrip);      // Task<Result<Tickets>>(OrchestrationContext, Saga, Trip)
//   registry.Add(kMail, SendMail);      // Status(ActivityContext&, Letter): its output is Unit
//   registry.Add(kCharge, Charge);      // Result<WithOperations<Receipt>>(ActivityContext&, Order)
//   registry.Add(kChecksum, {2, 0, 0}, Checksum2);  // beside it, for instances that start from now
//   on
//
// An orchestration may be there in several versions (without one it is 1.0.0). An instance takes
// the one that the policy chooses, the latest unless another is pinned, and keeps to exactly that
// one until it continues as new. So old versions stay registered as long as instances run on them.
//
// Activities are called from several threads at once. An orchestration function must be a plain
// function or a lambda without captures: its coroutine outlives the call.

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/activity_context.h"
#include "tandem/duroxide_runtime/context.h"
#include "tandem/duroxide_runtime/handles.h"
#include "tandem/duroxide_runtime/orchestration_version.h"
#include "tandem/duroxide_runtime/patterns/saga.h"
#include "tandem/duroxide_runtime/task.h"

namespace duroxide {

// The same with bytes in place of the types.
using ActivityHandler =
    std::function<Result<WithOperations<std::string>>(ActivityContext&, std::string input)>;
using OrchestrationHandler =
    std::function<Task<Result<std::string>>(OrchestrationContext, std::string input)>;

class Registry {
 public:
  // Each gives the registry, for the next.
  template <typename Out, typename In, typename Function>
  Registry& Add(const Activity<Out(In)>& activity, Function function);

  template <typename Out, typename In, typename Function>
  Registry& Add(const Orchestration<Out(In)>& orchestration, Function function) {
    return Add(orchestration, OrchestrationVersion(), std::move(function));
  }
  template <typename Out, typename In, typename Function>
  Registry& Add(const Orchestration<Out(In)>& orchestration, OrchestrationVersion version,
                Function function);

  Registry& AddActivity(std::string name, ActivityHandler handler);
  Registry& AddOrchestration(const std::string& name, OrchestrationVersion version,
                             OrchestrationHandler handler);

  // An instance that starts without a version of its own, or continues as new, takes this one
  // instead of the latest. Pinning one that is not registered is a mistake.
  Registry& Pin(std::string_view orchestration, OrchestrationVersion version);

  // Null when there is none of that name.
  const ActivityHandler* FindActivity(std::string_view name) const;

  struct Resolved {
    OrchestrationVersion version;
    const OrchestrationHandler* handler = nullptr;
  };
  // Exactly that version, or the policy's choice; nullopt if it is not there.
  std::optional<Resolved> FindOrchestration(
      std::string_view name, const std::optional<OrchestrationVersion>& version) const;

  std::vector<std::string> OrchestrationNames() const;                                 // sorted
  std::vector<OrchestrationVersion> VersionsOf(std::string_view orchestration) const;  // sorted

  // InvalidArgument when a name was bad, added twice, or pinned to what is not there; the first
  // such mistake.
  Status status() const;

 private:
  void Note(Status mistake);

  std::map<std::string, ActivityHandler, std::less<>> activities_;
  std::map<std::string, std::map<OrchestrationVersion, OrchestrationHandler>, std::less<>>
      orchestrations_;
  std::map<std::string, OrchestrationVersion, std::less<>> pinned_;
  Status mistake_;
};

namespace internal {

// "the input of activity 'hash' can't be decoded: ..."
Status BadInput(std::string_view what, std::string_view name, const Status& reason);

// An orchestration that ends at once.
Task<Result<std::string>> FailedTask(Status status);

// A function may return a Status where a Result<Unit> is meant, and only there: of any other Result
// Ok alone makes no value.
template <typename Returned, typename Out>
concept ReturnsFor = std::convertible_to<Returned, Result<Out>> &&
                     (!std::same_as<Returned, Status> || std::same_as<Out, Unit>);

template <typename Returned, typename Out>
constexpr bool kIsTaskFor = false;
template <typename Returned, typename Out>
constexpr bool kIsTaskFor<Task<Returned>, Out> =
    std::same_as<Returned, Result<Out>> ||
    (std::same_as<Returned, Status> && std::same_as<Out, Unit>);

template <typename Returned, typename Out>
concept ReturnsWithOperationsFor = !ReturnsFor<Returned, Out> && !std::same_as<Returned, Status> &&
                                   std::convertible_to<Returned, Result<WithOperations<Out>>>;

template <typename Out, typename Function, typename... In>
concept ActivityFunctionFor =
    std::is_invocable_v<Function&, In...> &&
    (ReturnsFor<std::invoke_result_t<Function&, In...>, Out> ||
     ReturnsWithOperationsFor<std::invoke_result_t<Function&, In...>, Out>);
template <typename Out, typename Function, typename... In>
concept TaskFunctionFor = std::is_invocable_v<Function&, In...> &&
                          kIsTaskFor<std::invoke_result_t<Function&, In...>, Out>;

template <typename Out, typename Returned>
Result<WithOperations<std::string>> EncodeActivityOutput(Returned returned) {
  if constexpr (ReturnsWithOperationsFor<Returned, Out>) {
    Result<WithOperations<Out>> output = std::move(returned);
    if (!output.ok()) return output.status();
    return WithOperations<std::string>{Codec<Out>::Encode(output->value),
                                       std::move(output->operations)};
  } else {
    Result<Out> output = std::move(returned);
    if (!output.ok()) return output.status();
    return WithOperations<std::string>{Codec<Out>::Encode(*output), {}};
  }
}

template <typename Out, typename Returned>
Task<Result<std::string>> EncodeOutput(Task<Returned> task) {
  Result<Out> output = co_await std::move(task);
  if (!output.ok()) co_return output.status();
  co_return Codec<Out>::Encode(*output);
}

}  // namespace internal

template <typename Out, typename In, typename Function>
Registry& Registry::Add(const Activity<Out(In)>& activity, Function function) {
  static_assert(internal::ActivityFunctionFor<Out, Function, ActivityContext&, In>,
                "the function of an Activity<Out(In)> is Result<Out>(ActivityContext&, In), or "
                "Result<WithOperations<Out>>; that of an Activity<Unit(In)> may return a Status");
  std::string name(activity.name());
  auto handler = [function = std::move(function), name](
                     ActivityContext& context,
                     const std::string& input) mutable -> Result<WithOperations<std::string>> {
    Result<In> decoded = internal::TryDecode<In>(input);
    if (!decoded.ok()) return internal::BadInput("activity", name, decoded.status());
    return internal::EncodeActivityOutput<Out>(function(context, *std::move(decoded)));
  };
  return AddActivity(std::move(name), std::move(handler));
}

template <typename Out, typename In, typename Function>
Registry& Registry::Add(const Orchestration<Out(In)>& orchestration, OrchestrationVersion version,
                        Function function) {
  constexpr bool kIsSaga = internal::TaskFunctionFor<Out, Function, OrchestrationContext, Saga, In>;
  static_assert(kIsSaga || internal::TaskFunctionFor<Out, Function, OrchestrationContext, In>,
                "the function of an Orchestration<Out(In)> is "
                "Task<Result<Out>>(OrchestrationContext, In), or "
                "(OrchestrationContext, Saga, In); that of an Orchestration<Unit(In)> may return a "
                "Task<Status>");
  static_assert(std::is_empty_v<Function> || std::is_pointer_v<Function>,
                "an orchestration is a plain function or a lambda without captures");
  std::string name(orchestration.name());
  auto handler = [function, name](OrchestrationContext context,
                                  const std::string& input) -> Task<Result<std::string>> {
    Result<In> decoded = internal::TryDecode<In>(input);
    if (!decoded.ok()) {
      return internal::FailedTask(internal::BadInput("orchestration", name, decoded.status()));
    }
    if constexpr (kIsSaga) {
      const Saga saga(context);
      return internal::EncodeOutput<Out>(saga.Run(function(context, saga, *std::move(decoded))));
    } else {
      return internal::EncodeOutput<Out>(function(context, *std::move(decoded)));
    }
  };
  return AddOrchestration(name, version, std::move(handler));
}

}  // namespace duroxide
