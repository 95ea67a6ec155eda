// What ReadAll promises: every event once, in commit order, and waiting for the next.

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "tests/support/store_fixture.h"

namespace tandem {
namespace {

using std::chrono::seconds;

class FeedTest : public testing::StoreTest {
 protected:
  FeedPage Feed(Position after, const FeedOptions& options = {}) {
    auto page = store_->ReadAll(after, options);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : FeedPage();
  }

  static std::vector<std::string> Payloads(const FeedPage& page) {
    std::vector<std::string> payloads;
    for (const FeedEvent& event : page.events) payloads.push_back(event.event.payload);
    return payloads;
  }

  using P = std::vector<std::string>;
  const StreamId a_{"a", 0};
  const StreamId b_{std::string("b\0", 2), 5};
};

TEST_F(FeedTest, AnEmptyStoreHasNoFeed) {
  const FeedPage page = Feed(0);
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.next, 0U);
  EXPECT_EQ(Feed(kVersionMax).next, kVersionMax);
}

TEST_F(FeedTest, EventsOfAllStreamsComeInCommitOrder) {
  ASSERT_TRUE(store_->Append(a_, {"a1"}).ok());
  ASSERT_TRUE(store_->Append(b_, {"b1", "b2"}).ok());
  ASSERT_TRUE(store_
                  ->AtomicBatch({AppendEvents{b_, {"b3"}}, AppendEvents{a_, {"a2"}},
                                 AppendEvents{b_, {"b4", "b5"}}})
                  .ok());
  for (int round = 0; round < 2; ++round) {
    const FeedPage page = Feed(0);
    EXPECT_EQ(Payloads(page), (P{"a1", "b1", "b2", "b3", "a2", "b4", "b5"}));
    EXPECT_EQ(page.next, 7U);
    for (std::size_t i = 0; i < page.events.size(); ++i) {
      EXPECT_EQ(page.events[i].event.position, i + 1);
    }
    EXPECT_EQ(page.events[5].stream, b_);
    EXPECT_EQ(page.events[5].event.version, 4U);
    EXPECT_TRUE(Feed(7).events.empty());
    EXPECT_EQ(Feed(7).next, 7U);
    EXPECT_TRUE(Feed(1000).events.empty());
    Reopen();
  }
}

TEST_F(FeedTest, PagesMayEndInsideOfAnAppend) {
  ASSERT_TRUE(store_->Append(a_, {"1", "2", "3", "4", "5"}).ok());
  ASSERT_TRUE(store_->Append(b_, {"6", "7"}).ok());
  P seen;
  Position after = 0;
  for (int page_count = 0; page_count < 4; ++page_count) {
    const FeedPage page = Feed(after, {.limit = 2});
    EXPECT_EQ(page.events.size(), page_count < 3 ? 2U : 1U);
    for (const std::string& payload : Payloads(page)) seen.push_back(payload);
    after = page.next;
  }
  EXPECT_EQ(seen, (P{"1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(Payloads(Feed(4)), (P{"5", "6", "7"}));
}

TEST_F(FeedTest, MaxBytesEndsAPageButOneEventIsAlwaysReturned) {
  ASSERT_TRUE(store_->Append(a_, {"0123456789", "0123456789", "01234567890123456789"}).ok());
  EXPECT_EQ(Feed(0, {.max_bytes = 20}).events.size(), 2U);
  EXPECT_EQ(Feed(0, {.max_bytes = 19}).events.size(), 1U);
  EXPECT_EQ(Feed(2, {.max_bytes = 1}).events.size(), 1U);
  EXPECT_EQ(store_->ReadAll(0, {.limit = 0}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(FeedTest, AFailedBatchTakesNoPosition) {
  ASSERT_FALSE(
      store_->AtomicBatch({AppendEvents{a_, {"x"}}, AppendEvents{b_, {"y"}, Expected::Exists()}})
          .ok());
  EXPECT_EQ(store_->Append(a_, {"first"})->position, 1U);
  EXPECT_EQ(Payloads(Feed(0)), P{"first"});
}

TEST_F(FeedTest, AWaitingReaderIsWokenByAnyStream) {
  ASSERT_TRUE(store_->Append(a_, {"old"}).ok());
  auto page =
      std::async(std::launch::async, [this] { return store_->ReadAll(1, {.wait = seconds(60)}); });
  clock_.AwaitWaiters(1);
  ASSERT_TRUE(store_->Append({"never seen", 8}, {"new"}).ok());
  EXPECT_EQ(Payloads(*page.get()), P{"new"});
}

TEST_F(FeedTest, AWaitEndsAtItsDeadlineOrByStop) {
  auto timed =
      std::async(std::launch::async, [this] { return store_->ReadAll(0, {.wait = seconds(5)}); });
  clock_.AwaitWaiters(1);
  clock_.Advance(seconds(5));
  EXPECT_TRUE(timed.get()->events.empty());

  std::stop_source stop;
  auto stopped = std::async(std::launch::async, [this, &stop] {
    return store_->ReadAll(0, {.wait = seconds(5), .stop = stop.get_token()});
  });
  clock_.AwaitWaiters(1);
  stop.request_stop();
  EXPECT_TRUE(stopped.get()->events.empty());
}

}  // namespace
}  // namespace tandem
