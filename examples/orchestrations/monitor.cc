#include "examples/orchestrations/monitor.h"

#include <chrono>

namespace orchestrations {

namespace {

using duroxide::Result;
using duroxide::Task;

constexpr duroxide::Activity<std::int64_t(std::string)> kProbe("probe");

Task<Result<std::int64_t>> Monitor(duroxide::OrchestrationContext ctx, Watch watch) {
  for (int round = 0; round < kPollsPerExecution; ++round) {
    const Result<std::int64_t> value = co_await ctx.Call(kProbe, watch.what);
    ++watch.polls;
    if (!value.ok()) {
      // The next poll is the retry.
      ctx.Log(duroxide::LogLevel::kWarning, value.status().ToString());
    } else {
      ctx.SetKv(std::string(kLastValue), *value);
      ctx.SetCustomStatus(watch.what + " is at " + std::to_string(*value));
      ctx.Log(duroxide::LogLevel::kInfo, watch.what + " is at " + std::to_string(*value));
      if (*value >= watch.target) co_return watch.polls;
    }
    co_await ctx.Sleep(std::chrono::seconds(watch.seconds));
  }
  co_return ctx.ContinueAsNew(kMonitor, watch);
}

}  // namespace

void RegisterMonitor(duroxide::Registry& registry, const Probe& probe) {
  registry.Add(kMonitor, Monitor);
  registry.Add(kProbe, probe);
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Watch>::Encode(const orchestrations::Watch& watch) {
  return orchestrations::EncodeFields(watch.what, watch.target, watch.seconds, watch.polls);
}
duroxide::Result<orchestrations::Watch> duroxide::Codec<orchestrations::Watch>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Watch, std::string, std::int64_t,
                                      std::int64_t, std::int64_t>(bytes);
}
