#pragma once

// The event store's RocksDB part by itself: its operations are staged and written one group after
// the other, as the test says, also while a group before is not written yet.

#include <gtest/gtest.h>

#include <memory>

#include "tandem/base/async_wait.h"
#include "tandem/base/executor.h"
#include "tandem/base/manual_clock.h"
#include "tandem/base/rocks/rocks_status.h"
#include "tandem/base/rocks/staging.h"
#include "tandem/eventstore/internal/rocks_event_store.h"
#include "tandem/tests/support/temporary_directory.h"

namespace tandem::testing {

class EventsTest : public ::testing::Test {
 protected:
  struct Group {
    Overlay overlay;
    rocksdb::WriteBatch batch;
  };

  EventsTest() : db_(OpenDatabase(directory_)) { EXPECT_TRUE(events_.Recover().ok()); }

  // A batch of one operation in `group`, judged by what is in flight and staged.
  template <typename Operation>
  Status Submit(Group& group, const Operation& operation, const Group* in_flight = nullptr) {
    Staging staging(db_.get(), in_flight == nullptr ? nullptr : &in_flight->overlay, &group.overlay,
                    &group.batch);
    TANDEM_RETURN_IF_ERROR(events_.Check(operation, staging));
    return StatusOf(events_.Stage(operation, clock_.Now(), staging));
  }

  void Write(Group& group) { ASSERT_TRUE(db_->Write(rocksdb::WriteOptions(), &group.batch).ok()); }

  // A group of one batch of one operation.
  template <typename Operation>
  void Apply(const Operation& operation) {
    Group group;
    const Status status = Submit(group, operation);
    ASSERT_TRUE(status.ok()) << status;
    Write(group);
  }

  rocksdb::ColumnFamilyHandle* family() { return db_->DefaultColumnFamily(); }

 private:
  static std::unique_ptr<rocksdb::DB> OpenDatabase(const TemporaryDirectory& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, directory.path().string(), &db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    return std::unique_ptr<rocksdb::DB>(db);
  }

  static Status StatusOf(const Status& status) { return status; }
  template <typename T>
  static Status StatusOf(const Result<T>& result) {
    return result.status();
  }

  TemporaryDirectory directory_;

 protected:
  ManualClock clock_;
  std::unique_ptr<rocksdb::DB> db_;
  internal::RocksEventStore events_{db_.get(), family(), &clock_, &waits_};

 private:
  Executor executor_{&clock_, 1};
  AsyncWaits waits_{&executor_};
};

}  // namespace tandem::testing
