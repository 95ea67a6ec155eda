// Histories in files, and their replay against other code.

#include "tandem/duroxide_runtime/testing/recorded_history.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tandem/duroxide_runtime/internal/store/layout.h"
#include "tandem/duroxide_runtime/testing/simulation.h"
#include "tandem/tests/duroxide_runtime/samples.h"
#include "tandem/tests/support/temporary_directory.h"

namespace duroxide {
namespace {

using namespace duroxide::testing;  // NOLINT

inline constexpr Orchestration<int(int)> kCounter("counter");

// Counts its executions in the key-value map.
Task<Result<int>> Counter(OrchestrationContext ctx, int rounds) {
  const Result<std::optional<int>> before = ctx.GetKv<int>("count");
  const int count = before->value_or(0) + 1;
  ctx.SetKv("count", count);
  co_await OrFail(ctx.Call(kAdd, count));
  if (rounds > 1) co_return ctx.ContinueAsNew(kCounter, rounds - 1);
  co_return count;
}

// The same, but it asks for something else.
Task<Result<int>> OtherCounter(OrchestrationContext ctx, int rounds) {
  const Result<std::optional<int>> before = ctx.GetKv<int>("count");
  const int count = before->value_or(0) + 1;
  ctx.SetKv("count", count);
  co_await OrFail(ctx.Call(kAdd, count + 1));
  if (rounds > 1) co_return ctx.ContinueAsNew(kCounter, rounds - 1);
  co_return count;
}

Registry With(Task<Result<int>> (*counter)(OrchestrationContext, int)) {
  Registry registry = Working();
  registry.Add(kCounter, counter);
  return registry;
}

class RecordedHistoryTest : public ::testing::Test {
 protected:
  std::vector<RecordedHistory> Record(int rounds) {
    Simulation sim(1, With(Counter), SimulationOptions::Calm());
    EXPECT_TRUE(sim.client().Start(kCounter, "c", rounds).ok());
    EXPECT_TRUE(sim.Run().ok());
    EXPECT_EQ(sim.client().GetStatus("c")->output, std::to_string(rounds));
    auto recorded = ReadRecorded(sim.provider(), "c");
    EXPECT_TRUE(recorded.ok()) << recorded.status();
    return *std::move(recorded);
  }

  std::filesystem::path File() const {
    return std::filesystem::path(directory_.path()) / "history.txt";
  }
  void Write(const std::string& text) { std::ofstream(File(), std::ios::binary) << text; }
  StatusCode CodeOfReading() { return ReadHistoryFile(File()).status().code(); }

  tandem::testing::TemporaryDirectory directory_;
};

TEST_F(RecordedHistoryTest, EveryExecutionReplaysWithTheMapThatItBeganWith) {
  const std::vector<RecordedHistory> recorded = Record(4);
  ASSERT_EQ(recorded.size(), 4U);
  EXPECT_TRUE(recorded[0].kv.empty());
  EXPECT_EQ(recorded[3].kv.at("count").value, "3");
  for (const RecordedHistory& execution : recorded) {
    EXPECT_EQ(FindDivergence(execution, With(Counter)), std::nullopt);
  }
}

TEST_F(RecordedHistoryTest, OtherCodeIsToldWhereItDiffers) {
  const auto divergence = FindDivergence(Record(2).back(), With(OtherCounter));
  ASSERT_TRUE(divergence.has_value());
  EXPECT_NE(divergence->find("at event 3: history holds ActivityScheduled \"add\" input \"2\", but "
                             "the code asked for ActivityScheduled \"add\" input \"3\""),
            std::string::npos)
      << *divergence;
}

TEST_F(RecordedHistoryTest, AFileGivesBackWhatWasWritten) {
  for (const RecordedHistory& execution : Record(2)) {
    ASSERT_TRUE(WriteHistoryFile(File(), execution).ok());
    const auto read = ReadHistoryFile(File());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, execution);
    EXPECT_EQ(FindDivergence(*read, With(Counter)), std::nullopt);
  }
}

TEST_F(RecordedHistoryTest, WhatPruningHasLeftReplaysWithTheMapThatItBeganWith) {
  constexpr int kRounds = 6;
  for (const int left : {3, 1}) {
    Simulation sim(1, With(Counter), SimulationOptions::Calm());
    ASSERT_TRUE(sim.client().Start(kCounter, "c", kRounds).ok());
    ASSERT_TRUE(sim.Run().ok());
    ASSERT_EQ(sim.client().admin().PruneExecutions("c", 5)->executions, 1U);
    ASSERT_TRUE(sim.client().admin().PruneExecutions("c", left).ok());
    const auto recorded = ReadRecorded(sim.provider(), "c");
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    ASSERT_EQ(recorded->size(), static_cast<std::size_t>(left));
    EXPECT_EQ(recorded->front().kv.at("count").value, std::to_string(kRounds - left));
    for (const RecordedHistory& execution : *recorded) {
      EXPECT_EQ(FindDivergence(execution, With(Counter)), std::nullopt);
      EXPECT_NE(FindDivergence(execution, With(OtherCounter)), std::nullopt);
    }
    const Status check = sim.Check();
    EXPECT_TRUE(check.ok()) << check;
  }
}

TEST_F(RecordedHistoryTest, AfterPruningWhatCanNotBeReadTheMapIsUnknown) {
  Simulation sim(1, With(Counter), SimulationOptions::Calm());
  ASSERT_TRUE(sim.client().Start(kCounter, "c", 3).ok());
  ASSERT_TRUE(sim.Run().ok());
  const auto damaged = internal::HistoryStream("c", 1);
  ASSERT_TRUE(sim.provider().Append(damaged, {"garbage!"}).ok());
  EXPECT_EQ(sim.client().admin().PruneExecutions("c", 1)->executions, 2U);
  EXPECT_EQ(ReadRecorded(sim.provider(), "c").status().code(), StatusCode::kUnsupported);
}

TEST_F(RecordedHistoryTest, AnUnknownInstanceHasNoHistories) {
  Simulation sim(1, Working());
  EXPECT_TRUE(ReadRecorded(sim.provider(), "nobody")->empty());
}

TEST_F(RecordedHistoryTest, ADamagedFileIsToldByItsLine) {
  EXPECT_EQ(CodeOfReading(), StatusCode::kNotFound);
  Write("");
  EXPECT_EQ(CodeOfReading(), StatusCode::kCorruption);
  Write("duroxide-history 2\n");
  EXPECT_EQ(CodeOfReading(), StatusCode::kUnsupported);
  Write("duroxide-history 1\ninstance 63\n");
  EXPECT_EQ(CodeOfReading(), StatusCode::kCorruption) << "no event";
  Write("duroxide-history 1\ninstance 63\nevent 00zz\n");
  const auto read = ReadHistoryFile(File());
  EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
  EXPECT_NE(read.status().message().find("history.txt:3"), std::string::npos) << read.status();
  Write("duroxide-history 1\nsomething else\n");
  EXPECT_EQ(CodeOfReading(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace duroxide
