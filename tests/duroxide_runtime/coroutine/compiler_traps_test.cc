// g++ 12 destroys some temporaries twice in a statement with co_await, and says nothing:
//
//   G1  an aggregate temporary:  co_await f(Options{.tag = "gpu"})
//   G2  co_await in aggregate initialisation:  T x{co_await a(), s}
//   G3  a temporary lambda that captures by value:  co_await f([s] {...})
//   G4  `?:` that yields a class value:  co_await f(q ? s : t)
//   G5  a brace list for a vector or string:  co_await f({"a", "b"})  (does not compile)
//
// This runs every form to be written instead, each with a value that counts, so that a change of
// compiler is noticed.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tandem/duroxide_runtime/or_fail.h"
#include "tandem/duroxide_runtime/task.h"
#include "tandem/duroxide_runtime/when.h"
#include "tandem/tests/duroxide_runtime/coroutine/run_task.h"

namespace duroxide {
namespace {

using testing::Gate;
using testing::GateOpening;
using testing::RootTask;
using testing::RunTask;

int constructed = 0;
int destroyed = 0;

class Counted {
 public:
  explicit Counted(int value = 0) : value_(value) { ++constructed; }
  Counted(const Counted& other) : value_(other.value_) { ++constructed; }
  Counted(Counted&& other) noexcept : value_(other.value_) { ++constructed; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { ++destroyed; }
  int value() const { return value_; }

 private:
  int value_;
};

// A constructor makes it a non-aggregate: the safe form of an options struct (G1).
class Options {
 public:
  Options() = default;
  Options& WithTag(Counted tag) {
    tag_ = tag;
    return *this;
  }
  int tag() const { return tag_.value(); }

 private:
  Counted tag_;
};

class CompilerTrapsTest : public ::testing::Test {
 protected:
  void SetUp() override { constructed = destroyed = 0; }
  void TearDown() override {
    EXPECT_GT(constructed, 0);
    EXPECT_EQ(constructed, destroyed);
  }
};

Task<int> ByValue(Counted counted) { co_return counted.value(); }
Task<int> OfOptions(Options options) { co_return options.tag(); }
Task<Counted> Give(int value) { co_return Counted(value); }
Task<Result<Counted>> GiveResult(int value) { co_return Counted(value); }
Task<int> SumOf(std::vector<Counted> values) {
  int sum = 0;
  for (const Counted& value : values) sum += value.value();
  co_return sum;
}
Task<int> Twice(Counted counted, std::optional<Counted> other, std::pair<int, Counted> pair) {
  co_return counted.value() + other->value() + pair.second.value();
}

Task<int> Temporaries() {
  int sum = co_await ByValue(Counted(1));
  sum += co_await Twice(Counted(2), std::optional<Counted>(Counted(3)),
                        std::pair<int, Counted>(0, Counted(4)));
  co_return sum;
}
TEST_F(CompilerTrapsTest, TemporariesWithConstructors) { EXPECT_EQ(RunTask(Temporaries()), 10); }

Task<int> Setters() { co_return co_await OfOptions(Options().WithTag(Counted(5))); }
TEST_F(CompilerTrapsTest, SetterChain) { EXPECT_EQ(RunTask(Setters()), 5); }

struct Aggregate {
  Counted counted;
  std::string text;
};

Task<int> AwaitIntoLocals() {
  Counted first = co_await Give(6);
  Aggregate aggregate{std::move(first), "x"};  // G2: nothing is awaited in the braces
  co_return aggregate.counted.value();
}
TEST_F(CompilerTrapsTest, AwaitIntoLocalsBeforeAnAggregate) {
  EXPECT_EQ(RunTask(AwaitIntoLocals()), 6);
}

// An aggregate harms only as a temporary in braces: named, from a function, as a result it is
// destroyed once.
Aggregate MakeAggregate(int value) { return Aggregate{Counted(value), "x"}; }
Task<int> OfAggregate(const Aggregate& aggregate) { return ByValue(Counted(aggregate.counted)); }
Task<Aggregate> GiveAggregate(int value) { co_return Aggregate{Counted(value), "x"}; }
Task<int> SafeAggregates() {
  const Aggregate named{Counted(1), "x"};
  int sum = co_await OfAggregate(named);
  sum += co_await OfAggregate(MakeAggregate(2));
  const Aggregate given = co_await GiveAggregate(3);
  sum += co_await OfAggregate(co_await GiveAggregate(4));
  co_return sum + given.counted.value();
}
TEST_F(CompilerTrapsTest, AggregatesThatAreNoTemporariesInBraces) {
  EXPECT_EQ(RunTask(SafeAggregates()), 10);
}

Task<int> NamedLambda() {
  const Counted counted(7);
  const auto make = [counted](int x) { return Counted(counted.value() + x); };
  co_return co_await ByValue(make(1));
}
TEST_F(CompilerTrapsTest, NamedCapturingLambda) { EXPECT_EQ(RunTask(NamedLambda()), 8); }

Task<int> IfElse(bool first) {
  Counted chosen;
  if (first) {
    chosen = co_await Give(9);
  } else {
    chosen = Counted(1);
  }
  co_return chosen.value();
}
TEST_F(CompilerTrapsTest, IfElseInsteadOfConditional) { EXPECT_EQ(RunTask(IfElse(true)), 9); }

Task<int> NamedVector() {
  std::vector<Counted> values{Counted(1), Counted(2)};
  co_return co_await SumOf(std::move(values));
}
TEST_F(CompilerTrapsTest, NamedVectorInsteadOfBraces) { EXPECT_EQ(RunTask(NamedVector()), 3); }

Task<int> Structured() {
  const auto [a, b] = co_await WhenAll(Give(1), Give(2));
  int sum = a.value() + b.value();
  if (const Counted c = co_await Give(3); c.value() == 3) sum += c.value();
  std::vector<Task<Counted>> tasks;
  tasks.push_back(Give(4));
  for (const Counted& d : co_await WhenAll(std::move(tasks))) sum += d.value();
  co_return sum;
}
TEST_F(CompilerTrapsTest, BindingsInitialisersAndRangeFor) { EXPECT_EQ(RunTask(Structured()), 10); }

Task<Result<int>> Adaptors() {
  const Counted counted = co_await OrFail(GiveResult(11));
  const auto any = co_await WhenAny(Give(1), GiveResult(2));
  co_return counted.value() + static_cast<int>(any.index());
}
TEST_F(CompilerTrapsTest, Adaptors) { EXPECT_EQ(*RunTask(Adaptors()), 11); }

Task<int> FailWith(Counted counted) {
  if (counted.value() > 0) throw counted.value();
  co_return 0;
}
Task<int> CatchInLoop() {
  int sum = 0;
  for (int i = 1; i <= 3; ++i) {
    try {
      Counted local(i);
      sum += co_await FailWith(Counted(i));
    } catch (int value) {
      sum += value;
    }
  }
  co_return sum;
}
TEST_F(CompilerTrapsTest, ExceptionsThroughFramesInALoop) { EXPECT_EQ(RunTask(CatchInLoop()), 6); }

Task<int> Blocked(Counted counted, Gate gate) {
  Counted local(counted);
  co_await GateOpening(gate);
  co_return local.value();
}
Task<int> BlockedDeep(Gate gate) {
  int sum = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      Counted local(i);
      sum += co_await Blocked(Counted(i), gate);
    } catch (...) {
      ADD_FAILURE() << "destroying is no exception";
    }
  }
  co_return sum;
}
TEST_F(CompilerTrapsTest, DestroyingASuspendedChainDestroysEveryObjectOnce) {
  RootTask root(BlockedDeep(Gate()));
  root.Pump();
  EXPECT_FALSE(root.finished());
}

Task<int> BlockedInAdaptors(Gate gate) {
  const auto any = co_await WhenAny(Blocked(Counted(1), gate), Blocked(Counted(2), gate));
  co_return static_cast<int>(any.index());
}
TEST_F(CompilerTrapsTest, DestroyingASuspendedWhenAnyDestroysEveryObjectOnce) {
  RootTask root(BlockedInAdaptors(Gate()));
  root.Pump();
  EXPECT_FALSE(root.finished());
}

Task<Result<Counted>> BlockedResult(Gate gate) {
  Counted local(1);
  co_await GateOpening(gate);
  co_return Status::Cancelled("gone");
}
Task<Result<int>> FailsWithLocals(Gate gate) {
  Counted local(2);
  const Counted value = co_await OrFail(BlockedResult(gate));
  co_return value.value() + local.value();
}
TEST_F(CompilerTrapsTest, FailureInOrFailDestroysEveryObjectOnce) {
  Gate gate;
  RootTask root(FailsWithLocals(gate));
  root.Pump();
  gate.Open();
  root.Pump();
  EXPECT_EQ(root.Take().status().code(), tandem::StatusCode::kCancelled);
}

TEST_F(CompilerTrapsTest, CapturelessLambdaAsTask) {
  const auto give = [](Counted counted) -> Task<int> { co_return counted.value(); };
  EXPECT_EQ(RunTask(give(Counted(4))), 4);
}

}  // namespace
}  // namespace duroxide
