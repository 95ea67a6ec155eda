// What operators look at costs what it shows, not what was deleted beside it: counts of the deleted
// entries that RocksDB passes over, behind many of them.

#include <gtest/gtest.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <cstdio>
#include <functional>
#include <string>

#include "tandem/base/limits.h"
#include "tandem/batch/provider_admin.h"
#include "tandem/tests/messagequeue/queue_fixture.h"

namespace tandem {
namespace {

constexpr int kDeleted = 30'000;
// A page passes over so much in each part of what it shows, and a little to find out.
constexpr std::uint64_t kPassedAtMost = 2 * kPagePassedMax + 512;

class BoundedPagesTest : public testing::QueueTest {
 protected:
  static std::string Name(int number) {
    char name[16];
    std::snprintf(name, sizeof(name), "%08d", number);
    return name;
  }

  // Many operations, a thousand in a batch.
  void DoAll(int count, const std::function<Operation(int)>& operation) {
    for (int i = 0; i < count;) {
      Batch batch;
      for (; i < count && batch.size() < 1000; ++i) batch.Add(operation(i));
      const auto done = store_->AtomicBatch(std::move(batch), {Durability::kBuffered});
      ASSERT_TRUE(done.ok()) << done.status();
    }
  }

  // Deleted entries that RocksDB passes over during the call.
  static std::uint64_t Passed(const std::function<void()>& call) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    call();
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return rocksdb::get_perf_context()->internal_delete_skipped_count;
  }

  // All pages, each of them bounded.
  Texts BrowseAll(const std::string& queue) {
    Texts texts;
    BrowsePage page;
    do {
      const std::uint64_t passed = Passed([&] {
        page = store_->admin()->Browse(queue, {.after = page.next, .limit = 10}).value();
      });
      EXPECT_LE(passed, kPassedAtMost);
      for (const BrowsedMessage& message : page.messages) texts.push_back(message.payload);
    } while (!page.next.empty());
    return texts;
  }
};

TEST_F(BoundedPagesTest, BrowseBehindADeletedGroupIsBounded) {
  DoAll(kDeleted, [](int) { return Enqueue{"q", "gone", {.group = "a"}}; });
  DoAll(10, [](int i) { return Enqueue{"q", std::to_string(i), {.group = "b"}}; });
  DoAll(kDeleted / static_cast<int>(kDeletedAtOnceMax) + 1,
        [](int) { return DeleteGroup{"q", "a", kDeletedAtOnceMax}; });
  EXPECT_EQ(BrowseAll("q"), (Texts{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_F(BoundedPagesTest, BrowseBehindCancelledMessagesIsBounded) {
  const std::chrono::hours later(1);
  DoAll(kDeleted,
        [&](int i) { return Enqueue{"q", "gone", {.delay = later, .key = std::to_string(i)}}; });
  DoAll(1, [&](int) { return Enqueue{"q", "last", {.delay = later}}; });
  DoAll(kDeleted, [](int i) { return CancelMessage{"q", std::to_string(i)}; });
  EXPECT_EQ(BrowseAll("q"), Texts{"last"});
}

TEST_F(BoundedPagesTest, StatisticsBehindWhatWasTakenIsBounded) {
  DoAll(kDeleted, [](int i) { return Enqueue{"q", std::to_string(i), {}}; });
  ASSERT_EQ(Take("q", {.lease = std::chrono::hours(1)}).size(), 1U);  // keeps its place
  while (true) {
    const auto deliveries = Take("q", {.max_messages = 256});
    if (deliveries.empty()) break;
    DoAll(static_cast<int>(deliveries.size()),
          [&](int i) { return DeleteMessages{deliveries[i].lock_token}; });
  }
  DoAll(1, [](int) { return Enqueue{"q", "last", {}}; });
  clock_.Advance(std::chrono::seconds(5));
  const std::uint64_t passed = Passed([&] {
    const QueueStatistics found = store_->admin()->Statistics("q").value();
    EXPECT_EQ(found.ready, 1U);
    EXPECT_EQ(found.leased, 1U);
    EXPECT_EQ(found.oldest_age, std::chrono::seconds(5));
  });
  EXPECT_LE(passed, kPassedAtMost);
}

TEST_F(BoundedPagesTest, ListingQueuesBehindEmptiedOnesIsBounded) {
  DoAll(kDeleted, [](int i) { return Enqueue{Name(i), "gone", {.key = "k"}}; });
  DoAll(1, [](int) { return Enqueue{"last", "x", {}}; });
  DoAll(kDeleted, [](int i) { return CancelMessage{Name(i), "k"}; });
  std::vector<std::string> names;
  NamePage page;
  do {
    const std::uint64_t passed = Passed(
        [&] { page = store_->admin()->ListQueues({.after = page.next, .limit = 10}).value(); });
    EXPECT_LE(passed, kPassedAtMost);
    names.insert(names.end(), page.names.begin(), page.names.end());
  } while (page.more);
  EXPECT_EQ(names, Texts{"last"});
}

}  // namespace
}  // namespace tandem
