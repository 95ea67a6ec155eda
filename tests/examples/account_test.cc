// The aggregate: folding and deciding, without a store.

#include "examples/ledger/account.h"

#include <gtest/gtest.h>

namespace ledger {
namespace {

const Transaction kRent{1, "t1", "ann", "bob", 30, "rent"};

TEST(AccountTest, AnAccountIsWhatItsEventsSay) {
  Account account;
  Fold(account, {EventKind::kIn, 100, "t1", "", ""});
  Fold(account, {EventKind::kOut, 30, "t2", "bob", ""});
  Fold(account, {EventKind::kNotEnough, 500, "t3", "bob", ""});
  Fold(account, {EventKind::kOverLimit, 500, "t4", "bob", ""});
  EXPECT_EQ(account, (Account{70, 1, 1, 2}));
  EXPECT_EQ(account.version(), 4U);
}

TEST(AccountTest, ATransferNeedsEnoughAtTheOneAndRoomAtTheOther) {
  const Account rich{100, 1, 0, 0};
  const Account full{kBalanceMax - 99, 1, 0, 0};
  EXPECT_EQ(Decide(&rich, &rich, 100), Verdict::kDone);
  EXPECT_EQ(Decide(&rich, &rich, 101), Verdict::kNotEnough);
  EXPECT_EQ(Decide(&rich, &full, 99), Verdict::kDone);
  EXPECT_EQ(Decide(&rich, &full, 100), Verdict::kOverLimit);
  EXPECT_EQ(Decide(&rich, &full, 101), Verdict::kNotEnough);
}

TEST(AccountTest, TheOutsideHasMoneyAndRoomWithoutEnd) {
  const Account poor;
  EXPECT_EQ(Decide(nullptr, &poor, kAmountMax), Verdict::kDone);
  EXPECT_EQ(Decide(&poor, nullptr, 1), Verdict::kNotEnough);
}

TEST(AccountTest, BothSidesOfATransferNameEachOther) {
  EXPECT_EQ(PaidEvent(kRent), (AccountEvent{EventKind::kOut, 30, "t1", "bob", "rent"}));
  EXPECT_EQ(ReceivedEvent(kRent), (AccountEvent{EventKind::kIn, 30, "t1", "ann", "rent"}));
}

TEST(AccountTest, ARefusalIsAFactOfTheOneWhoPaysElseOfTheOneWhoReceives) {
  EXPECT_EQ(kRent.Owner(), "ann");
  EXPECT_EQ(RefusedEvent(kRent, Verdict::kNotEnough),
            (AccountEvent{EventKind::kNotEnough, 30, "t1", "bob", "rent"}));
  const Transaction deposit{2, "t2", "", "bob", 30, ""};
  EXPECT_EQ(deposit.Owner(), "bob");
  EXPECT_EQ(RefusedEvent(deposit, Verdict::kOverLimit),
            (AccountEvent{EventKind::kOverLimit, 30, "t2", "", ""}));
}

}  // namespace
}  // namespace ledger
