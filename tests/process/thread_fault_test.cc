// A system that gives no more threads: opening is Unavailable, and works once there are some; what
// is open needs none.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <latch>
#include <memory>
#include <string>

#include "tandem/base/manual_clock.h"
#include "tandem/batch/memory_provider.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/batch/rocksdb_provider.h"
#include "tandem/tests/support/temporary_directory.h"
#include "tandem/tests/support/thread_faults.h"

// RocksDB forgets a few bytes where it gets no thread.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:rocksdb::ThreadPoolImpl\n";
}

namespace tandem {
namespace {

using std::chrono::hours;
using testing::RefusedThreads;

class ThreadFaultTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<RocksDbProvider>> Open() {
    RocksDbOptions options;
    options.mode = OpenMode::kCreateIfMissing;
    options.clock = &clock_;
    options.write_buffer_bytes = std::size_t{64} << 10;
    return RocksDbProvider::Open(directory_.path() / "store", options);
  }

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  const StreamId stream_{"account-1", 0};
};

TEST_F(ThreadFaultTest, OpeningIsUnavailableWhicheverThreadIsNotGivenAndWorksLater) {
  Version events = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 100U);
    SCOPED_TRACE("thread " + std::to_string(nth));
    {
      const RefusedThreads refused(nth);
      const auto opened = Open();
      if (refused.count() == 0) {
        ASSERT_TRUE(opened.ok()) << opened.status();
        EXPECT_GT(nth, 3U) << "of RocksDB one, of ours two at least";
        break;
      }
      EXPECT_EQ(opened.status().code(), StatusCode::kUnavailable) << opened.status();
    }
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Append(stream_, {"event"}).ok());
    EXPECT_EQ((*store)->Read(stream_, {})->head, ++events);
  }
}

TEST_F(ThreadFaultTest, AnOpenStoreNeedsNoFurtherThread) {
  auto store = *Open();
  const RefusedThreads refused(1);

  // More than the memtables hold: they are written out, and compacted.
  const std::string event(1000, 'e');
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(store->Append(stream_, {event}).ok());
  std::latch answered(3);
  store->AtomicBatchAsync({AppendEvents{stream_, {"event"}}}, {},
                          [&](const Result<BatchResult>& result) {
                            EXPECT_TRUE(result.ok()) << result.status();
                            answered.count_down();
                          });
  ReadOptions read;
  read.wait = hours(1);
  store->ReadAsync({"another", 0}, read, [&](const Result<EventPage>& page) {
    EXPECT_TRUE(page.ok()) << page.status();
    answered.count_down();
  });
  DequeueOptions dequeue;
  dequeue.wait = hours(1);
  store->DequeueAsync({"queue"}, dequeue, [&](const Result<std::vector<Delivery>>& deliveries) {
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    answered.count_down();
  });
  clock_.AwaitWaiters(1);
  clock_.Advance(hours(2));
  answered.wait();

  EXPECT_TRUE(store->admin()->Checkpoint(directory_.path() / "copy").ok());
  EXPECT_TRUE(store->admin()->Verify().ok());
  EXPECT_EQ(store->Read(stream_, {})->head, 501U);
  store.reset();
}

TEST_F(ThreadFaultTest, AMemoryProviderThrowsWithoutItsThreadsAndNeedsNoFurther) {
  for (int nth = 1; nth <= 2; ++nth) {
    const RefusedThreads refused(nth);
    EXPECT_THROW(MemoryProvider(), std::system_error);
  }
  MemoryOptions options;
  options.clock = &clock_;
  MemoryProvider store(options);
  const RefusedThreads refused(1);
  std::latch answered(1);
  DequeueOptions dequeue;
  dequeue.wait = hours(1);
  store.DequeueAsync({"queue"}, dequeue,
                     [&](const Result<std::vector<Delivery>>&) { answered.count_down(); });
  clock_.AwaitWaiters(1);
  clock_.Advance(hours(2));
  answered.wait();
}

}  // namespace
}  // namespace tandem
