// The ledger's records: what is written is read back, and nothing else is read.

#include "examples/ledger/codec.h"

#include <gtest/gtest.h>

#include <string>

namespace ledger {
namespace {

using tandem::StatusCode;

TEST(LedgerCodecTest, AnEventIsALineThatAPersonCanRead) {
  const AccountEvent event{EventKind::kOut, 250, "t1", "bob", "rent"};
  EXPECT_EQ(EncodeEvent(event), "out\t250\tt1\tbob\trent");
}

TEST(LedgerCodecTest, EveryRecordIsReadBack) {
  for (const EventKind kind :
       {EventKind::kIn, EventKind::kOut, EventKind::kNotEnough, EventKind::kOverLimit}) {
    const AccountEvent event{kind, kAmountMax, "t1", "", ""};
    EXPECT_EQ(*DecodeEvent(EncodeEvent(event)), event);
  }
  for (const Verdict verdict : {Verdict::kDone, Verdict::kNotEnough, Verdict::kOverLimit}) {
    const Outcome outcome{verdict, 7, 250, "t1", "ann", ""};
    EXPECT_EQ(*DecodeOutcome(EncodeOutcome(outcome)), outcome);
  }
  const Account account{-5, 1, 2, 3};
  EXPECT_EQ(DecodeSnapshot(EncodeSnapshot(account)), account);
  const Checkpoint checkpoint{7, "t1"};
  EXPECT_EQ(*DecodeCheckpoint(EncodeCheckpoint(checkpoint)), checkpoint);
  const Counts counts{3, 2, 1};
  EXPECT_EQ(*DecodeCounts(EncodeCounts(counts)), counts);
  EXPECT_EQ(*DecodeCents("-12"), -12);
}

TEST(LedgerCodecTest, WhatIsNoRecordIsCorruption) {
  for (const char* text :
       {"", "in", "in\t1\tt1\tbob", "in\t1\tt1\tbob\tmemo\tmore", "in\tone\tt1\tbob\tmemo",
        "in\t1x\tt1\tbob\tmemo", "IN\t1\tt1\tbob\tm"}) {
    EXPECT_EQ(DecodeEvent(text).status().code(), StatusCode::kCorruption) << text;
  }
  EXPECT_EQ(DecodeOutcome("maybe\t1\t1\tt1\ta\tb").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeCheckpoint("7").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeCounts("1\t2\t-3").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeCents("").status().code(), StatusCode::kCorruption);
}

TEST(LedgerCodecTest, ASnapshotOfAnotherVersionIsNone) {
  const std::string snapshot = EncodeSnapshot(Account{5, 1, 0, 0});
  EXPECT_TRUE(DecodeSnapshot(snapshot).has_value());
  EXPECT_FALSE(DecodeSnapshot("2" + snapshot.substr(1)).has_value());
  EXPECT_FALSE(DecodeSnapshot("").has_value());
}

}  // namespace
}  // namespace ledger
