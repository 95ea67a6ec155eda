#include "tandem/cli/measuring/interleaved.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

namespace tandem::measuring {
namespace {

Work Counting(std::atomic<int>& done) {
  return [&done](int /*worker*/) {
    ++done;
    return Status::Ok();
  };
}

TEST(Interleaved, CountsAllBlocksButTheWarmUp) {
  std::atomic<int> a = 0;
  std::atomic<int> b = 0;
  const auto samples = RunInterleaved({Counting(a), Counting(b)}, {3, 4, 5}, nullptr);
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_EQ(a, 3 * 4 * 5);
  EXPECT_EQ(b, 3 * 4 * 5);
  ASSERT_EQ(samples->size(), 2U);
  for (const Samples& one : *samples) {
    ASSERT_EQ(one.micros.size(), 3U);
    for (const auto& worker : one.micros) EXPECT_EQ(worker.size(), 3U * 5U);
  }
}

TEST(Interleaved, TakesTurnsBlockByBlock) {
  std::atomic<int> done = 0;
  std::vector<std::pair<std::size_t, bool>> blocks;
  const auto after = [&blocks](const Block& block) {
    blocks.emplace_back(block.contender, block.counted);
    return true;
  };
  ASSERT_TRUE(RunInterleaved({Counting(done), Counting(done)}, {2, 2, 3}, after).ok());
  EXPECT_EQ(blocks, (std::vector<std::pair<std::size_t, bool>>{
                        {0, false}, {1, false}, {0, true}, {1, true}}));
}

TEST(Interleaved, FailureOfOneWorkerEndsTheRunOfAll) {
  std::atomic<int> before = 0;
  std::atomic<int> behind = 0;
  const Work failing = [](int worker) {
    return worker == 1 ? Status::NoSpace("the disk is full") : Status::Ok();
  };
  const auto samples =
      RunInterleaved({Counting(before), failing, Counting(behind)}, {3, 5, 4}, nullptr);
  EXPECT_EQ(samples.status().code(), StatusCode::kNoSpace) << samples.status();
  EXPECT_EQ(before, 3 * 4);
  EXPECT_EQ(behind, 0);
}

TEST(Interleaved, EndsWhenItIsToldTo) {
  std::atomic<int> done = 0;
  int blocks = 0;
  const auto after = [&blocks](const Block& /*block*/) { return ++blocks < 3; };
  const auto samples = RunInterleaved({Counting(done)}, {2, 100, 1}, after);
  EXPECT_EQ(samples.status().code(), StatusCode::kCancelled) << samples.status();
  EXPECT_EQ(done, 3 * 2);
}

}  // namespace
}  // namespace tandem::measuring
