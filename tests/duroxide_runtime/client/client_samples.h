#pragma once

// Orchestrations that clients have something to do with.

#include <string>
#include <utility>
#include <vector>

#include "tandem/duroxide.h"
#include "tandem/tests/duroxide_runtime/samples.h"

namespace duroxide::testing {

inline constexpr Orchestration<int(int)> kCountdown("countdown");
inline constexpr Orchestration<std::string(std::string)> kDiary("diary");
inline constexpr Orchestration<int(int)> kFamily("family");

// n executions, each with a note in the map.
inline Task<Result<int>> Countdown(OrchestrationContext ctx, int n) {
  ctx.SetKv("left", n);
  if (n > 1) co_return ctx.ContinueAsNew(kCountdown, n - 1);
  co_return static_cast<int>(ctx.execution());
}

// Waits for a word at a time: notes it in status and map, starts anew, or ends.
inline Task<Result<std::string>> Diary(OrchestrationContext ctx, std::string before) {
  ctx.SetKv("before", before);
  while (true) {
    const std::string word = co_await OrFail(ctx.WaitForEvent<std::string>("words"));
    if (word == "end") co_return before;
    if (word == "forget") {
      ctx.EraseKv("word");
      continue;
    }
    if (word == "anew") co_return ctx.ContinueAsNew(kDiary, before + "+");
    ctx.SetCustomStatus(word);
    ctx.SetKv("word", word);
  }
}

// Has n children with n - 1 children each, and so on, one after each "grow"; ends with "done".
inline Task<Result<int>> Family(OrchestrationContext ctx, int n) {
  std::vector<Child<int>> children;
  for (int i = 0; i < n; ++i) children.push_back(ctx.StartChild(kFamily, n - 1));
  while (true) {
    const std::string word = co_await OrFail(ctx.WaitForEvent<std::string>("words"));
    if (word == "done") break;
    children.push_back(ctx.StartChild(kFamily, 0));
  }
  co_return n;
}

inline Registry ClientSamples() {
  Registry registry = Working();
  registry.Add(kCountdown, Countdown);
  registry.Add(kDiary, Diary);
  registry.Add(kFamily, Family);
  return registry;
}

}  // namespace duroxide::testing
