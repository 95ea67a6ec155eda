// What a batch costs.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class AtomicBatchTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 0};
};

TEST_F(AtomicBatchTest, OneSyncedBatchIsOneFlush) {
  const RocksDbStats before = store_->Stats();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store_->Append(stream_, {"event"}).ok());
  const RocksDbStats after = store_->Stats();
  EXPECT_EQ(after.flushes - before.flushes, 10U);
  EXPECT_EQ(after.wal_synced - before.wal_synced, 10U);
}

}  // namespace
}  // namespace tandem
