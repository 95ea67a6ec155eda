// What ReadAsync promises: the pages of Read, by one callback, and no thread for one that waits.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tandem/tests/support/store_fixture.h"

namespace tandem {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class AsyncReadTest : public testing::StoreTest {
 protected:
  // A second call of the callback would throw.
  std::future<Result<EventPage>> Start(const ReadOptions& options) {
    auto promise = std::make_shared<std::promise<Result<EventPage>>>();
    const std::thread::id caller = std::this_thread::get_id();
    store_->ReadAsync(stream_, options, [promise, caller](Result<EventPage> page) {
      EXPECT_NE(std::this_thread::get_id(), caller);
      promise->set_value(std::move(page));
    });
    return promise->get_future();
  }

  const StreamId stream_{"account-1", 3};
};

TEST_F(AsyncReadTest, APageIsThatOfABlockingRead) {
  ASSERT_TRUE(store_->Append(stream_, {"1", "2", "3"}).ok());
  const auto page = Start({.from = 2, .max_events = 1}).get();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_EQ(page->events[0].payload, "2");
  EXPECT_EQ(page->next, 3U);
  EXPECT_EQ(page->head, 3U);
  EXPECT_TRUE(Start({.from = 4}).get()->events.empty()) << "without a wait";
  const auto backward = Start({.from = 0, .direction = Direction::kBackward, .wait = hours(1)});
  EXPECT_EQ(backward.wait_for(hours(1)), std::future_status::ready) << "it does not wait";
}

TEST_F(AsyncReadTest, ABadArgumentIsToldByTheCallback) {
  EXPECT_EQ(Start({.from = 0}).get().status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Start({.max_events = 0, .wait = hours(1)}).get().status().code(),
            StatusCode::kInvalidArgument);
}

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

TEST_F(AsyncReadTest, AWaitEndsAtItsDeadline) {
  auto page = Start({.wait = seconds(5)});
  clock_.AwaitWaiters(1);
  clock_.Advance(seconds(5));
  const auto read = page.get();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->events.empty());
}

TEST_F(AsyncReadTest, AWaitIsEndedByStop) {
  std::stop_source stop;
  auto page = Start({.wait = hours(1), .stop = stop.get_token()});
  clock_.AwaitWaiters(1);
  stop.request_stop();
  const auto read = page.get();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->events.empty());
  EXPECT_TRUE(Start({.wait = hours(1), .stop = stop.get_token()}).get()->events.empty())
      << "it was requested before";
}

TEST_F(AsyncReadTest, ClosingTheStoreCancelsWhatWaits) {
  std::vector<std::future<Result<EventPage>>> pages;
  for (int i = 0; i < 100; ++i) {
    pages.push_back(Start({.wait = i % 2 == 0 ? std::chrono::milliseconds::max() : hours(1)}));
  }
  store_.reset();
  for (auto& page : pages) EXPECT_EQ(page.get().status().code(), StatusCode::kCancelled);
}

TEST_F(AsyncReadTest, ACallbackMayStartTheNextRead) {
  constexpr Version kLast = 50;
  std::promise<std::vector<std::string>> all;
  std::vector<std::string> seen;
  std::function<void(Version)> follow = [&](Version from) {
    const ReadOptions options{.from = from, .wait = hours(1)};
    store_->ReadAsync(stream_, options, [&](const Result<EventPage>& page) {
      ASSERT_TRUE(page.ok()) << page.status();
      for (const Event& event : page->events) seen.push_back(event.payload);
      page->next > kLast ? all.set_value(seen) : follow(page->next);
    });
  };
  follow(1);
  std::vector<std::string> expected;
  for (Version version = 1; version <= kLast; ++version) {
    expected.push_back(std::to_string(version));
    ASSERT_TRUE(store_->Append(stream_, {expected.back()}).ok());
  }
  EXPECT_EQ(all.get_future().get(), expected);
}

TEST_F(AsyncReadTest, ADeletedStreamHasNothingToWaitFor) {
  ASSERT_TRUE(store_->Append({"account-1", 9}, {"latest"}).ok());
  ASSERT_TRUE(store_->Append(stream_, {"1"}).ok());
  ASSERT_TRUE(store_->AtomicBatch({DeletePartition{stream_}}).ok());
  const auto page = Start({.wait = seconds(5)}).get();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->events.empty());
  EXPECT_TRUE(page->deleted);
}

}  // namespace
}  // namespace tandem
