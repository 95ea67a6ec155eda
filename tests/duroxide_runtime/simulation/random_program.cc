#include "tandem/tests/duroxide_runtime/simulation/random_program.h"

#include <utility>

namespace duroxide::testing {

namespace {

using Kind = ProgramNode::Kind;
using ProgramPtr = std::shared_ptr<const Program>;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t Add(Program& program, int depth) {
    ProgramNode node;
    node.value = Below(10);
    if (depth > 0 && Below(3) > 0) {
      static constexpr Kind kInner[] = {Kind::kAll, Kind::kAny, Kind::kSequence, Kind::kAll,
                                        Kind::kSequence};
      node.kind = kInner[Below(5)];
      const int operands = 1 + Below(4);
      for (int i = 0; i < operands; ++i) node.operands.push_back(Add(program, depth - 1));
      if (node.kind == Kind::kAny) program.races = true;
    } else {
      static constexpr Kind kLeaves[] = {Kind::kActivity, Kind::kFailing, Kind::kSleep, Kind::kStep,
                                         Kind::kActivity, Kind::kEvent,   Kind::kChild};
      node.kind = kLeaves[Below(depth > 0 ? 7 : 6)];
      if (node.kind == Kind::kEvent) program.races = true;
    }
    program.nodes.push_back(std::move(node));
    return program.nodes.size() - 1;
  }

 private:
  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  std::mt19937_64 random_;
};

Task<int> Evaluate(OrchestrationContext ctx, ProgramPtr program, std::size_t index);

Task<int> EvaluateAll(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  std::vector<Task<int>> parts;
  for (const std::size_t operand : program->nodes[index].operands) {
    parts.push_back(Evaluate(ctx, program, operand));
  }
  int sum = 0;
  const std::vector<int> values = co_await WhenAll(std::move(parts));
  for (const int value : values) sum += value;
  co_return sum;
}

// All operands against each other and a limit.
Task<int> EvaluateAny(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  std::vector<Task<int>> parts;
  for (const std::size_t operand : program->nodes[index].operands) {
    parts.push_back(Evaluate(ctx, program, operand));
  }
  Timer limit = ctx.StartTimer(std::chrono::seconds(program->nodes[index].value));
  auto race = WhenAny(std::move(parts));
  const auto any = co_await WhenAny(std::move(race), std::move(limit));
  if (any.index() == 0) co_return std::get<0>(any).second;
  co_return 0;
}

// An event against a timer, with a reminder in between; with a scope of its own against
// cancellation, and what is done then.
Task<Result<int>> AwaitEvent(OrchestrationContext ctx, int value) {
  Future<int> event = ctx.WaitForEvent<int>("go");
  Timer limit = ctx.StartTimer(std::chrono::seconds(1 + value));
  Timer reminder = ctx.StartTimer(std::chrono::seconds(1));
  const auto first = co_await WhenAny(&event, &limit, &reminder);
  if (first.index() == 0) co_return std::get<0>(first);
  if (first.index() == 1) co_return value;
  static_cast<void>(co_await ctx.Call(kDouble, value));
  const auto second = co_await WhenAny(std::move(event), std::move(limit));
  if (second.index() == 0) co_return std::get<0>(second);
  co_return value;
}

Task<int> EvaluateEvent(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  const int value = program->nodes[index].value;
  const Result<int> result = co_await Cancellable(ctx, AwaitEvent(ctx, value));
  if (result.ok()) co_return *result;
  const Result<int> compensated = co_await ctx.Call(kDouble, value);
  co_return compensated.ok() ? *compensated : -1000;
}

Task<int> EvaluateSequence(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  int sum = 0;
  for (const std::size_t operand : program->nodes[index].operands) {
    sum += co_await Evaluate(ctx, program, operand);
  }
  co_return sum;
}

Task<int> EvaluateChild(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  const int value = program->nodes[index].value;
  std::vector<std::int64_t> input;
  input.push_back(value);
  input.push_back(1);
  input.push_back(value % 2);
  input.push_back(0);
  input.push_back(0);
  const Result<int> result = co_await ctx.StartChild(kProgram, input);
  if (!result.ok()) co_return -100;
  co_return *result;
}

Task<int> Evaluate(OrchestrationContext ctx, ProgramPtr program, std::size_t index) {
  const int value = program->nodes[index].value;
  switch (program->nodes[index].kind) {
    case Kind::kActivity: {
      const Result<int> result = co_await ctx.Call(kDouble, value);
      co_return result.ok() ? *result : -1000;
    }
    case Kind::kFailing: {
      const Result<int> result = co_await ctx.Call(kFail, value);
      co_return result.ok() ? -1000 : value;
    }
    case Kind::kSleep:
      co_await ctx.Sleep(std::chrono::seconds(value));
      co_return 1;
    case Kind::kStep: {
      const Result<int> result = ctx.Run("step", [value] { return value + 1; });
      co_return result.ok() ? *result : -1000;
    }
    case Kind::kChild:
      co_return co_await EvaluateChild(ctx, program, index);
    case Kind::kAll:
      co_return co_await EvaluateAll(ctx, program, index);
    case Kind::kAny:
      co_return co_await EvaluateAny(ctx, program, index);
    case Kind::kSequence:
      co_return co_await EvaluateSequence(ctx, program, index);
    case Kind::kEvent:
      co_return co_await EvaluateEvent(ctx, program, index);
  }
  co_return -10'000;
}

Task<Result<int>> RunProgram(OrchestrationContext ctx, std::vector<std::int64_t> input) {
  const auto program = std::make_shared<const Program>(
      Program::Of(static_cast<std::uint64_t>(input[0]), static_cast<int>(input[1])));
  const Result<std::optional<int>> rounds = ctx.GetKv<int>("rounds");
  ctx.SetKv("rounds", rounds->value_or(0) + 1);
  ctx.SetCustomStatus(ctx.NewUuid());
  int sum = static_cast<int>(input[3]);
  sum += co_await Evaluate(ctx, program, program->nodes.size() - 1);
  for (std::int64_t i = 0; i < input[4]; ++i) {
    sum += co_await OrFail(ctx.WaitForEvent<int>("box"));
  }
  if (input[2] > 0) {
    input[2] -= 1;
    input[3] = sum;
    co_return ctx.ContinueAsNew(kProgram, input);
  }
  co_return sum;
}

}  // namespace

Program Program::Of(std::uint64_t seed, int depth) {
  Program program;
  Generator(seed).Add(program, depth);
  return program;
}

Registry ProgramRegistry(std::shared_ptr<ActivityRuns> runs) {
  Registry registry;
  registry.Add(kProgram, RunProgram);
  registry.Add(kDouble, [runs](ActivityContext& context, int x) -> Result<int> {
    ++(*runs)[{context.instance(), context.execution(), context.id()}];
    return 2 * x;
  });
  registry.Add(kFail, [](ActivityContext&, int x) -> Result<int> {
    return Status::NotFound("no " + std::to_string(x));
  });
  return registry;
}

}  // namespace duroxide::testing
