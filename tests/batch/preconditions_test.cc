// What refuses a batch is in the conformance suite; here is what a refusal costs RocksDB.

#include <gtest/gtest.h>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class PreconditionsTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 0};
};

TEST_F(PreconditionsTest, WhatIsMalformedIsRefusedWithoutAGroup) {
  ASSERT_TRUE(store_->Append(stream_, {"a"}).ok());
  const RocksDbStats before = store_->Stats();
  const AppendEvents conflict{stream_, {"x"}, Expected::NoStream()};  // which is not reached
  for (const Operation& bad :
       {Operation(AppendEvents{{"", 0}, {"x"}}), Operation(Enqueue{"", "m", {}}),
        Operation(DeleteMessages{LockToken{"rubbish"}})}) {
    const auto result = store_->AtomicBatch({conflict, bad});
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument) << result.status();
  }
  EXPECT_EQ(store_->Stats().groups, before.groups);
}

}  // namespace
}  // namespace tandem
