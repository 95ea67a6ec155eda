#include "tandem/cli/bench/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tandem/cli/bench/plot.h"
#include "tandem/cli/bench/progress_line.h"

namespace tandem::bench {
namespace {

using ::testing::HasSubstr;

const Machine kMachine = {"ext4", "/dev/vda1", 2, 3.0};

Row MakeRow(const Shape& shape, StoreKind store, const Figures& figures, double ratio) {
  Row row;
  row.shape = shape;
  row.store = store;
  row.figures = figures;
  row.tandem_by_it = ratio;
  for (std::uint64_t nanos = 1'000; nanos < 1'000'000; nanos += 1'000) row.latencies.Add(nanos);
  return row;
}

// The figures of a measurement on a busy machine.
std::vector<Row> Rows() {
  const Shape flushed{1, 1, 200, 1, Durability::kSync};
  const Shape buffered{10, 1, 200, 1, Durability::kBuffered};
  return {
      MakeRow(flushed, StoreKind::kTandem, {587, 955, 4019, 8817, 10221, 12026}, 1),
      MakeRow(flushed, StoreKind::kSqlite, {711, 708, 3784, 7781, 11938, 27138}, 1.349),
      MakeRow(buffered, StoreKind::kTandem, {13844, 21, 29, 399, 9161, 33594}, 1),
      MakeRow(buffered, StoreKind::kSqlite, {9146, 38, 51, 1929, 12555, 29931}, 0.567),
  };
}

Plan PlanBesideSqlite() {
  Plan plan;
  plan.beside = {StoreKind::kSqlite};
  return plan;
}

TEST(Reports, TableHasAColumnForEachFigure) {
  EXPECT_EQ(
      TableOf(PlanBesideSqlite(), Rows()),
      "BATCH   FLUSHED  STORE   PER SECOND  P50 US    P90    P99   P99.9     MAX  TANDEM/IT\n"
      "1 + 1   yes      tandem         587     955  4,019  8,817  10,221  12,026       1.00\n"
      "1 + 1   yes      sqlite         711     708  3,784  7,781  11,938  27,138       1.35\n"
      "10 + 1  no       tandem      13,844      21     29    399   9,161  33,594       1.00\n"
      "10 + 1  no       sqlite       9,146      38     51  1,929  12,555  29,931       0.57\n");
}

TEST(Reports, TableNamesWhatTheSweepVaries) {
  Plan plan;
  plan.bytes = {200, 4096};
  plan.callers = {1, 16};
  const Row row = MakeRow({1, 0, 4096, 16, Durability::kSync}, StoreKind::kTandem, {1}, 1);
  EXPECT_EQ(TableOf(plan, {row}),
            "BATCH  BYTES  CALLERS  FLUSHED  STORE   PER SECOND  P50 US  P90  P99  P99.9  MAX\n"
            "1 + 0  4,096       16  yes      tandem           1       0    0    0      0    0\n");
}

TEST(Reports, HeadSaysDurabilitySizesCallersAndDevice) {
  Plan plan;
  plan.bytes = {200, 4096};
  plan.callers = {1, 16};
  const std::string head = HeadOf(plan, kMachine);
  EXPECT_THAT(head, HasSubstr("200, 4,096 bytes, callers 1, 16, sync, buffered; 3 runs, medians"));
  EXPECT_THAT(head, HasSubstr("ext4 on /dev/vda1, 2 cores, load 3.00"));
}

TEST(Reports, CsvHasOneLineARowAndAsManyCellsInEach) {
  const std::string csv = CsvOf(kMachine, Rows());
  EXPECT_THAT(csv, HasSubstr("\n10,1,200,1,buffered,sqlite,999,9146.0,38.000,51.000,1929.000,"
                             "12555.000,29931.000,0.567,ext4,2\n"));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 5);
  const auto cells = std::count(csv.begin(), std::ranges::find(csv, '\n'), ',');
  EXPECT_EQ(std::ranges::count(csv, ','), 5 * cells);
}

TEST(Reports, JsonHasTheSetupAndAHistogramOfEachRow) {
  const auto json = nlohmann::json::parse(JsonOf(PlanBesideSqlite(), kMachine, Rows()));
  EXPECT_EQ(json.at("bench"), "batch");
  EXPECT_EQ(json.at("setup").at("file_system"), "ext4");
  EXPECT_EQ(json.at("setup").at("runs"), 3);
  ASSERT_EQ(json.at("rows").size(), 4U);
  for (const auto& row : json.at("rows")) {
    EXPECT_EQ(row.at("batches"), 999);
    std::uint64_t count = 0;
    double before = 0;
    for (const auto& bucket : row.at("histogram")) {
      EXPECT_GT(bucket.at("us_max").get<double>(), before);
      before = bucket.at("us_max");
      count += bucket.at("count").get<std::uint64_t>();
    }
    EXPECT_EQ(count, 999U);
  }
  EXPECT_EQ(json.at("rows")[3].at("durability"), "buffered");
  EXPECT_EQ(json.at("rows")[3].at("p99_9_us"), 12555.0);
}

std::size_t Occurrences(const std::string& text, const std::string& of) {
  std::size_t count = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

TEST(Reports, PlotHasAPanelAShapeAndALineARow) {
  Machine machine = kMachine;
  machine.device = "<a&b>";
  const std::string svg = PlotOf(machine, Rows());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(Occurrences(svg, "<polyline"), 4U);
  EXPECT_EQ(Occurrences(svg, "10 events + 1 message, 200 B, 1 caller, buffered"), 1U);
  EXPECT_THAT(svg, HasSubstr("&lt;a&amp;b&gt;"));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_TRUE(PlotOf(machine, {}).ends_with("</svg>\n"));
}

TEST(Reports, ThousandsAreSeparated) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999.4), "999");
  EXPECT_EQ(WithThousands(999.6), "1,000");
  EXPECT_EQ(WithThousands(12481), "12,481");
  EXPECT_EQ(WithThousands(1234567), "1,234,567");
}

TEST(Reports, ProgressSaysWhatIsMeasuredAndWhatIsLeft) {
  Progress progress;
  progress.rows_done = 12;
  progress.rows = 18;
  progress.shape = {10, 1, 200, 1, Durability::kBuffered};
  progress.store = StoreKind::kRocksDb;
  progress.part_of_shape = 0.66;
  progress.part_of_all = 0.75;
  progress.per_second = 18506;
  EXPECT_EQ(ProgressInWords(progress, std::chrono::seconds(63)),
            "12/18  10 events + 1 message  buffered  rocksdb  66%  18,506/s  21s left");
}

}  // namespace
}  // namespace tandem::bench
