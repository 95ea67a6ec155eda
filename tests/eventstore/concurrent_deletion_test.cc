// Readers beside deletions and truncations: each page is of one moment.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tandem/batch/provider_admin.h"
#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

constexpr std::size_t kLives = 60;
constexpr std::size_t kEvents = 20;

class ConcurrentDeletionTest : public testing::StoreTest {
 protected:
  // Lives one after the other: appended, truncated in the middle, deleted.
  void Live() {
    const std::vector<std::string> events(kEvents, "x");
    for (std::uint64_t life = 1; life <= kLives; ++life) {
      const StreamId stream{"a", life};
      ASSERT_TRUE(store_->Append(stream, events).ok());
      ASSERT_TRUE(store_->admin()->Truncate(stream, kEvents / 2).ok());
      ASSERT_TRUE(store_->AtomicBatch({DeleteEntity{"a"}}).ok());
    }
  }

  void ReadPages() {
    while (!done_) {
      const auto latest = store_->LatestPartition("a");
      ASSERT_TRUE(latest.ok()) << latest.status();
      if (!latest->has_value()) continue;
      for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
        const auto page =
            store_->Read({"a", (*latest)->partition}, {.direction = direction, .max_events = 100});
        ASSERT_TRUE(page.ok()) << page.status();
        ASSERT_EQ(page->events.size(), page->head + 1 - page->first);
        ASSERT_TRUE(page->head == 0 || page->head == kEvents);
        ASSERT_TRUE(page->first == 1 || page->first == kEvents / 2);
      }
    }
  }

  void ReadFeed() {
    while (!done_) {
      const auto page = store_->ReadAll(0, {});
      ASSERT_TRUE(page.ok()) << page.status();
      // Of one life at most, as it stood at one moment.
      const std::size_t size = page->events.size();
      ASSERT_TRUE(size == 0 || size == kEvents || size == kEvents / 2 + 1) << size;
    }
  }

  std::atomic<bool> done_ = false;
};

TEST_F(ConcurrentDeletionTest, EachPageIsOfOneMoment) {
  std::vector<std::thread> readers;
  readers.emplace_back([this] { ReadPages(); });
  readers.emplace_back([this] { ReadPages(); });
  readers.emplace_back([this] { ReadFeed(); });
  Live();
  done_ = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace tandem
