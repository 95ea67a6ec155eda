#include "tandem/duroxide_runtime/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include "tandem/duroxide_runtime/future.h"
#include "tandem/duroxide_runtime/or_fail.h"
#include "tandem/duroxide_runtime/when.h"
#include "tandem/tests/duroxide_runtime/coroutine/run_task.h"

namespace duroxide {
namespace {

using testing::Gate;
using testing::GateOpening;
using testing::RunTask;

// Awaits what is no task.
template <typename A>
Task<typename A::Output> Await(A operand) {
  co_return co_await std::move(operand);
}

Task<int> Number(int value) { co_return value; }

Task<std::int64_t> Sum(int count) {
  std::int64_t sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await Number(i);
  co_return sum;
}

TEST(TaskTest, ChildGivesItsValue) { EXPECT_EQ(RunTask(Sum(4)), 6); }

// With symmetric transfer g++ 12 overflows the stack here at -O0 and under sanitizers.
TEST(TaskTest, MillionChildAwaitsRunOnAFlatStack) {
  EXPECT_EQ(RunTask(Sum(1'000'000)), 499'999'500'000);
}

Task<int> Deep(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await Deep(depth - 1);
  co_return below + 1;
}

TEST(TaskTest, RecursionNeedsNoStackToResume) { EXPECT_EQ(RunTask(Deep(10'000)), 10'000); }

struct NotesDestruction {
  NotesDestruction(std::shared_ptr<std::vector<int>> the_notes, int the_number)
      : notes(std::move(the_notes)), number(the_number) {}
  NotesDestruction(NotesDestruction&&) noexcept = default;
  ~NotesDestruction() {
    if (notes != nullptr) notes->push_back(number);
  }
  std::shared_ptr<std::vector<int>> notes;
  int number;
};

Task<Result<int>> BlockedBelow(Gate gate, std::shared_ptr<std::vector<int>> notes, int depth) {
  const NotesDestruction note(notes, depth);
  if (depth == 0) {
    co_await GateOpening(gate);
    co_return 0;
  }
  if (depth % 2 == 0) {
    Result<int> below = co_await BlockedBelow(gate, notes, depth - 1);
    co_return below;
  }
  const int below = co_await OrFail(BlockedBelow(gate, notes, depth - 1));
  co_return below;
}

// Each turn ends with the destruction of what waits.
TEST(TaskTest, RecursionNeedsNoStackToDestroy) {
  constexpr int kDepth = 200'000;
  const auto notes = std::make_shared<std::vector<int>>();
  {
    testing::RootTask root(BlockedBelow(Gate(), notes, kDepth));
    root.Pump();
    EXPECT_FALSE(root.finished());
  }
  ASSERT_EQ(notes->size(), kDepth + 1u);
  EXPECT_TRUE(std::ranges::is_sorted(*notes)) << "the innermost first";
}

Task<void> Note(std::shared_ptr<std::string> log, std::string text) {
  *log += text;
  co_return;
}

TEST(TaskTest, IsLazy) {
  auto log = std::make_shared<std::string>();
  {
    Task<void> never_awaited = Note(log, "a");
  }
  EXPECT_EQ(*log, "");
  RunTask(Note(log, "b"));
  EXPECT_EQ(*log, "b");
}

Task<int> Throws() {
  throw std::runtime_error("broken");
  co_return 1;
}

Task<std::string> Catches() {
  std::string caught;
  try {
    co_await Throws();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  co_return caught;
}

TEST(TaskTest, ExceptionPassesThroughAwait) {
  EXPECT_EQ(RunTask(Catches()), "broken");
  EXPECT_THROW(RunTask(Throws()), std::runtime_error);
}

TEST(TaskTest, CaptureLessLambdaIsAllowed) {
  const auto twice = [](int x) -> Task<int> { co_return 2 * x; };
  EXPECT_EQ(RunTask(twice(21)), 42);
}

struct OwningAggregate {
  std::string text;
};
struct TrivialAggregate {
  int x;
};
class WithConstructor {
 public:
  WithConstructor() = default;
  std::string text;
};
struct Empty {};

static_assert(internal::kOwned<int>);
static_assert(internal::kOwned<std::string>);
static_assert(internal::kOwned<WithConstructor>);
static_assert(internal::kOwned<TrivialAggregate>);
static_assert(internal::kOwned<const Empty&>);
static_assert(!internal::kOwned<const std::string&>);
static_assert(!internal::kOwned<std::string&&>);
static_assert(!internal::kOwned<const char*>);
static_assert(!internal::kOwned<std::string_view>);
static_assert(!internal::kSafeAsTemporary<OwningAggregate>);

// Anything else would resume a task outside of its turn.
class ForeignOperation {
 public:
  std::suspend_always operator co_await() && { return {}; }
};

static_assert(Durable<Task<int>>);
static_assert(Durable<Task<void>>);
static_assert(Durable<Future<int>>);
static_assert(Durable<Child<int>>);
static_assert(Durable<Timer>);
static_assert(Durable<decltype(WhenAll(std::declval<Timer>()))>);
static_assert(Durable<decltype(WhenAny(std::declval<Timer>(), std::declval<Future<int>>()))>);
static_assert(Durable<decltype(OrFail(std::declval<Future<int>>()))>);
static_assert(Durable<decltype(OrFail(std::declval<Result<int>>()))>);
static_assert(!Durable<std::suspend_always>);
static_assert(!Durable<std::suspend_never>);
static_assert(!Durable<ForeignOperation>);
static_assert(!Durable<std::future<int>>);
static_assert(!Durable<Task<int>&>);
static_assert(!Durable<int>);

Task<std::string> WaitForGate(Gate gate, std::shared_ptr<std::string> log, std::string name) {
  co_await GateOpening(gate);
  *log += name;
  co_return name;
}

TEST(WhenAllTest, GivesResultsInOrderOfArgumentsWhateverFinishesFirst) {
  auto log = std::make_shared<std::string>();
  Gate a;
  Gate b;
  testing::RootTask root(Await(WhenAll(WaitForGate(a, log, "a"), WaitForGate(b, log, "b"))));
  root.Pump();
  EXPECT_FALSE(root.finished());
  b.Open();
  root.Pump();
  EXPECT_FALSE(root.finished());
  a.Open();
  root.Pump();
  ASSERT_TRUE(root.finished());
  EXPECT_EQ(root.Take(), std::make_tuple(std::string("a"), std::string("b")));
  EXPECT_EQ(*log, "ba");
}

TEST(WhenAllTest, OfNothingIsReadyAtOnce) {
  EXPECT_EQ(RunTask(Await(WhenAll())), std::tuple<>());
  EXPECT_TRUE(RunTask(Await(WhenAll(std::vector<Task<int>>()))).empty());
}

Task<std::size_t> FanOut(int count) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(Number(i));
  const std::vector<int> numbers = co_await WhenAll(std::move(tasks));
  co_return numbers.size();
}

TEST(WhenAllTest, ManyOperands) { EXPECT_EQ(RunTask(FanOut(10'000)), 10'000u); }

TEST(WhenAllTest, ExceptionIsPassedOn) {
  EXPECT_THROW(RunTask(Await(WhenAll(Number(1), Throws()))), std::runtime_error);
}

TEST(WhenAnyTest, FirstToFinishWinsAndLosersAreDestroyedInOrder) {
  auto log = std::make_shared<std::string>();
  Gate a;
  Gate b;
  Gate c;
  a.OnDrop([log] { *log += "-a"; });
  c.OnDrop([log] { *log += "-c"; });
  testing::RootTask root(
      Await(WhenAny(WaitForGate(a, log, "a"), WaitForGate(b, log, "b"), WaitForGate(c, log, "c"))));
  root.Pump();
  b.Open();
  root.Pump();
  ASSERT_TRUE(root.finished());
  const auto any = root.Take();
  EXPECT_EQ(any.index(), 1u);
  EXPECT_EQ(std::get<1>(any), "b");
  EXPECT_EQ(*log, "b-a-c");
}

TEST(WhenAnyTest, OfSeveralReadyOnesTheFirstArgumentWins) {
  EXPECT_EQ(RunTask(Await(WhenAny(Number(1), Number(2)))).index(), 0u);
}

TEST(WhenAnyTest, OfAVectorGivesIndexAndValueAndDestroysTheLosersInOrder) {
  auto log = std::make_shared<std::string>();
  std::vector<Gate> gates(4);
  std::vector<Task<std::string>> tasks;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string name = std::to_string(i);
    gates[i].OnDrop([log, name] { *log += "-" + name; });
    tasks.push_back(WaitForGate(gates[i], log, name));
  }
  testing::RootTask root(Await(WhenAny(std::move(tasks))));
  root.Pump();
  EXPECT_FALSE(root.finished());
  gates[2].Open();
  root.Pump();
  ASSERT_TRUE(root.finished());
  EXPECT_EQ(root.Take(), std::make_pair(std::size_t{2}, std::string("2")));
  EXPECT_EQ(*log, "2-0-1-3");
}

Task<std::size_t> FirstOf(std::vector<Task<void>> tasks) {
  const auto [index, nothing] = co_await WhenAny(std::move(tasks));
  co_return index;
}

TEST(WhenAnyTest, OfAVectorWithoutValuesGivesTheIndex) {
  std::vector<Task<void>> tasks;
  tasks.push_back(Note(std::make_shared<std::string>(), "a"));
  EXPECT_EQ(RunTask(FirstOf(std::move(tasks))), 0u);
}

TEST(WhenAnyTest, OfNothingIsAnError) {
  EXPECT_THROW(RunTask(FirstOf(std::vector<Task<void>>())), std::invalid_argument);
}

TEST(WhenAnyTest, OfAVectorPassesTheExceptionOfTheWinnerOn) {
  std::vector<Task<int>> tasks;
  tasks.push_back(Throws());
  tasks.push_back(Number(1));
  EXPECT_THROW(RunTask(Await(WhenAny(std::move(tasks)))), std::runtime_error);
}

Task<Result<int>> Fails(bool fail) {
  if (fail) co_return Status::NotFound("no number");
  co_return 7;
}

Task<Result<std::string>> PassesOn(bool fail, std::shared_ptr<std::string> log) {
  try {
    const int number = co_await OrFail(Fails(fail));
    co_return std::to_string(number);
  } catch (...) {
    *log += "caught";  // never: a failure is no exception
  }
  co_return std::string("unreachable");
}

TEST(OrFailTest, FailureEndsTheTaskAndNoCatchSeesIt) {
  auto log = std::make_shared<std::string>();
  EXPECT_EQ(*RunTask(PassesOn(false, log)), "7");
  const Result<std::string> failed = RunTask(PassesOn(true, log));
  EXPECT_EQ(failed.status().ToString(), "NotFound: no number");
  EXPECT_EQ(*log, "");
}

Task<Result<std::string>> PassesOnTwice(std::shared_ptr<std::string> log) {
  std::string text = co_await OrFail(PassesOn(true, log));
  co_return text;
}

TEST(OrFailTest, FailurePassesThroughSeveralTasks) {
  const Result<std::string> failed = RunTask(PassesOnTwice(std::make_shared<std::string>()));
  EXPECT_EQ(failed.status().code(), tandem::StatusCode::kNotFound);
}

Task<Result<int>> TakesWhatIsThere(Result<int> result, Status before) {
  co_await OrFail(std::move(before));
  const int number = co_await OrFail(result);
  co_return number + co_await OrFail(std::move(result));
}
Task<Status> TakesWhatIsThereAndGivesNothing(Result<int> result) {
  co_await OrFail(result);
  co_return Status::Ok();
}

TEST(OrFailTest, TakesAResultThatIsThereAlready) {
  EXPECT_EQ(*RunTask(TakesWhatIsThere(3, Status::Ok())), 6);
  EXPECT_EQ(RunTask(TakesWhatIsThere(Status::NotFound("a"), Status::Ok())).status().message(), "a");
  EXPECT_EQ(RunTask(TakesWhatIsThere(3, Status::NotFound("b"))).status().message(), "b");
  EXPECT_TRUE(RunTask(TakesWhatIsThereAndGivesNothing(1)).ok());
  EXPECT_EQ(RunTask(TakesWhatIsThereAndGivesNothing(Status::NotFound("c"))).message(), "c");
}

TEST(PumpTest, DestroyedWhileQueuedLeavesTheQueue) {
  internal::Pump pump;
  auto log = std::make_shared<std::string>();
  Task<void> first = Note(log, "a");
  Task<void> last = Note(log, "c");
  internal::TaskAccess::Start(first, pump, nullptr);
  {
    Task<void> between = Note(log, "b");
    internal::TaskAccess::Start(between, pump, nullptr);
    internal::TaskAccess::Start(last, pump, nullptr);
  }
  pump.Run();
  EXPECT_EQ(*log, "ac");
}

}  // namespace
}  // namespace duroxide
