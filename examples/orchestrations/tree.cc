#include "examples/orchestrations/tree.h"

#include <memory>
#include <string>

namespace orchestrations {

namespace {

using duroxide::Result;
using duroxide::Task;
using duroxide::Unit;

constexpr duroxide::Activity<std::int64_t(std::int64_t)> kWeigh("weigh");

struct Sum {
  std::int64_t value = 0;
  std::size_t open = 0;  // parts that are not added yet
};

// A part of the sum: the node itself, or a subtree. Returns when it has failed, or as the last of
// all parts, with the sum. The others must not win the race below, so they wait for what never
// comes, until the winner drops them.
template <typename Part>
Task<Result<std::int64_t>> Add(duroxide::OrchestrationContext ctx, Part part,
                               std::shared_ptr<Sum> sum) {
  const Result<std::int64_t> value = co_await std::move(part);
  if (!value.ok()) co_return value.status();
  sum->value += *value;
  if (--sum->open == 0) co_return sum->value;
  static_cast<void>(co_await ctx.WaitForEvent<Unit>("never"));
  co_return sum->value;
}

// The first of any number: WhenAny of the last one and of all others.
Task<Result<std::int64_t>> First(std::vector<Task<Result<std::int64_t>>> tasks) {
  Task<Result<std::int64_t>> last = std::move(tasks.back());
  tasks.pop_back();
  if (tasks.empty()) co_return co_await std::move(last);
  auto first = co_await WhenAny(First(std::move(tasks)), std::move(last));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return std::get<1>(std::move(first));
}

Task<Result<std::int64_t>> SumUp(duroxide::OrchestrationContext ctx, Tree tree) {
  const auto sum = std::make_shared<Sum>();
  sum->open = 1 + tree.subtrees.size();
  std::vector<Task<Result<std::int64_t>>> parts;
  parts.push_back(Add(ctx, ctx.Call(kWeigh, tree.value), sum));
  for (const Tree& subtree : tree.subtrees) {
    parts.push_back(Add(ctx, ctx.StartChild(kTree, subtree), sum));
  }
  const Result<std::int64_t> result = co_await First(std::move(parts));
  if (result.ok() && !ctx.parent()) {
    ctx.Log(duroxide::LogLevel::kInfo, "the tree weighs " + std::to_string(*result));
  }
  co_return result;
}

}  // namespace

void RegisterTree(duroxide::Registry& registry, const WeighNode& weigh) {
  registry.Add(kTree, SumUp);
  registry.Add(kWeigh, weigh);
}

}  // namespace orchestrations

std::string duroxide::Codec<orchestrations::Tree>::Encode(const orchestrations::Tree& tree) {
  return orchestrations::EncodeFields(tree.value, tree.subtrees);
}
duroxide::Result<orchestrations::Tree> duroxide::Codec<orchestrations::Tree>::Decode(
    std::string_view bytes) {
  return orchestrations::DecodeFields<orchestrations::Tree, std::int64_t,
                                      std::vector<orchestrations::Tree>>(bytes);
}
