// Writers and readers of the event store at the same time.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

class ConcurrentWritersTest : public testing::StoreTest {
 protected:
  static constexpr std::size_t kWriters = 8;
};

// N threads race for each next version of one stream.
TEST_F(ConcurrentWritersTest, ExactlyOneAppendWinsEachVersion) {
  constexpr Version kVersions = 60;
  const StreamId stream{"contended", 0};
  std::atomic<int> wins = 0;
  {
    std::vector<std::jthread> writers;
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        Version head = 0;
        while (head < kVersions) {
          AppendOptions options{.expected = Expected::Exactly(head),
                                .durability = Durability::kBuffered};
          if (writer % 2 == 0) options.durability = Durability::kSync;
          const auto result = store_->Append(
              stream, {std::to_string(writer) + ":" + std::to_string(head + 1)}, options);
          if (result.ok()) {
            EXPECT_EQ(result->first, head + 1);
            ++wins;
            ++head;
            continue;
          }
          ASSERT_EQ(result.status().code(), StatusCode::kConflict) << result.status();
          EXPECT_GT(result.status().conflict()->actual, head) << "a head never goes back";
          head = result.status().conflict()->actual;
        }
      });
    }
  }
  const auto page = store_->Read(stream, {});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->head, static_cast<Version>(wins.load()));
  for (std::size_t i = 0; i < page->events.size(); ++i) {
    const std::string& payload = page->events[i].payload;
    EXPECT_EQ(payload.substr(payload.find(':') + 1), std::to_string(i + 1));
  }
}

// Feed readers follow while many write, each to streams of its own and to a shared one.
TEST_F(ConcurrentWritersTest, FeedReadersSeeEveryPositionOnceInOrder) {
  constexpr std::size_t kAppends = 40;
  constexpr Position kEvents = kWriters * kAppends * 3;
  std::vector<std::jthread> threads;
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const StreamId own{"own-" + std::to_string(writer), 0};
      const StreamId shared{"shared", 0};
      BatchOptions options;
      options.durability = writer % 2 == 0 ? Durability::kSync : Durability::kBuffered;
      for (std::size_t i = 0; i < kAppends; ++i) {
        const auto done = store_->AtomicBatch(
            {AppendEvents{own, {"x", "y"}}, AppendEvents{shared, {"z"}}}, options);
        ASSERT_TRUE(done.ok()) << done.status();
      }
    });
  }
  const auto follow = [&](const FeedOptions& options) {
    Position last = 0;
    std::map<StreamId, Version> heads;
    while (last < kEvents) {
      const auto page = store_->ReadAll(last, options);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const FeedEvent& event : page->events) {
        ASSERT_EQ(event.event.position, last + 1) << "positions are dense, none comes later";
        last = event.event.position;
        ASSERT_EQ(event.event.version, ++heads[event.stream]);
      }
      ASSERT_EQ(page->next, last);
    }
    EXPECT_EQ(heads.size(), kWriters + 1);
  };
  threads.emplace_back([&] { follow({.limit = 7}); });
  threads.emplace_back([&] { follow({.limit = 1000, .wait = std::chrono::hours(1)}); });
  threads.clear();  // joins
}

// Pages of a stream are snapshots: the head fits the events, and what a reader saw stays.
TEST_F(ConcurrentWritersTest, ReadersNeverSeeAHalfAppend) {
  constexpr int kAppends = 100;
  const StreamId stream{"pairs", 0};
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      Version seen = 0;
      while (!done) {
        const auto page =
            store_->Read(stream, {.direction = Direction::kBackward, .max_events = 3});
        ASSERT_TRUE(page.ok()) << page.status();
        ASSERT_EQ(page->head % 3, 0U) << "three events are appended at a time";
        ASSERT_GE(page->head, seen);
        seen = page->head;
        const auto latest = store_->LatestPartition("pairs");
        ASSERT_TRUE(latest.ok()) << latest.status();
        if (seen > 0) {
          ASSERT_EQ(page->events.size(), 3U);
          ASSERT_GE((*latest)->head, seen);
        }
      }
    });
  }
  for (int i = 0; i < kAppends; ++i) {
    ASSERT_TRUE(store_->Append(stream, {"1", "2", "3"}).ok());
    ASSERT_EQ(store_->Read(stream, {})->head, static_cast<Version>(3 * (i + 1)))
        << "an acknowledged append is visible";
  }
  done = true;
}

}  // namespace
}  // namespace tandem
