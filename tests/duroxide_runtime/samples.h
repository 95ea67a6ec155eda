#pragma once

// Sample orchestrations for the tests of the engine: one per way of composing operations.

#include <chrono>
#include <string>
#include <vector>

#include "tandem/duroxide.h"

namespace duroxide::testing {

inline constexpr Activity<int(int)> kAdd("add");
inline constexpr Activity<std::string(std::string)> kEcho("echo");

// Whatever a test wants them to be.
inline constexpr Orchestration<std::string(std::string)> kTest("test");
inline constexpr Orchestration<std::string(std::string)> kChild("child");

inline constexpr Orchestration<int(int)> kSequence("sequence");
inline constexpr Orchestration<int(int)> kFanOut("fan-out");
inline constexpr Orchestration<std::string(std::string)> kApproval("approval");
inline constexpr Orchestration<std::string(std::string)> kMixed("mixed");
inline constexpr Orchestration<std::string(std::string)> kOnce("once");
inline constexpr Orchestration<int(int)> kDescend("descend");

// n activities, one after the other.
inline Task<Result<int>> Sequence(OrchestrationContext ctx, int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) sum = co_await OrFail(ctx.Call(kAdd, sum + i));
  co_return sum;
}

// n activities at once.
inline Task<Result<int>> FanOut(OrchestrationContext ctx, int n) {
  std::vector<Future<int>> parts;
  for (int i = 1; i <= n; ++i) parts.push_back(ctx.Call(kAdd, i));
  int sum = 0;
  for (const Result<int>& part : co_await WhenAll(std::move(parts))) {
    if (!part.ok()) co_return part.status();
    sum += *part;
  }
  co_return sum;
}

// An event, or else a reminder and a second chance.
inline Task<Result<std::string>> Approval(OrchestrationContext ctx, std::string what) {
  const auto first = co_await WhenAny(ctx.WaitForEvent<std::string>("approved"),
                                      ctx.StartTimer(std::chrono::hours(1)));
  if (first.index() == 0) co_return what + " by " + *std::get<0>(first);
  co_await OrFail(ctx.Call(kEcho, "remind " + what));
  const std::string late = co_await OrFail(ctx.WaitForEvent<std::string>("approved"));
  co_return what + " late by " + late;
}

// A step of its own, raced against others below.
inline Task<Result<std::string>> SlowEcho(OrchestrationContext ctx, std::string text) {
  co_await ctx.Sleep(std::chrono::minutes(1));
  std::string echoed = co_await OrFail(ctx.Call(kEcho, text));
  co_return echoed;
}

// Nested races and joins, time, ids, and an operation that is still open at the end.
inline Task<Result<std::string>> Mixed(OrchestrationContext ctx, std::string text) {
  Future<std::string> never_awaited = ctx.Call(kEcho, ctx.NewUuid());
  const auto [echo, any] = co_await WhenAll(
      ctx.Call(kEcho, text), WhenAny(SlowEcho(ctx, "slow"), ctx.WaitForEvent<std::string>("skip"),
                                     ctx.StartTimer(std::chrono::minutes(5))));
  std::string result = echo.ok() ? *echo : echo.status().message();
  result.append(" ").append(std::to_string(any.index()));
  result.append(" ").append(std::to_string(ctx.Now().time_since_epoch().count()));
  co_return result.append(" ").append(ctx.NewUuid());
}

// One activity.
inline Task<Result<std::string>> EchoOnce(OrchestrationContext ctx, std::string text) {
  co_return co_await ctx.Call(kEcho, text);
}

// A child of a child, so many levels down; gives how many there are.
inline Task<Result<int>> Descend(OrchestrationContext ctx, int levels) {
  if (levels == 0) co_return 0;
  const int below = co_await OrFail(ctx.StartChild(kDescend, levels - 1));
  co_return below + 1;
}

inline void AddSamples(Registry& registry) {
  registry.Add(kSequence, Sequence);
  registry.Add(kFanOut, FanOut);
  registry.Add(kApproval, Approval);
  registry.Add(kMixed, Mixed);
  registry.Add(kOnce, EchoOnce);
}

// All samples with activities that give back what they get.
inline Registry Working() {
  Registry registry;
  AddSamples(registry);
  registry.Add(kAdd, [](ActivityContext&, int x) -> Result<int> { return x; });
  registry.Add(kEcho,
               [](ActivityContext&, std::string text) -> Result<std::string> { return text; });
  return registry;
}

}  // namespace duroxide::testing
