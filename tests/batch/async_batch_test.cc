// AtomicBatchAsync on the RocksDB provider.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class AsyncBatchTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 0};
};

TEST_F(AsyncBatchTest, BatchesOfOneThreadApplyInTheirOrder) {
  constexpr int kBatches = 2000;
  std::latch answered(kBatches);
  for (int i = 0; i < kBatches; ++i) {
    store_->AtomicBatchAsync({AppendEvents{stream_, {"e"}, Expected::Exactly(i)}}, {},
                             [&](const Result<BatchResult>& result) {
                               EXPECT_TRUE(result.ok()) << result.status();
                               answered.count_down();
                             });
  }
  answered.wait();
  EXPECT_EQ(store_->Read(stream_, {})->head, Version{kBatches});
}

TEST_F(AsyncBatchTest, ABlockingBatchOfTheSameThreadComesAfter) {
  for (int i = 0; i < 100; ++i) {
    store_->AtomicBatchAsync({AppendEvents{stream_, {"e"}}}, {}, [](const Result<BatchResult>&) {});
    const auto append = store_->Append(stream_, {"f"});
    ASSERT_TRUE(append.ok()) << append.status();
    EXPECT_EQ(append->version, Version(2 * i + 2));
  }
}

TEST_F(AsyncBatchTest, ACallbackMaySubmitTheNext) {
  std::latch done(100);
  std::function<void(int)> next = [&](int i) {
    store_->AtomicBatchAsync({AppendEvents{stream_, {"e"}, Expected::Exactly(i)}}, {},
                             [&, i](const Result<BatchResult>& result) {
                               EXPECT_TRUE(result.ok()) << result.status();
                               if (i + 1 < 100) next(i + 1);
                               done.count_down();
                             });
  };
  next(0);
  done.wait();
  EXPECT_EQ(store_->Read(stream_, {})->head, 100U);
}

TEST_F(AsyncBatchTest, ARefusalAndABadArgumentAreToldByTheCallbackAndNotWithinTheCall) {
  std::latch answered(2);
  const auto caller = std::this_thread::get_id();
  const auto expect = [&](StatusCode code) {
    return [&answered, code, caller](const Result<BatchResult>& result) {
      EXPECT_EQ(result.status().code(), code) << result.status();
      EXPECT_NE(std::this_thread::get_id(), caller);
      answered.count_down();
    };
  };
  store_->AtomicBatchAsync({CheckVersion{stream_, Expected::Exists()}}, {},
                           expect(StatusCode::kConflict));
  store_->AtomicBatchAsync({AppendEvents{{"", 0}, {"e"}}}, {},
                           expect(StatusCode::kInvalidArgument));
  answered.wait();
}

TEST_F(AsyncBatchTest, WhatWasSubmittedIsAppliedAndAnsweredBeforeTheStoreIsClosed) {
  std::atomic<int> answered = 0;
  for (int i = 0; i < 500; ++i) {
    store_->AtomicBatchAsync({AppendEvents{stream_, {"e"}}}, {},
                             [&answered](const Result<BatchResult>& result) {
                               EXPECT_TRUE(result.ok()) << result.status();
                               ++answered;
                             });
  }
  Reopen();
  EXPECT_EQ(answered, 500);
  EXPECT_EQ(store_->Read(stream_, {})->head, 500U);
}

}  // namespace
}  // namespace tandem
