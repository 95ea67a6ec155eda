// ReadAsync is in the conformance suite; here is what a read that waits costs.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <latch>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

using std::chrono::hours;

class AsyncReadTest : public testing::StoreTest {
 protected:
  const StreamId stream_{"account-1", 3};
};

TEST_F(AsyncReadTest, AThousandReadsWaitWithoutAThousandThreads) {
  constexpr int kReads = 1000;
  std::latch done(kReads);
  std::atomic<int> good = 0;
  for (int i = 0; i < kReads; ++i) {
    store_->ReadAsync(stream_, {.from = 2, .wait = hours(1)}, [&](const Result<EventPage>& page) {
      if (page.ok() && page->events.size() == 1 && page->events[0].payload == "2") ++good;
      done.count_down();
    });
  }
  ASSERT_TRUE(store_->Append(stream_, {"1"}).ok());
  ASSERT_TRUE(store_->Append({"account-2", 3}, {"x", "y"}).ok());
  clock_.AwaitWaiters(1);
  const std::filesystem::directory_iterator threads("/proc/self/task");
  EXPECT_LT(std::distance(begin(threads), end(threads)), 100);
  EXPECT_FALSE(done.try_wait());
  ASSERT_TRUE(store_->Append(stream_, {"2"}).ok());
  done.wait();
  EXPECT_EQ(good, kReads);
}

}  // namespace
}  // namespace tandem
