#include "tandem/cli/bench/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tandem/cli/bench/beside/sqlite_store.h"

namespace tandem::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Command> Read(const std::string& line) {
  std::istringstream words(line);
  return ReadCommandLine({std::istream_iterator<std::string>(words), {}});
}

Plan PlanOf(const std::string& line) {
  const Result<Command> command = Read(line);
  EXPECT_TRUE(command.ok()) << command.status();
  return command.ok() ? command->plan : Plan();
}

// The failure's code and text.
std::string Refused(const std::string& line) { return Read(line).status().ToString(); }

TEST(CommandLine, DefaultsAreThoseOfAPlan) {
  const Plan read = PlanOf("batch");
  const Plan plan;
  EXPECT_EQ(read.events, plan.events);
  EXPECT_EQ(read.messages, plan.messages);
  EXPECT_EQ(read.bytes, plan.bytes);
  EXPECT_EQ(read.callers, plan.callers);
  EXPECT_EQ(read.durabilities, plan.durabilities);
  EXPECT_EQ(read.beside, plan.beside);
  EXPECT_EQ(read.directory, plan.directory);
  EXPECT_EQ(read.batches, plan.batches);
  EXPECT_EQ(read.runs, plan.runs);
  EXPECT_EQ(read.format, plan.format);
  EXPECT_EQ(read.plot, plan.plot);
  EXPECT_FALSE(read.quiet);
}

TEST(CommandLine, EveryFlagIsRead) {
  const Plan plan = PlanOf(
      "batch --events 0,3 --messages 1,2 --bytes 64,1024 --callers 1,8 --durability buffered "
      "--beside rocksdb --dir /x --batches 50 --runs 5 -o csv --plot p.svg -q");
  EXPECT_THAT(plan.events, ElementsAre(0, 3));
  EXPECT_THAT(plan.messages, ElementsAre(1, 2));
  EXPECT_THAT(plan.bytes, ElementsAre(64, 1024));
  EXPECT_THAT(plan.callers, ElementsAre(1, 8));
  EXPECT_THAT(plan.durabilities, ElementsAre(Durability::kBuffered));
  EXPECT_THAT(plan.beside, ElementsAre(StoreKind::kRocksDb));
  EXPECT_EQ(plan.directory, "/x");
  EXPECT_EQ(plan.batches, 50U);
  EXPECT_EQ(plan.runs, 5U);
  EXPECT_EQ(plan.format, Format::kCsv);
  EXPECT_EQ(plan.plot, "p.svg");
  EXPECT_TRUE(plan.quiet);
}

TEST(CommandLine, ASweepIsTheProductOfItsLists) {
  const Plan plan =
      PlanOf("batch --events 1,3,10 --messages 0,1,3 --bytes 100,1000 --beside rocksdb");
  EXPECT_EQ(ShapesOf(plan).size(), 3U * 3 * 2 * 2);  // with SQLite, too, a table of 108 rows
  EXPECT_THAT(StoresOf(plan), ElementsAre(StoreKind::kTandem, StoreKind::kRocksDb));
}

TEST(CommandLine, BatchesByDefaultDependOnCallersAndDurability) {
  const Plan plan;
  Shape shape;
  EXPECT_EQ(BatchesOf(plan, shape), 1000U);
  shape.callers = 4;
  EXPECT_EQ(BatchesOf(plan, shape), 250U);
  shape.callers = 64;
  EXPECT_EQ(BatchesOf(plan, shape), 100U);
  shape.durability = Durability::kBuffered;
  EXPECT_EQ(BatchesOf(plan, shape), 1000U);
}

TEST(CommandLine, RefusalsNameTheFlagTheValueAndWhatItMayBe) {
  EXPECT_EQ(Refused("batch --callers 0"),
            "InvalidArgument: --callers: '0' is no number from 1 to 1024");
  EXPECT_EQ(Refused("batch --durability eventual"),
            "InvalidArgument: --durability: 'eventual' is none of sync, buffered");
  EXPECT_EQ(Refused("batch --beside oracle"),
            "InvalidArgument: --beside: 'oracle' is none of rocksdb, sqlite");
  EXPECT_EQ(Refused("batch -o yaml"),
            "InvalidArgument: --output: 'yaml' is none of table, json, csv");
  EXPECT_EQ(Refused("batch --runs 0"), "InvalidArgument: --runs: '0' is no number from 1 to 100");
}

TEST(CommandLine, NumbersAreNothingButNumbers) {
  for (const char* word : {"", "x", "1x", "-1", "1.5", "1,", ",1", "99999999999999999999"}) {
    EXPECT_EQ(ReadCommandLine({"batch", "--events=" + std::string(word)}).status().code(),
              StatusCode::kInvalidArgument)
        << word;
  }
}

TEST(CommandLine, TheSameTwiceIsNoSweep) {
  EXPECT_THAT(Refused("batch --events 3,3"), HasSubstr("'3' is there twice"));
  EXPECT_THAT(Refused("batch --durability sync,sync"), HasSubstr("'sync' is there twice"));
  EXPECT_THAT(Refused("batch --beside rocksdb,rocksdb"), HasSubstr("'rocksdb' is there twice"));
}

TEST(CommandLine, ABatchHoldsSomethingAndFitsIntoAStore) {
  EXPECT_THAT(Refused("batch --events 0,1 --messages 0"), HasSubstr("a batch of nothing"));
  EXPECT_THAT(Refused("batch --events 10000 --bytes 1000000"), HasSubstr("TooLarge"));
  EXPECT_THAT(Refused("batch --callers 1024 --batches 1000000"), HasSubstr("the limit is"));
}

TEST(CommandLine, AMissingOrUnknownWordIsUsage) {
  for (const char* line : {"", "bench", "batch more", "batch --evnts 3", "batch --events"}) {
    EXPECT_EQ(Read(line).status().code(), StatusCode::kInvalidArgument) << line;
  }
}

TEST(CommandLine, SqliteIsUnsupportedWhereItWasNotBuilt) {
  EXPECT_EQ(Read("batch --beside sqlite").ok(), HasSqlite());
}

TEST(CommandLine, HelpAndVersionAreTexts) {
  EXPECT_THAT(Read("--version")->text, HasSubstr("tandem-bench "));
  EXPECT_THAT(Read("--help")->text, HasSubstr("batch"));
  const std::string help = Read("batch --help")->text;
  EXPECT_THAT(help, HasSubstr("tandem-bench batch"));
  for (const char* flag : {"--events", "--messages", "--bytes", "--callers", "--durability",
                           "--beside", "--dir", "--batches", "--runs", "--output", "--plot"}) {
    EXPECT_THAT(help, HasSubstr(flag));
  }
}

TEST(CommandLine, AskingForJsonIsSeenInWhatCanNotBeRead) {
  EXPECT_TRUE(AskForJson({"batch", "--callers", "0", "-o", "json"}));
  EXPECT_TRUE(AskForJson({"batch", "--output=json"}));
  EXPECT_FALSE(AskForJson({"batch", "-o"}));
  EXPECT_FALSE(AskForJson({"batch", "-o", "csv"}));
}

}  // namespace
}  // namespace tandem::bench
