// Transactions as CSV, good ones and bad ones.

#include "examples/ledger/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "examples/ledger/row_source.h"
#include "tandem/tests/support/temporary_directory.h"

namespace ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string WhyNot(std::string_view line) {
  const auto parsed = ParseTransaction(line);
  return parsed.ok() ? "it is good" : parsed.status().message();
}

TEST(CsvTest, ALineIsATransaction) {
  const auto row = ParseTransaction("t1,ann,bob,250,rent");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(*row, (Transaction{0, "t1", "ann", "bob", 250, "rent"}));
}

TEST(CsvTest, WithoutMemoFromOrTo) {
  EXPECT_EQ(*ParseTransaction("t1,,bob,250"), (Transaction{0, "t1", "", "bob", 250, ""}));
  EXPECT_EQ(*ParseTransaction("t1,ann,,250,"), (Transaction{0, "t1", "ann", "", 250, ""}));
}

TEST(CsvTest, QuotedFieldsHaveCommasAndQuotes) {
  const auto fields = SplitCsv("\"a,b\",c,\"say \"\"hi\"\"\",\"\",");
  ASSERT_TRUE(fields.ok()) << fields.status();
  EXPECT_THAT(*fields, ElementsAre("a,b", "c", "say \"hi\"", "", ""));
}

TEST(CsvTest, WhatIsWrittenIsReadBack) {
  const Transaction row{0, "t,1", "an\"n", "bob", 1, "a, \"b\""};
  EXPECT_EQ(*ParseTransaction(CsvLine(row)), row);
}

TEST(CsvTest, ABadLineSaysWhatIsWrong) {
  EXPECT_THAT(WhyNot("t1,ann,bob"), HasSubstr("3 fields"));
  EXPECT_THAT(WhyNot("t1,ann,bob,1,x,y"), HasSubstr("6 fields"));
  EXPECT_THAT(WhyNot(",ann,bob,1"), HasSubstr("no id"));
  EXPECT_THAT(WhyNot("t1,,,1"), HasSubstr("neither from nor to"));
  EXPECT_THAT(WhyNot("t1,ann,ann,1"), HasSubstr("the same account"));
  EXPECT_THAT(WhyNot("t1,\"ann,bob,1"), HasSubstr("not closed"));
  EXPECT_THAT(WhyNot("t1,\"ann\"x,bob,1"), HasSubstr("closing quote"));
  EXPECT_THAT(WhyNot("t1,an\"n,bob,1"), HasSubstr("a quote inside"));
  EXPECT_THAT(WhyNot("t1,a\tnn,bob,1"), HasSubstr("from has a control character"));
  EXPECT_THAT(WhyNot("t1," + std::string(kNameBytesMax + 1, 'a') + ",bob,1"),
              HasSubstr("from is longer than"));
}

TEST(CsvTest, AnAmountIsAPositiveWholeNumberWithinTheLimit) {
  EXPECT_EQ(ParseTransaction("t1,ann,bob," + std::to_string(kAmountMax))->amount, kAmountMax);
  const std::vector<std::string> bad = {"",
                                        "0",
                                        "-1",
                                        "1.5",
                                        " 1",
                                        "1 ",
                                        "ten",
                                        "0x1",
                                        "99999999999999999999",
                                        std::to_string(kAmountMax + 1)};
  for (const std::string& amount : bad) {
    EXPECT_THAT(WhyNot("t1,ann,bob," + amount), HasSubstr("amount_cents is '" + amount + "'"));
  }
}

class CsvSourceTest : public ::testing::Test {
 protected:
  std::filesystem::path Write(const std::string& text) {
    const std::filesystem::path path = directory_.path() / "rows.csv";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  const tandem::testing::TemporaryDirectory directory_;
};

TEST_F(CsvSourceTest, BadRowsArePassedOverAndNamedByTheirLine) {
  auto source =
      CsvSource::Open(Write("\xef\xbb\xbfid,from,to,amount_cents,memo\r\n"
                            "t1,,ann,100\r\n"
                            "\r\n"
                            "t2,ann\r\n"
                            "t1,,ann,100\r\n"
                            "t3,ann,bob,5"));
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<std::uint64_t> rows;
  Transaction row;
  while (*(*source)->Next(row)) rows.push_back(row.row);
  EXPECT_THAT(rows, ElementsAre(2, 6));
  ASSERT_EQ((*source)->bad_rows_count(), 2U);
  EXPECT_EQ((*source)->bad_rows()[0].line, 4U);
  EXPECT_EQ((*source)->bad_rows()[1].line, 5U);
  EXPECT_EQ((*source)->bad_rows()[1].what, "the id 't1' was used by a row before it");
}

TEST_F(CsvSourceTest, AFileWithoutTheHeaderIsRefused) {
  const auto source = CsvSource::Open(Write("t1,,ann,100\n"));
  EXPECT_EQ(source.status().code(), tandem::StatusCode::kInvalidArgument);
  EXPECT_EQ(CsvSource::Open(directory_.path() / "none").status().code(),
            tandem::StatusCode::kIoError);
}

TEST(GeneratedSourceTest, TheSameSeedGivesTheSameRowsAndAllOfThemAreGood) {
  GeneratorOptions options;
  options.rows = 2000;
  options.accounts = 20;
  GeneratedSource one(options);
  GeneratedSource other(options);
  Transaction row;
  Transaction same;
  std::uint64_t count = 0;
  while (*one.Next(row)) {
    ASSERT_TRUE(*other.Next(same));
    ASSERT_EQ(row, same);
    ASSERT_EQ(row.row, ++count);
    same.row = 0;
    ASSERT_EQ(*ParseTransaction(CsvLine(row)), same);
  }
  EXPECT_EQ(count, 2020U);
}

}  // namespace
}  // namespace ledger
