#pragma once

// Passes a value through everything that a codec is for, in a Simulation full of faults.

#include <chrono>
#include <utility>

#include "tandem/duroxide.h"
#include "tandem/duroxide_runtime/testing/simulation.h"

namespace duroxide {

template <typename T>
inline constexpr Activity<T(T)> kEcho("echo");
template <typename T>
inline constexpr Orchestration<T(T)> kPass("pass");

template <typename T>
Task<Result<T>> Pass(OrchestrationContext ctx, T value) {
  T echoed = co_await OrFail(ctx.Call(kEcho<T>, value));
  ctx.SetKv("echoed", echoed);
  T received = co_await OrFail(ctx.WaitForEvent<T>("values"));
  if (!(echoed == received)) co_return Status::Internal("the values differ");
  co_return received;
}

// What the orchestration gives that gets `value` as its input and as a message.
template <typename T>
Result<T> PassThroughSimulation(std::uint64_t seed, const T& value) {
  Registry registry;
  registry.Add(kPass<T>, Pass<T>);
  registry.Add(kEcho<T>, [](ActivityContext&, const T& in) -> Result<T> { return in; });
  testing::SimulationOptions options;
  options.crash_at_commit = options.crash_between = 0.1;
  testing::Simulation sim(seed, std::move(registry), options);
  TANDEM_RETURN_IF_ERROR(sim.client().Start(kPass<T>, "p", value));
  TANDEM_RETURN_IF_ERROR(sim.client().RaiseEvent("p", "values", value));
  TANDEM_RETURN_IF_ERROR(sim.Run());
  TANDEM_RETURN_IF_ERROR(sim.Check());
  return sim.client().Wait(kPass<T>, "p", std::chrono::milliseconds(0));
}

}  // namespace duroxide
