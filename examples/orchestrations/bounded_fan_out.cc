#include "examples/orchestrations/bounded_fan_out.h"

#include <algorithm>
#include <string>
#include <utility>

namespace orchestrations {

namespace {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::Task;

constexpr duroxide::Activity<std::int64_t(std::int64_t)> kProcess("process");

Task<Result<std::vector<std::int64_t>>> BoundedFanOut(duroxide::OrchestrationContext ctx,
                                                      Items items) {
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(items.limit, 1));
  std::vector<std::int64_t> results =
      co_await OrFail(ParallelMap(ctx, std::move(items.values), limit, kProcess));
  ctx.Log(duroxide::LogLevel::kInfo, std::to_string(results.size()) + " items are done");
  co_return results;
}

}  // namespace

void RegisterBoundedFanOut(duroxide::Registry& registry, const ProcessItem& process) {
  registry.Add(kBoundedFanOut, BoundedFanOut);
  registry.Add(kProcess, process);
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Items>::Encode(const orchestrations::Items& items) {
  return orchestrations::EncodeFields(items.limit, items.values);
}
duroxide::Result<orchestrations::Items> duroxide::Codec<orchestrations::Items>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Items, std::int64_t,
                                      std::vector<std::int64_t>>(bytes);
}
