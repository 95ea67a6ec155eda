// What one decision writes, and what happens when somebody was faster.

#include "examples/ledger/teller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "examples/ledger/codec.h"
#include "examples/ledger/projection.h"
#include "tandem/tests/support/store_fixture.h"

namespace ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Transaction kDeposit{1, "t1", "", "ann", 100, ""};
const Transaction kTransfer{2, "t2", "ann", "bob", 30, "rent"};
const Transaction kTooMuch{3, "t3", "ann", "bob", 71, ""};

class TellerTest : public tandem::testing::StoreTest {
 protected:
  Teller NewTeller(std::uint64_t snapshot_every = 100) {
    return Teller(*store_, accounts_, *ReadInbox(*store_), {{}, snapshot_every});
  }

  std::vector<std::string> EventsOf(const std::string& name) {
    std::vector<std::string> payloads;
    const auto page = store_->Read(AccountStream(name), {});
    for (const tandem::Event& event : page->events) {
      payloads.push_back(event.payload);
    }
    return payloads;
  }

  std::vector<std::string> Messages() {
    tandem::DequeueOptions options;
    options.max_messages = 100;
    std::vector<std::string> payloads;
    const auto deliveries = store_->Dequeue(std::string(kOutbox), options);
    for (const tandem::Delivery& delivery : *deliveries) {
      payloads.push_back(delivery.payload);
    }
    return payloads;
  }

  AccountCache accounts_{*store_};
};

TEST_F(TellerTest, ATransferIsAnEventOfBothAMessageAndACheckpoint) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit, kTransfer}}).ok());
  EXPECT_THAT(EventsOf("ann"), ElementsAre("in\t100\tt1\t\t", "out\t30\tt2\tbob\trent"));
  EXPECT_THAT(EventsOf("bob"), ElementsAre("in\t30\tt2\tann\trent"));
  EXPECT_THAT(Messages(), ElementsAre("done\t1\t100\tt1\t\tann", "done\t2\t30\tt2\tann\tbob"));
  EXPECT_EQ((*ReadInbox(*store_))[LaneOf(kTransfer)], (Checkpoint{2, "t2"}));
}

TEST_F(TellerTest, ARefusalIsAFactOfThePayerAndAMessage) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit, kTransfer, kTooMuch}}).ok());
  EXPECT_EQ(EventsOf("ann").back(), "not-enough\t71\tt3\tbob\t");
  EXPECT_EQ(EventsOf("bob").size(), 1U);
  EXPECT_EQ(Messages().back(), "not-enough\t3\t71\tt3\tann\tbob");
  EXPECT_EQ(teller.stats().refused, 1U);
}

TEST_F(TellerTest, WhoWasFasterIsReadAndDecidedOnAnew) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit}}).ok());
  // Somebody else takes from the account, behind the cache's back: now 70 is too much.
  ASSERT_TRUE(store_->Append(AccountStream("ann"), {"out\t40\tx\tdan\t"}).ok());
  ASSERT_TRUE(teller.Apply({{kTooMuch}}).ok());
  EXPECT_THAT(EventsOf("ann"),
              ElementsAre("in\t100\tt1\t\t", "out\t40\tx\tdan\t", "not-enough\t71\tt3\tbob\t"));
  EXPECT_EQ(teller.stats().conflicts, 1U);
}

TEST_F(TellerTest, ARowThatAnotherTellerHasDoneIsNotDoneAgain) {
  Teller late = NewTeller();
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit}}).ok());
  EXPECT_EQ(late.Apply({{kDeposit}}).code(), tandem::StatusCode::kConflict);
  EXPECT_EQ(EventsOf("ann").size(), 1U);
}

TEST_F(TellerTest, SnapshotsSpareTheEventsBeforeThem) {
  Teller teller = NewTeller(2);
  ASSERT_TRUE(teller.Apply({{kDeposit}}).ok());
  EXPECT_THAT(store_->ReadMetadata(AccountStream("ann"), {})->entries, IsEmpty());
  ASSERT_TRUE(teller.Apply({{kTransfer}}).ok());
  ASSERT_TRUE(teller.Apply({{kTooMuch}}).ok());
  const auto stored = store_->ReadMetadata(AccountStream("ann"), {})->entries;
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(DecodeSnapshot(stored[0].second), (Account{70, 1, 1, 0}));
  EXPECT_EQ(*LoadAccount(*store_, "ann"), (Account{70, 1, 1, 1}));
}

TEST_F(TellerTest, AnUnreadableSnapshotIsPassedOver) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit, kTransfer}}).ok());
  const tandem::UpdateMetadata update{AccountStream("ann"), {{"snapshot", "9\tnew"}}, {}};
  ASSERT_TRUE(store_->AtomicBatch({update}).ok());
  EXPECT_EQ(*LoadAccount(*store_, "ann"), (Account{70, 1, 1, 0}));
}

TEST_F(TellerTest, TheProjectionTakesEachMessageOnce) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit, kTransfer, kTooMuch}}).ok());
  tandem::DequeueOptions two;
  two.max_messages = 2;
  {
    auto projection = Projection::Open(*store_, tandem::Durability::kSync);
    ASSERT_TRUE(projection.ok()) << projection.status();
    EXPECT_EQ(*projection->Step(two), 2U);
  }
  Reopen();
  auto projection = Projection::Open(*store_, tandem::Durability::kSync);
  ASSERT_TRUE(projection.ok()) << projection.status();
  EXPECT_EQ(*projection->Step(two), 1U);
  EXPECT_EQ(*projection->Step(two), 0U);
  const View view = *ReadView(*store_);
  EXPECT_EQ(view.balances.at("ann"), 70);
  EXPECT_EQ(view.balances.at("bob"), 30);
  EXPECT_EQ(view.counts, (Counts{3, 2, 1}));
}

TEST_F(TellerTest, ASecondProjectionThatIsBehindWritesNothing) {
  Teller teller = NewTeller();
  ASSERT_TRUE(teller.Apply({{kDeposit, kTransfer}}).ok());
  tandem::DequeueOptions one;
  auto behind = Projection::Open(*store_, tandem::Durability::kSync);
  auto projection = Projection::Open(*store_, tandem::Durability::kSync);
  ASSERT_TRUE(behind.ok() && projection.ok());
  EXPECT_EQ(*projection->Step(one), 1U);
  EXPECT_EQ(behind->Step(one).status().code(), tandem::StatusCode::kConflict);
  EXPECT_EQ(ReadView(*store_)->counts, (Counts{1, 1, 0}));
}

}  // namespace
}  // namespace ledger
