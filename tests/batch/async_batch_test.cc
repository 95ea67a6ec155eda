// AtomicBatchAsync is in the conformance suite; closing a store on RocksDB promises more than that.

#include <gtest/gtest.h>

#include <atomic>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class AsyncBatchTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 0};
};

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
