// The plain recount, and that the audit finds what differs from it.

#include "examples/ledger/recount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "examples/ledger/accounts.h"
#include "examples/ledger/audit.h"
#include "examples/ledger/bank.h"
#include "examples/ledger/inbox.h"
#include "tandem/tests/support/store_fixture.h"

namespace ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kRows[] =
    "id,from,to,amount_cents\n"
    "t1,,ann,100\n"
    "t2,ann,bob,30\n"
    "t3,ann,bob,71\n"
    "t4,bob,,10\n"
    "t5,cid,ann,1\n";

class RecountTest : public tandem::testing::StoreTest {
 protected:
  std::unique_ptr<CsvSource> Source(const std::string& text = kRows) {
    const std::filesystem::path path = files_.path() / "rows.csv";
    std::ofstream(path, std::ios::binary) << text;
    return *CsvSource::Open(path);
  }

  Recount CountAll() { return *CountAgain(*Source(), Everything(), Everything()); }

  void RunAll() {
    BankOptions options;
    options.threads = 3;
    options.teller.snapshot_every = 2;
    const auto source = Source();
    const auto stats = RunBank(*store_, *source, options, [](const BankProgress&) {});
    ASSERT_TRUE(stats.ok()) << stats.status();
  }

  const tandem::testing::TemporaryDirectory files_;
};

TEST_F(RecountTest, CountsEveryRowOnceAndInOrder) {
  const Recount recount = CountAll();
  EXPECT_EQ(recount.rows, 5U);
  EXPECT_EQ(recount.done, 3U);
  EXPECT_EQ(recount.refused, 2U);
  EXPECT_EQ(recount.deposited, 90);
  EXPECT_THAT(recount.accounts, UnorderedElementsAre(Pair("ann", Account{70, 1, 1, 1}),
                                                     Pair("bob", Account{20, 1, 1, 0}),
                                                     Pair("cid", Account{0, 0, 0, 1})));
  EXPECT_THAT(recount.view, UnorderedElementsAre(Pair("ann", 70), Pair("bob", 20)));
  EXPECT_EQ(recount.counts, (Counts{5, 3, 2}));
}

TEST_F(RecountTest, GoesAsFarAsItIsTold) {
  Extent decided = {};
  decided.fill(3);  // lines, of which the header is the first
  Extent projected = {};
  projected.fill(2);
  const Recount recount = *CountAgain(*Source(), decided, projected);
  EXPECT_EQ(recount.rows, 5U);
  EXPECT_THAT(recount.accounts, UnorderedElementsAre(Pair("ann", Account{70, 1, 1, 0}),
                                                     Pair("bob", Account{30, 1, 0, 0})));
  EXPECT_THAT(recount.view, ElementsAre(Pair("ann", 100)));
}

TEST_F(RecountTest, TheBankComesToTheSame) {
  RunAll();
  const auto report = Audit(*store_, CountAll());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->differences, ElementsAre());
  EXPECT_EQ(report->accounts, 3U);
  EXPECT_EQ(report->events, 6U);
  EXPECT_EQ(report->total, 90);
}

TEST_F(RecountTest, RunningAgainChangesNothing) {
  RunAll();
  RunAll();
  Reopen();
  RunAll();
  EXPECT_TRUE(Audit(*store_, CountAll())->ok());
}

TEST_F(RecountTest, ARowThatIsAddedToTheInputIsDecidedAlone) {
  RunAll();
  const std::string longer = std::string(kRows) + "t6,bob,cid,20\n";
  EXPECT_TRUE(CheckInput(*ReadInbox(*store_), *Source(longer)).ok());
  const auto source = Source(longer);
  const auto stats = RunBank(*store_, *source, BankOptions(), [](const BankProgress&) {});
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->tellers.done, 1U);
  EXPECT_TRUE(Audit(*store_, *CountAgain(*Source(longer), Everything(), Everything()))->ok());
}

TEST_F(RecountTest, AnotherInputIsRefused) {
  RunAll();
  for (const std::string other :
       {"id,from,to,amount_cents\nx1,,ann,100\nt2,ann,bob,30\n", "id,from,to,amount_cents\n"}) {
    EXPECT_THAT(CheckInput(*ReadInbox(*store_), *Source(other)).message(),
                HasSubstr("fed from another input"));
    const auto source = Source(other);
    const auto stats = RunBank(*store_, *source, BankOptions(), [](const BankProgress&) {});
    EXPECT_EQ(stats.status().code(), tandem::StatusCode::kInvalidArgument);
    EXPECT_THAT(stats.status().message(), HasSubstr("fed from another input"));
  }
}

TEST_F(RecountTest, TheAuditFindsWhatDiffers) {
  RunAll();
  ASSERT_TRUE(store_->Append(AccountStream("bob"), {"in\t5\tx\t\t"}).ok());
  const auto report = Audit(*store_, CountAll());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->differences,
              ElementsAre(HasSubstr("account bob has 25 cents"),
                          HasSubstr("all accounts together has 95 cents; the recount: 90 cents")));
}

TEST_F(RecountTest, TheAuditFindsAnAccountTooMany) {
  RunAll();
  ASSERT_TRUE(store_->Append(AccountStream("dan"), {"in\t5\tx\t\t"}).ok());
  const auto report = Audit(*store_, CountAll());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->differences, ElementsAre(HasSubstr("there are events besides those of")));
}

TEST_F(RecountTest, TheAuditFindsAWrongSnapshotAndAWrongView) {
  RunAll();
  tandem::UpdateMetadata wrong;
  wrong.stream = AccountStream("ann");
  wrong.set["snapshot"] = EncodeSnapshot(Account{71, 1, 1, 1});
  tandem::UpdateMetadata view;
  view.stream = {"view", 0};
  view.set["balance/bob"] = "21";
  ASSERT_TRUE(store_->AtomicBatch({wrong, view}).ok());
  const auto report = Audit(*store_, CountAll());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->differences, ElementsAre(HasSubstr("ann, from its snapshot on, has 71"),
                                               HasSubstr("the view of bob has 21")));
}

}  // namespace
}  // namespace ledger
