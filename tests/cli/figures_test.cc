#include "tandem/cli/bench/figures.h"

#include <gtest/gtest.h>

namespace tandem::bench {
namespace {

RunOfStore MakeRun(std::initializer_list<double> micros, double seconds) {
  measuring::Samples samples;
  samples.micros = {micros};
  samples.seconds = seconds;
  return RunOf(samples);
}

TEST(Figures, OfARunAreItsPercentilesAndRate) {
  measuring::Samples samples;
  samples.micros = {{1, 3}, {2, 4}};  // of two workers
  samples.seconds = 0.5;
  const Figures figures = FiguresOf(RunOf(samples));
  EXPECT_DOUBLE_EQ(figures.per_second, 8);
  EXPECT_NEAR(figures.p50_us, 2, 0.01);
  EXPECT_NEAR(figures.p90_us, 4, 0.01);
  EXPECT_DOUBLE_EQ(figures.max_us, 4);
}

TEST(Figures, MedianIsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_DOUBLE_EQ(Median({}), 0);
  EXPECT_DOUBLE_EQ(Median({3}), 3);
  EXPECT_DOUBLE_EQ(Median({9, 1, 4}), 4);
  EXPECT_DOUBLE_EQ(Median({9, 1, 4, 6}), 5);
}

TEST(Figures, OfSeveralRunsAreMediansAndTheLargestOfAll) {
  const std::vector<StoreKind> stores = {StoreKind::kTandem, StoreKind::kSqlite};
  // The second run was disturbed, for both alike: its ratio says so.
  const std::vector<std::vector<RunOfStore>> runs = {{MakeRun({1}, 1), MakeRun({2}, 1)},
                                                     {MakeRun({100}, 10), MakeRun({200}, 10)},
                                                     {MakeRun({1.5}, 2), MakeRun({6}, 2)}};
  const std::vector<Row> rows = RowsOf({}, stores, runs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].store, StoreKind::kTandem);
  EXPECT_NEAR(rows[0].figures.p50_us, 1.5, 0.01);
  EXPECT_DOUBLE_EQ(rows[0].figures.per_second, 0.5);
  EXPECT_DOUBLE_EQ(rows[0].figures.max_us, 100);
  EXPECT_DOUBLE_EQ(rows[0].tandem_by_it, 1);
  EXPECT_EQ(rows[0].latencies.count(), 3U);
  EXPECT_NEAR(rows[1].figures.p50_us, 6, 0.01);
  EXPECT_NEAR(rows[1].tandem_by_it, 0.5, 0.001);
}

}  // namespace
}  // namespace tandem::bench
