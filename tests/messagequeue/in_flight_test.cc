// What the queue decides while the group before is published but still in flight: the shortest of
// the moments that the commit pipeline knows, held open here by a door of our own.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <memory>
#include <string>

#include "base/manual_clock.h"
#include "base/rocks/commit_door.h"
#include "messagequeue/internal/rocks_message_queue.h"
#include "tests/support/temporary_directory.h"

namespace tandem {
namespace {

using internal::QueueEffects;
using internal::RocksMessageQueue;
using internal::StoreIdentity;

// One proposal is one group; the group before counts as in flight until the next has been staged.
class HesitantDoor final : public CommitDoor {
 public:
  HesitantDoor(rocksdb::DB* db, Clock* clock) : db_(db), clock_(clock) {}

  Status Commit(Proposal& proposal) override {
    auto overlay = std::make_unique<Overlay>();
    rocksdb::WriteBatch batch;
    Staging staging(db_, in_flight_.get(), overlay.get(), &batch);
    TANDEM_RETURN_IF_ERROR(proposal.Stage(staging, clock_->Now()));
    EXPECT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
    if (Proposal* held = std::exchange(held_, nullptr)) held->Publish();
    std::exchange(hold_next_, false) ? void(held_ = &proposal) : proposal.Publish();
    in_flight_ = std::move(overlay);
    return Status::Ok();
  }

  // The next proposal is written, and published only when the one after it is. It lives until then.
  void HoldNext() { hold_next_ = true; }

 private:
  rocksdb::DB* db_;
  Clock* clock_;
  bool hold_next_ = false;
  Proposal* held_ = nullptr;
  std::unique_ptr<Overlay> in_flight_;
};

template <typename Operation>
class OneOperation final : public Proposal {
 public:
  OneOperation(RocksMessageQueue& queue, Operation operation)
      : Proposal(Durability::kSync), queue_(queue), operation_(std::move(operation)) {}

  Status Stage(Staging& staging, Timestamp now) override {
    queue_.BeginChecks();
    TANDEM_RETURN_IF_ERROR(queue_.Check(operation_, staging));
    auto staged = queue_.Stage(operation_, now, staging, effects_);
    if constexpr (std::is_same_v<decltype(staged), Status>) {
      return staged;
    } else {
      return staged.status();
    }
  }
  void Publish() override { queue_.Publish(effects_); }

 private:
  RocksMessageQueue& queue_;
  Operation operation_;
  QueueEffects effects_;
};

class InFlightTest : public ::testing::Test {
 protected:
  InFlightTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path(), &db).ok());
    db_.reset(db);
    door_ = std::make_unique<HesitantDoor>(db, &clock_);
    queue_ = std::make_unique<RocksMessageQueue>(db, db->DefaultColumnFamily(), &clock_,
                                                 door_.get(), StoreIdentity{1, 1});
  }

  template <typename Operation>
  void Do(Operation operation) {
    OneOperation<Operation> proposal(*queue_, std::move(operation));
    const Status status = door_->Commit(proposal);
    ASSERT_TRUE(status.ok()) << status;
  }

  Delivery TakeOne() {
    const std::string name = "work";
    const auto deliveries = queue_->Dequeue(std::span(&name, 1), DequeueOptions());
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    if (!deliveries.ok() || deliveries->size() != 1) {
      ADD_FAILURE() << "not one delivery";
      return Delivery();
    }
    return deliveries->front();
  }

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<HesitantDoor> door_;
  std::unique_ptr<RocksMessageQueue> queue_;
};

TEST_F(InFlightTest, AMessageIsDeliveredWholeAsSoonAsItIsPublished) {
  Do(Enqueue{"work", "job", {}});
  EXPECT_EQ(TakeOne().payload, "job");
}

TEST_F(InFlightTest, AMemberOfAGroupIsDeliveredWholeAsSoonAsItIsPublished) {
  Do(Enqueue{"work", "job", {.group = "g"}});
  EXPECT_EQ(TakeOne().payload, "job");
}

TEST_F(InFlightTest, ADelayedMessageIsDeliveredWholeWhenItComesBack) {
  Do(Enqueue{"work", "job", {.key = "k"}});
  const Delivery delivery = TakeOne();
  Do(AbandonMessages{delivery.lock_token, std::chrono::seconds(1), true});
  clock_.Advance(std::chrono::seconds(1));
  const Delivery again = TakeOne();
  EXPECT_EQ(again.payload, "job");
  EXPECT_EQ(again.key, "k");
}

TEST_F(InFlightTest, AWrittenMessageIsNotDeniedBeforeItIsPublished) {
  const std::string name = "work";
  ASSERT_TRUE(queue_->Dequeue(std::span(&name, 1), DequeueOptions())->empty());
  OneOperation<Enqueue> proposal(*queue_, Enqueue{"work", "job", {}});
  door_->HoldNext();
  ASSERT_TRUE(door_->Commit(proposal).ok());  // whoever reads the database sees its batch now
  EXPECT_EQ(TakeOne().payload, "job");
}

}  // namespace
}  // namespace tandem
