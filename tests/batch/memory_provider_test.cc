// What only the provider in memory has: images, and answers that come one after the other. The rest
// is the contract.

#include "tandem/batch/memory_provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "tandem/base/manual_clock.h"

namespace tandem {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

MemoryOptions OptionsWith(ManualClock& clock, MemoryImage image = {}) {
  MemoryOptions options;
  options.clock = &clock;
  options.image = std::move(image);
  return options;
}

// Values that arrive on other threads.
template <typename T>
class Arrivals {
 public:
  void Add(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  std::vector<T> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return values_.size() >= count; });
    return values_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<T> values_;
};

TEST(MemoryProvider, AnImageIsTheStoreOfThatMoment) {
  ManualClock clock;
  MemoryProvider store(OptionsWith(clock));
  ASSERT_TRUE(store.Append({"a", 1}, {"e1"}).ok());
  const MemoryImage image = store.Image();
  ASSERT_TRUE(store.Append({"a", 1}, {"e2"}).ok());

  MemoryProvider copy(OptionsWith(clock, image));
  EXPECT_EQ(copy.Read({"a", 1}, {})->head, 1U);
  ASSERT_TRUE(copy.Append({"a", 1}, {"other"}).ok());
  EXPECT_EQ(store.Read({"a", 1}, {})->events[1].payload, "e2");
  EXPECT_EQ(MemoryProvider(OptionsWith(clock, image)).Read({"a", 1}, {})->head, 1U);
}

TEST(MemoryProvider, AnImageIsOpenedAgainLikeAStoreOnDisk) {
  ManualClock clock;
  MemoryProvider store(OptionsWith(clock));
  const MessageId first = store.Enqueue("q", "one")->id;
  const LockToken token = store.Dequeue("q")->front().lock_token;

  MemoryProvider again(OptionsWith(clock, store.Image()));
  const Status ack = again.Ack(token);
  ASSERT_EQ(ack.code(), StatusCode::kLeaseLost) << ack;
  EXPECT_EQ(ack.lease_lost()->reason, LeaseLoss::kGone);
  const auto deliveries = again.Dequeue("q");
  ASSERT_EQ(deliveries->size(), 1U);
  EXPECT_EQ(deliveries->front().delivery_count, 2U);
  EXPECT_GT(again.Enqueue("q", "two")->id, first);
  EXPECT_TRUE(store.Ack(token).ok()) << "the store that the image is of goes on";
}

TEST(MemoryProvider, TokensOfAnotherStoreAreForeign) {
  ManualClock clock;
  MemoryProvider one(OptionsWith(clock));
  MemoryProvider other(OptionsWith(clock));
  ASSERT_TRUE(one.Enqueue("q", "message").ok());
  ASSERT_TRUE(other.Enqueue("q", "message").ok());
  ASSERT_EQ(other.Dequeue("q")->size(), 1U);
  EXPECT_EQ(other.Ack(one.Dequeue("q")->front().lock_token).code(), StatusCode::kInvalidArgument);
}

TEST(MemoryProvider, AnswersComeInTheOrderOfSubmission) {
  ManualClock clock;
  Arrivals<Version> versions;
  MemoryProvider store(OptionsWith(clock));
  for (int i = 0; i < 50; ++i) {
    store.AtomicBatchAsync({AppendEvents({"a", 1}, {"event"})}, {},
                           [&versions](const Result<BatchResult>& result) {
                             versions.Add(std::get<AppendResult>(result->operations[0]).version);
                           });
  }
  EXPECT_EQ(store.Read({"a", 1}, {})->head, 50U) << "a batch is applied when it is submitted";
  const std::vector<Version> answered = versions.Await(50);
  for (std::size_t i = 0; i < answered.size(); ++i) EXPECT_EQ(answered[i], i + 1);
}

TEST(MemoryProvider, AThousandWaitNeedNoThousandThreads) {
  ManualClock clock;
  Arrivals<std::string> payloads;
  MemoryProvider store(OptionsWith(clock));
  DequeueOptions options;
  options.wait = hours(1);
  for (int i = 0; i < 1000; ++i) {
    store.DequeueAsync({"q"}, options, [&](const Result<std::vector<Delivery>>& deliveries) {
      payloads.Add(deliveries->front().payload);
    });
  }
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(store.Enqueue("q", std::to_string(i)).ok());
  std::vector<std::string> taken = payloads.Await(1000);
  std::ranges::sort(taken);
  EXPECT_EQ(std::ranges::unique(taken).size(), 0U) << "each message was delivered once";
}

TEST(MemoryProvider, WhoWaitsWhenItIsDestroyedIsCancelled) {
  ManualClock clock;
  Arrivals<StatusCode> codes;
  {
    MemoryProvider store(OptionsWith(clock));
    ReadOptions read;
    read.wait = hours(1);
    store.ReadAsync({"a", 1}, read,
                    [&](const Result<EventPage>& page) { codes.Add(page.status().code()); });
    DequeueOptions dequeue;
    dequeue.wait = hours(1);
    store.DequeueAsync({"q"}, dequeue, [&](const Result<std::vector<Delivery>>& deliveries) {
      codes.Add(deliveries.status().code());
    });
  }
  EXPECT_EQ(codes.Await(2), std::vector(2, StatusCode::kCancelled));
}

TEST(MemoryProvider, HasNoFilesToCopy) {
  ManualClock clock;
  MemoryProvider store(OptionsWith(clock));
  EXPECT_EQ(store.admin()->Checkpoint("anywhere").code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace tandem
