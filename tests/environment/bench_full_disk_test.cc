// tandem-bench on a disk that fills up while it measures: each store's failure is an exit code, and
// the disk is empty afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "tandem/cli/bench/bench.h"
#include "tandem/tests/environment/small_disk.h"

namespace tandem::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kNoSpaceExit = 8;
constexpr int kUsageExit = 2;

class BenchFullDiskTest : public ::testing::Test {
 protected:
  // With batches of 1 MiB: one of 20 fills the disk.
  int Bench(const std::string& beside) {
    out_.str("");
    err_.str("");
    std::vector<std::string> arguments = {
        "batch",   "--events",  "1",  "--messages", "0", "--durability", "sync",  "--bytes",
        "1000000", "--batches", "50", "--runs",     "1", "-q",           "--dir", disk_.path()};
    if (!beside.empty()) arguments.insert(arguments.end(), {"--beside", beside});
    return RunBench(arguments, {out_, err_, false, [] { return false; }});
  }

  const testing::SmallDisk disk_{std::size_t{20} << 20};
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(BenchFullDiskTest, EndsWithNoSpaceAndLeavesTheDiskEmpty) {
  EXPECT_EQ(Bench(""), kNoSpaceExit) << err_.str();
  EXPECT_THAT(err_.str(), StartsWith("error: tandem"));
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(std::filesystem::is_empty(disk_.path()));
}

TEST_F(BenchFullDiskTest, EndsAlikeWithOtherStoresBeside) {
  for (const char* beside : {"rocksdb", "sqlite"}) {
    const int code = Bench(beside);
    if (code == kUsageExit) continue;  // built without it
    EXPECT_EQ(code, kNoSpaceExit) << beside << ": " << err_.str();
    EXPECT_TRUE(std::filesystem::is_empty(disk_.path())) << beside;
  }
}

TEST_F(BenchFullDiskTest, MeasuresNothingOnADiskThatIsFullBefore) {
  disk_.FillUpTo(0);
  EXPECT_EQ(Bench("rocksdb"), kNoSpaceExit) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("error: "));
}

}  // namespace
}  // namespace tandem::bench
