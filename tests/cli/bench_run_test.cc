#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tandem/cli/bench/bench.h"
#include "tandem/cli/bench/beside/sqlite_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::bench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Small runs, in a directory that must be as it was afterwards.
class BenchRunTest : public ::testing::Test {
 protected:
  // Returns the exit code.
  int Bench(const std::string& line) {
    std::istringstream words(line);
    std::vector<std::string> arguments{std::istream_iterator<std::string>(words), {}};
    arguments.insert(arguments.end(), {"--dir", directory_.path().string()});
    out_.str("");
    err_.str("");
    return RunBench(arguments, {out_, err_, terminal_, [this] { return interrupted_(); }});
  }

  std::size_t Lines() const {
    return static_cast<std::size_t>(std::ranges::count(out_.str(), '\n'));
  }

  const testing::TemporaryDirectory directory_;
  std::ostringstream out_;
  std::ostringstream err_;
  bool terminal_ = false;
  std::function<bool()> interrupted_ = [] { return false; };
};

const std::string kAllStores = HasSqlite() ? " --beside rocksdb,sqlite" : " --beside rocksdb";
const std::size_t kStores = HasSqlite() ? 3 : 2;

TEST_F(BenchRunTest, MeasuresEachShapeInEachStoreAndLeavesNothing) {
  ASSERT_EQ(Bench("batch --events 0,2 --messages 1 --bytes 300 --callers 1,3 --batches 12 "
                  "--runs 2 -o json" +
                  kAllStores),
            0)
      << err_.str();
  const auto json = nlohmann::json::parse(out_.str());
  ASSERT_EQ(json.at("rows").size(), 2 * 2 * 2 * kStores);
  for (const auto& row : json.at("rows")) {
    // In whole blocks: ten of two batches a caller.
    EXPECT_EQ(row.at("batches"), 20 * 2 * row.at("callers").get<int>()) << row.dump();
    EXPECT_GT(row.at("per_second"), 0) << row.dump();
    EXPECT_LE(row.at("p50_us"), row.at("max_us")) << row.dump();
  }
  EXPECT_TRUE(fs::is_empty(directory_.path()));
}

TEST_F(BenchRunTest, TableHasAHeadWhichQuietLeavesOut) {
  ASSERT_EQ(Bench("batch --events 1 --durability buffered --batches 1 --runs 1"), 0) << err_.str();
  EXPECT_THAT(out_.str(), StartsWith("tandem-bench "));
  EXPECT_EQ(Lines(), 4U);
  ASSERT_EQ(Bench("batch --events 1 --durability buffered --batches 1 --runs 1 -q"), 0);
  EXPECT_THAT(out_.str(), StartsWith("BATCH "));
  EXPECT_EQ(Lines(), 2U);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(BenchRunTest, ProgressIsForTerminalsOnly) {
  const std::string line = "batch --events 1 --durability buffered --batches 1 --runs 1";
  ASSERT_EQ(Bench(line), 0);
  EXPECT_EQ(err_.str().find('\r'), std::string::npos);
  terminal_ = true;
  ASSERT_EQ(Bench(line), 0);
  EXPECT_THAT(err_.str(), HasSubstr("\r\x1b[K0/1  1 event + 1 message  buffered  tandem  50%"));
  EXPECT_EQ(out_.str().find('\r'), std::string::npos);
}

TEST_F(BenchRunTest, PlotIsWrittenBesideTheTable) {
  const testing::TemporaryDirectory plots;
  const fs::path file = plots.path() / "p.svg";
  const std::string line = "batch --events 1 --batches 1 --runs 1 --plot ";
  ASSERT_EQ(Bench(line + file.string()), 0) << err_.str();
  std::ifstream stream(file);
  const std::string svg{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_THAT(svg, StartsWith("<svg "));
  // Found out before anything is measured.
  interrupted_ = []() -> bool { throw std::logic_error("it measures"); };
  EXPECT_EQ(Bench(line + (plots.path() / "none" / "p.svg").string()), 7);
  EXPECT_THAT(err_.str(), StartsWith("error: can't write "));
}

TEST_F(BenchRunTest, AnInterruptShowsWhatIsCompleteAndLeavesNothing) {
  int asked = 0;
  interrupted_ = [&asked] { return ++asked > 3; };  // a shape has two blocks
  EXPECT_EQ(Bench("batch --events 1,2,3 --durability buffered --batches 1 --runs 1 -q"), 130);
  EXPECT_EQ(Lines(), 2U) << out_.str();
  EXPECT_EQ(err_.str(), "interrupted: 1 of 3 rows measured\n");
  EXPECT_TRUE(fs::is_empty(directory_.path()));
}

TEST_F(BenchRunTest, WhatCanNotBeMeasuredIsATypedError) {
  EXPECT_EQ(Bench("batch --callers 0"), 2);
  EXPECT_EQ(err_.str(),
            "error: --callers: '0' is no number from 1 to 1024\nhint: tandem-bench batch --help\n");
  EXPECT_EQ(Bench("batch --callers 0 -o json"), 2);
  EXPECT_THAT(err_.str(), StartsWith("{\"error\":{\"code\":\"InvalidArgument\","));
  std::ostringstream out;
  std::ostringstream err;
  const Console console{out, err, false, [] { return false; }};
  EXPECT_EQ(RunBench({"batch", "--dir", directory_.path() / "none"}, console), 3);
  EXPECT_THAT(err.str(), HasSubstr("; nothing was made\n"));
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(RunBench({"batch", "--help"}, console), 0);
  EXPECT_THAT(out.str(), HasSubstr("--durability"));
}

}  // namespace
}  // namespace tandem::bench
