#pragma once

// A RocksMessageQueue by itself, behind a door that holds open what the commit pipeline passes
// through quickly: a group that is published and still in flight.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/base/async_wait.h"
#include "tandem/base/executor.h"
#include "tandem/base/guarded.h"
#include "tandem/base/manual_clock.h"
#include "tandem/base/rocks/commit_door.h"
#include "tandem/messagequeue/internal/rocks_message_queue.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::testing {

// One proposal is one group; the group before counts as in flight until the next has been staged.
class HesitantDoor final : public CommitDoor {
 public:
  HesitantDoor(rocksdb::DB* db, Clock* clock) : db_(db), clock_(clock) {}

  Status Commit(Proposal& proposal) override {
    ++commits_;
    auto overlay = std::make_unique<Overlay>();
    rocksdb::WriteBatch batch;
    Staging staging(db_, in_flight_.get(), overlay.get(), &batch);
    TANDEM_RETURN_IF_ERROR(proposal.Stage(staging, clock_->Now()));
    const bool held_back = std::exchange(hold_write_, false);
    if (held_back) {
      unwritten_ = std::move(batch);
    } else {
      EXPECT_TRUE(db_->Write(rocksdb::WriteOptions(), &unwritten_).ok());
      unwritten_.Clear();
      EXPECT_TRUE(db_->Write(rocksdb::WriteOptions(), &batch).ok());
    }
    if (Proposal* held = std::exchange(held_, nullptr)) held->Publish();
    if (held_back || std::exchange(hold_next_, false)) {
      held_ = &proposal;
    } else {
      proposal.Publish();
    }
    in_flight_ = std::move(overlay);
    return Status::Ok();
  }

  void CommitAsync(Proposal& proposal, std::function<void(Status)> done) override {
    done(Commit(proposal));
  }

  Status Health() const override { return *health_.Lock(); }
  void Stop(const Status& reason) { *health_.Lock() = reason; }

  int commits() const { return commits_; }

  // The next proposal is written, and published only when the one after it is. It lives until then.
  void HoldNext() { hold_next_ = true; }
  // The next proposal is neither written nor published before the one after it has been staged.
  void HoldNextWrite() { hold_write_ = true; }

 private:
  rocksdb::DB* db_;
  Clock* clock_;
  int commits_ = 0;
  bool hold_next_ = false;
  bool hold_write_ = false;
  Proposal* held_ = nullptr;
  rocksdb::WriteBatch unwritten_;
  std::unique_ptr<Overlay> in_flight_;
  Guarded<Status> health_;
};

// What a batch does of one operation, without the events.
template <typename Operation>
class OneOperation final : public Proposal {
 public:
  OneOperation(internal::RocksMessageQueue& queue, Operation operation)
      : Proposal(Durability::kSync), queue_(queue), operation_(std::move(operation)) {}

  Status Stage(Staging& staging, Timestamp now) override {
    queue_.operations().Begin();
    TANDEM_RETURN_IF_ERROR(queue_.operations().Check(operation_, staging, effects_));
    const Status staged = StatusOf(queue_.operations().Stage(operation_, {staging, effects_, now}));
    queue_.StageRecords(effects_, staging);
    return staged;
  }
  void Publish() override { queue_.Publish(effects_); }

 private:
  static Status StatusOf(const Status& status) { return status; }
  template <typename T>
  static Status StatusOf(const Result<T>& result) {
    return result.status();
  }

  internal::RocksMessageQueue& queue_;
  Operation operation_;
  internal::QueueEffects effects_;
};

class QueueRigTest : public ::testing::Test {
 protected:
  QueueRigTest() : executor_(&clock_, 1) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path(), &db).ok());
    db_.reset(db);
    door_ = std::make_unique<HesitantDoor>(db, &clock_);
    queue_ = std::make_unique<internal::RocksMessageQueue>(db, db->DefaultColumnFamily(), &clock_,
                                                           door_.get(), &waits_,
                                                           internal::StoreIdentity{1, 1});
  }

  template <typename Operation>
  void Do(Operation operation) {
    OneOperation<Operation> proposal(*queue_, std::move(operation));
    const Status status = door_->Commit(proposal);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::vector<Delivery> Take(const std::string& name, const DequeueOptions& options = {}) {
    auto deliveries = queue_->Dequeue(std::span(&name, 1), options);
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    return deliveries.ok() ? *std::move(deliveries) : std::vector<Delivery>();
  }

  Delivery TakeOne(const std::string& name = "work", const DequeueOptions& options = {}) {
    std::vector<Delivery> deliveries = Take(name, options);
    EXPECT_EQ(deliveries.size(), 1U);
    return deliveries.empty() ? Delivery() : std::move(deliveries.front());
  }

  Result<internal::QueueCounts> Verify() {
    const rocksdb::Snapshot* const snapshot = db_->GetSnapshot();
    auto counts = queue_->Verify(snapshot);
    db_->ReleaseSnapshot(snapshot);
    return counts;
  }

  ManualClock clock_;
  TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<HesitantDoor> door_;
  std::unique_ptr<internal::RocksMessageQueue> queue_;
  Executor executor_;
  AsyncWaits waits_{&executor_};
};

}  // namespace tandem::testing
