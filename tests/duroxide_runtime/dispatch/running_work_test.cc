#include "tandem/duroxide_runtime/internal/dispatch/running_work.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace duroxide::internal {
namespace {

TEST(RunningWorkTest, IsIdleWhenAllPiecesAreGone) {
  RunningWork work;
  EXPECT_TRUE(work.idle());
  {
    const RunningWork::Piece first = work.Begin();
    RunningWork::Piece second = work.Begin();
    const RunningWork::Piece moved = std::move(second);
    EXPECT_FALSE(work.idle());
  }
  EXPECT_TRUE(work.idle());
}

TEST(RunningWorkTest, TellsWheneverItBecomesIdleAfterTheStop) {
  RunningWork work;
  int told = 0;
  std::optional<RunningWork::Piece> start = work.BeginStart();
  ASSERT_TRUE(start);
  work.StopStarting([&] { ++told; });
  EXPECT_FALSE(work.BeginStart());
  start.reset();
  EXPECT_EQ(told, 1);
  {
    const RunningWork::Piece turn = work.Begin();
  }
  EXPECT_EQ(told, 2);
}

TEST(RunningWorkTest, CountsFailuresSinceTheStop) {
  RunningWork work;
  work.NoteFailure();
  work.StopStarting([] {});
  EXPECT_EQ(work.failed(), 0u);
  work.NoteFailure();
  EXPECT_EQ(work.failed(), 1u);
}

TEST(RunningWorkTest, ItsEndWaitsForWhatRuns) {
  auto work = std::make_unique<RunningWork>();
  int told = 0;
  work->StopStarting([&] { ++told; });
  std::optional<RunningWork::Piece> piece(work->Begin());
  std::thread ending([&] { work.reset(); });
  piece.reset();
  ending.join();
  EXPECT_LE(told, 1) << "not once its end has begun";
}

}  // namespace
}  // namespace duroxide::internal
