#include "examples/orchestrations/bounded_fan_out.h"

#include <algorithm>
#include <memory>
#include <string>

namespace orchestrations {

namespace {

using duroxide::OrFail;
using duroxide::Result;
using duroxide::Task;
using duroxide::Unit;

constexpr duroxide::Activity<std::int64_t(std::int64_t)> kProcess("process");

struct Progress {
  std::vector<std::int64_t> items;
  std::vector<std::int64_t> results;
  std::size_t next = 0;  // the first item that nobody has taken
};

// A class as a parameter is an owned value also if it is a shared pointer: the task keeps what it
// points at.
Task<Result<Unit>> Work(duroxide::OrchestrationContext ctx, std::shared_ptr<Progress> progress) {
  while (progress->next < progress->items.size()) {
    const std::size_t mine = progress->next++;
    const Result<std::int64_t> result = co_await ctx.Call(kProcess, progress->items[mine]);
    if (!result.ok()) {
      progress->next = progress->items.size();  // the others take no more
      co_return result.status();
    }
    progress->results[mine] = *result;
  }
  co_return Unit();
}

Task<Result<std::vector<std::int64_t>>> BoundedFanOut(duroxide::OrchestrationContext ctx,
                                                      Items items) {
  const auto progress = std::make_shared<Progress>();
  progress->results.resize(items.values.size());
  progress->items = std::move(items.values);
  std::vector<Task<Result<Unit>>> workers;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(items.limit, 1); ++i) {
    workers.push_back(Work(ctx, progress));
  }
  const std::vector<Result<Unit>> ends = co_await WhenAll(std::move(workers));
  for (const Result<Unit>& end : ends) {
    if (!end.ok()) co_return end.status();
  }
  ctx.Log(duroxide::LogLevel::kInfo, std::to_string(progress->results.size()) + " items are done");
  co_return progress->results;
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
