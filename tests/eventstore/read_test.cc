// What Read and LatestPartition promise: pages of one snapshot, in both directions, and the live
// tail.

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/store_fixture.h"

namespace tandem {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReadTest : public testing::StoreTest {
 protected:
  void AppendNumbers(int count) {
    std::vector<std::string> events;
    for (int i = 1; i <= count; ++i) events.push_back(std::to_string(i));
    ASSERT_TRUE(store_->Append(stream_, events).ok());
  }

  EventPage Read(const ReadOptions& options) {
    auto page = store_->Read(stream_, options);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : EventPage();
  }

  static std::vector<Version> Versions(const EventPage& page) {
    std::vector<Version> versions;
    for (const Event& event : page.events) {
      EXPECT_EQ(event.payload, std::to_string(event.version));
      versions.push_back(event.version);
    }
    return versions;
  }

  // A read that blocks in another thread, known to be blocked when this returns.
  std::future<Result<EventPage>> ReadBlocked(const ReadOptions& options) {
    auto page =
        std::async(std::launch::async, [this, options] { return store_->Read(stream_, options); });
    clock_.AwaitWaiters(1);
    return page;
  }

  using V = std::vector<Version>;
  const StreamId stream_{"account-1", 3};
};

TEST_F(ReadTest, AMissingStreamIsAnEmptyPage) {
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    const EventPage page = Read({.direction = direction});
    EXPECT_TRUE(page.events.empty());
    EXPECT_EQ(page.head, 0U);
    EXPECT_EQ(page.next, direction == Direction::kForward ? 1U : 0U);
  }
}

TEST_F(ReadTest, ForwardPagesFollowEachOther) {
  AppendNumbers(7);
  const EventPage first = Read({.max_events = 3});
  EXPECT_EQ(Versions(first), (V{1, 2, 3}));
  EXPECT_EQ(first.next, 4U);
  EXPECT_EQ(first.head, 7U);
  const EventPage second = Read({.from = first.next, .max_events = 3});
  EXPECT_EQ(Versions(second), (V{4, 5, 6}));
  const EventPage third = Read({.from = second.next, .max_events = 3});
  EXPECT_EQ(Versions(third), (V{7}));
  EXPECT_EQ(third.next, 8U);
  const EventPage end = Read({.from = third.next, .max_events = 3});
  EXPECT_TRUE(end.events.empty());
  EXPECT_EQ(end.next, 8U);
}

TEST_F(ReadTest, BackwardPagesFollowEachOtherDownToZero) {
  AppendNumbers(5);
  const EventPage first = Read({.direction = Direction::kBackward, .max_events = 2});
  EXPECT_EQ(Versions(first), (V{5, 4}));
  EXPECT_EQ(first.next, 3U);
  const EventPage second =
      Read({.from = first.next, .direction = Direction::kBackward, .max_events = 2});
  EXPECT_EQ(Versions(second), (V{3, 2}));
  const EventPage third =
      Read({.from = second.next, .direction = Direction::kBackward, .max_events = 2});
  EXPECT_EQ(Versions(third), (V{1}));
  EXPECT_EQ(third.next, 0U);
  EXPECT_EQ(third.head, 5U);
  const EventPage done = Read({.from = 0, .direction = Direction::kBackward});
  EXPECT_TRUE(done.events.empty());
  EXPECT_EQ(done.next, 0U);
}

TEST_F(ReadTest, BeyondTheHeadForwardIsEmptyAndBackwardStartsAtTheHead) {
  AppendNumbers(3);
  const EventPage forward = Read({.from = 10});
  EXPECT_TRUE(forward.events.empty());
  EXPECT_EQ(forward.next, 10U);
  EXPECT_EQ(forward.head, 3U);
  EXPECT_TRUE(Read({.from = kVersionMax}).events.empty());
  EXPECT_EQ(Versions(Read({.from = kVersionMax, .direction = Direction::kBackward})), (V{3, 2, 1}));
  EXPECT_EQ(Versions(Read({.from = 2, .direction = Direction::kBackward})), (V{2, 1}));
}

TEST_F(ReadTest, MaxBytesEndsAPageButOneEventIsAlwaysReturned) {
  for (const std::size_t size : {10U, 10U, 50U, 1U, 1U}) {
    ASSERT_TRUE(store_->Append(stream_, {std::string(size, 'x')}).ok());
  }
  const auto count = [&](const ReadOptions& options) { return Read(options).events.size(); };
  EXPECT_EQ(count({.max_bytes = 20}), 2U) << "payloads alone count";
  EXPECT_EQ(count({.max_bytes = 19}), 1U);
  EXPECT_EQ(count({.max_bytes = 0}), 1U);
  EXPECT_EQ(count({.from = 3, .max_bytes = 20}), 1U) << "an event larger than max_bytes";
  EXPECT_EQ(count({.from = 3, .max_bytes = 51}), 2U);
  EXPECT_EQ(count({.direction = Direction::kBackward, .max_bytes = 2}), 2U);
  EXPECT_EQ(count({.direction = Direction::kBackward, .max_bytes = 52}), 3U);
}

TEST_F(ReadTest, ImpossibleOptionsAreRefused) {
  EXPECT_EQ(store_->Read(stream_, {.max_events = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Read(stream_, {.from = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Read({"", 0}, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ReadTest, AWaitingReadIsWokenByAnAppend) {
  AppendNumbers(1);
  auto page = ReadBlocked({.from = 2, .wait = seconds(60)});
  ASSERT_TRUE(store_->Append(stream_, {"2"}).ok());
  const auto read = page.get();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Versions(*read), V{2});
  EXPECT_EQ(read->head, 2U);
}

TEST_F(ReadTest, AWaitForAFarVersionGoesOnUntilItIsThere) {
  auto page = ReadBlocked({.from = 3, .wait = seconds(60)});
  ASSERT_TRUE(store_->Append(stream_, {"1"}).ok());
  ASSERT_TRUE(store_->Append(stream_, {"2"}).ok());
  ASSERT_TRUE(store_->Append(stream_, {"3"}).ok());
  EXPECT_EQ(Versions(*page.get()), V{3});
}

TEST_F(ReadTest, AWaitEndsAtItsDeadline) {
  auto page = ReadBlocked({.wait = milliseconds(500)});
  clock_.Advance(milliseconds(500));
  const auto read = page.get();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->events.empty());
}

TEST_F(ReadTest, AWaitIsEndedByStop) {
  std::stop_source stop;
  auto page = ReadBlocked({.wait = seconds(60), .stop = stop.get_token()});
  stop.request_stop();
  const auto read = page.get();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->events.empty());
}

TEST_F(ReadTest, AStopBeforeTheWaitEndsItAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(Read({.wait = seconds(60), .stop = stop.get_token()}).events.empty());
  AppendNumbers(1);
  EXPECT_EQ(Read({.wait = seconds(60), .stop = stop.get_token()}).events.size(), 1U);
}

TEST_F(ReadTest, AWaitForTheLongestTimeIsAWait) {
  auto page = ReadBlocked({.wait = milliseconds::max()});
  clock_.Advance(std::chrono::hours(24));
  ASSERT_TRUE(store_->Append(stream_, {"1"}).ok());
  EXPECT_EQ(Versions(*page.get()), V{1});
}

TEST_F(ReadTest, AWaitIsNotEndedByOtherStreamsOrByMetadata) {
  auto page = ReadBlocked({.wait = seconds(10)});
  ASSERT_TRUE(store_->Append({"account-2", 3}, {"x"}).ok());
  ASSERT_TRUE(store_->Append({"account-1", 2}, {"x"}).ok());
  ASSERT_TRUE(store_->AtomicBatch({UpdateMetadata{stream_, {{"k", "v"}}, {}}}).ok());
  EXPECT_EQ(page.wait_for(milliseconds(0)), std::future_status::timeout);
  clock_.Advance(seconds(10));
  EXPECT_TRUE(page.get()->events.empty());
}

TEST_F(ReadTest, OneAppendWakesEveryWaitingReader) {
  std::vector<std::future<Result<EventPage>>> pages;
  for (std::size_t i = 0; i < 8; ++i) {
    pages.push_back(std::async(std::launch::async,
                               [this] { return store_->Read(stream_, {.wait = seconds(60)}); }));
  }
  clock_.AwaitWaiters(8);
  ASSERT_TRUE(store_->Append(stream_, {"1"}).ok());
  for (auto& page : pages) EXPECT_EQ(Versions(*page.get()), V{1});
}

TEST_F(ReadTest, ABackwardReadDoesNotWait) {
  EXPECT_TRUE(Read({.direction = Direction::kBackward, .wait = seconds(60)}).events.empty());
}

TEST_F(ReadTest, TheLatestPartitionIsTheHighestWithEvents) {
  EXPECT_FALSE(store_->LatestPartition("account-1")->has_value());
  ASSERT_TRUE(store_->Append({"account-1", 9}, {"a"}).ok());
  ASSERT_TRUE(store_->Append({"account-1", 300}, {"a", "b"}).ok());
  ASSERT_TRUE(store_->Append({"account-1", 0}, {"a", "b", "c"}).ok());
  ASSERT_TRUE(store_->Append({"account-10", 1000}, {"x"}).ok());
  ASSERT_TRUE(store_->Append({std::string("account-1\0", 10), 2000}, {"x"}).ok());
  const StreamId metadata_only{"account-1", 301};
  ASSERT_TRUE(store_->AtomicBatch({UpdateMetadata{metadata_only, {{"k", "v"}}, {}}}).ok());
  for (int round = 0; round < 2; ++round) {
    const auto latest = store_->LatestPartition("account-1");
    ASSERT_TRUE(latest.ok()) << latest.status();
    ASSERT_TRUE(latest->has_value());
    EXPECT_EQ((*latest)->partition, 300U);
    EXPECT_EQ((*latest)->head, 2U);
    EXPECT_FALSE(store_->LatestPartition("account")->has_value());
    Reopen();
  }
  ASSERT_TRUE(store_->Append({"account-1", kVersionMax}, {"z"}).ok());
  EXPECT_EQ(store_->LatestPartition("account-1")->value().partition, kVersionMax);
  EXPECT_EQ(store_->LatestPartition("").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tandem
