// Backlogs beyond what is kept in memory: the ready window, its refills, and the stored floor.

#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "tandem/base/limits.h"
#include "tandem/messagequeue/internal/ready/ready_window.h"
#include "tandem/tests/messagequeue/queue_fixture.h"
#include "tandem/tests/support/random_seed.h"

namespace tandem {
namespace {

using internal::ReadyEntry;
using internal::ReadyWindow;

class WindowTest : public testing::QueueTest {
 protected:
  // `count` messages in one batch, named "<first>", "<first + 1>", ...
  void PutMany(const std::string& queue, int first, int count, const EnqueueOptions& options = {}) {
    Batch batch;
    for (int i = first; i < first + count; ++i) {
      batch.Add(Enqueue{queue, std::to_string(i), options});
    }
    const auto done = store_->AtomicBatch(std::move(batch), {Durability::kBuffered});
    ASSERT_TRUE(done.ok()) << done.status();
  }

  void AckAll(const std::vector<Delivery>& deliveries) {
    Batch batch;
    for (const Delivery& delivery : deliveries) {
      batch.Add(DeleteMessages{delivery.lock_token});
    }
    const auto done = store_->AtomicBatch(std::move(batch), {Durability::kBuffered});
    ASSERT_TRUE(done.ok()) << done.status();
  }

  // Takes exactly `count`, of which one call returns what is in memory, and acks.
  Texts TakeAndAck(const std::string& queue, std::size_t count) {
    Texts texts;
    while (texts.size() < count) {
      const auto deliveries = Take(queue, {.max_messages = count - texts.size()});
      if (deliveries.empty()) break;
      for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
      AckAll(deliveries);
    }
    return texts;
  }

  // Takes until nothing comes, and acks.
  Texts Drain(const std::string& queue) {
    Texts texts;
    while (true) {
      const auto deliveries = Take(queue, {.max_messages = 100});
      if (deliveries.empty()) return texts;
      for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
      AckAll(deliveries);
    }
  }

  static Texts Numbers(int first, int end) {
    Texts texts;
    for (int i = first; i < end; ++i) texts.push_back(std::to_string(i));
    return texts;
  }

  // Deleted keys that an empty-handed or successful Dequeue of one message walked over.
  std::uint64_t TombstonesWalkedByDequeue(const std::string& queue, std::size_t expected) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    EXPECT_EQ(Take(queue).size(), expected);
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return rocksdb::get_perf_context()->internal_delete_skipped_count;
  }

  // Point reads that a Dequeue of one message made.
  std::uint64_t ReadsOfDequeue(const std::string& queue) {
    // More than a count, which the store switches off while it takes messages.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
    rocksdb::get_perf_context()->Reset();
    EXPECT_EQ(Take(queue).size(), 1U);
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return rocksdb::get_perf_context()->get_from_memtable_count;
  }

  static constexpr int kMany = 5000;  // several times what the window holds
};

TEST_F(WindowTest, ALargeBacklogComesInOrder) {
  PutMany("work", 0, kMany);
  EXPECT_EQ(Drain("work"), Numbers(0, kMany));
}

TEST_F(WindowTest, ALargeBacklogThatArrivesAtAKnownQueueComesInOrder) {
  EXPECT_TRUE(Take("work").empty());
  PutMany("work", 0, kMany);
  EXPECT_EQ(Drain("work"), Numbers(0, kMany));
}

TEST_F(WindowTest, ALargeBacklogSurvivesAReopenInTheMiddle) {
  PutMany("work", 0, kMany);
  for (int next = 0; next < 2500; next += 100) {
    ASSERT_EQ(TakeAndAck("work", 100), Numbers(next, next + 100));
  }
  ASSERT_FALSE(Take("work", {.max_messages = 50}).empty());  // leased at the end
  Reopen();
  EXPECT_EQ(Drain("work"), Numbers(2500, kMany));
}

TEST_F(WindowTest, EarlierVisibleMessagesComeBeforeALargeDelayedBacklog) {
  EXPECT_TRUE(Take("work").empty());
  PutMany("work", 10'000, kMany, {.delay = kMinute});
  PutMany("work", 5000, 10, {.delay = kSecond});
  PutMany("work", 0, 10);
  EXPECT_EQ(Drain("work"), Numbers(0, 10));
  EXPECT_TRUE(Take("work").empty());
  clock_.Advance(kSecond);
  PutMany("work", 6000, 2000);
  Texts expected = Numbers(5000, 5010);
  for (const std::string& text : Numbers(6000, 8000)) expected.push_back(text);
  EXPECT_EQ(Drain("work"), expected);
  clock_.Advance(kMinute);
  EXPECT_EQ(Drain("work"), Numbers(10'000, 10'000 + kMany));
}

TEST_F(WindowTest, AbandonedAndExpiredMessagesComeBackInFrontOfALargeBacklog) {
  PutMany("work", 0, kMany);
  Reopen();
  const auto first = Take("work", {.lease = kSecond, .max_messages = 300});
  const auto second = Take("work", {.lease = kMinute, .max_messages = 200});
  ASSERT_EQ(first.size(), 300U) << "more than one refill";
  ASSERT_EQ(second.size(), 200U);
  for (int i = 0; i < 200; i += 2) {
    ASSERT_TRUE(store_
                    ->AtomicBatch({AbandonMessages{second[i].lock_token, {}, true}},
                                  {Durability::kBuffered})
                    .ok());
  }
  clock_.Advance(kSecond);
  Texts expected = Numbers(0, 300);
  for (int i = 300; i < 500; i += 2) expected.push_back(std::to_string(i));
  for (const std::string& text : Numbers(500, kMany)) expected.push_back(text);
  EXPECT_EQ(Drain("work"), expected);
  for (int i = 1; i < 200; i += 2) EXPECT_TRUE(store_->Renew(second[i].lock_token, kMinute).ok());
  clock_.Advance(kMinute);
  EXPECT_EQ(Drain("work").size(), 100U);
}

TEST_F(WindowTest, EverythingLeasedAndExpiredComesBackInOrder) {
  PutMany("work", 0, 3000);
  std::size_t taken = 0;
  while (true) {
    const auto deliveries = Take("work", {.lease = kSecond, .max_messages = 1000});
    if (deliveries.empty()) break;
    taken += deliveries.size();
  }
  EXPECT_EQ(taken, 3000U);
  PutMany("work", 3000, 10);
  clock_.Advance(kSecond);
  EXPECT_EQ(Drain("work"), Numbers(0, 3010));
}

TEST_F(WindowTest, TheOldestAcrossQueuesComesFirstAlsoWhenOneWindowRunsEmpty) {
  PutMany("a", 0, 400);
  PutMany("b", 400, 10);
  std::vector<std::string> queues = {"a", "b"};
  Texts texts;
  while (texts.size() < 410) {
    const auto deliveries = TakeFrom(queues, {.max_messages = 1000});
    ASSERT_FALSE(deliveries.empty());
    for (const Delivery& delivery : deliveries) texts.push_back(delivery.payload);
  }
  EXPECT_EQ(texts, Numbers(0, 410));
}

TEST_F(WindowTest, ManyGroupsComeInOrder) {
  Batch batch;
  for (int i = 0; i < 3000; ++i) {
    batch.Add(Enqueue{"work", std::to_string(i), {.group = std::to_string(i % 1500)}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  for (int i = 0; i < 1500; ++i) {
    const auto pair = Take("work", {.max_messages = 5});
    ASSERT_EQ(TextsOf(pair), (Texts{std::to_string(i), std::to_string(i + 1500)}));
    AckAll({pair[0]});
    if (i == 700) Reopen();
  }
  EXPECT_TRUE(Take("work").empty());
}

TEST_F(WindowTest, TheFloorLosesNothingOverReopens) {
  constexpr int kRounds = 8;
  int put = 0;
  int seen = 0;
  for (int round = 0; round < kRounds; ++round) {
    PutMany("work", put, 400);
    put += 400;
    clock_.Advance(std::chrono::milliseconds(1));
    const int until = put - 50;  // some stay behind
    while (seen < until) {
      ASSERT_EQ(TakeAndAck("work", 50), Numbers(seen, seen + 50));
      seen += 50;
    }
    if (round % 2 == 1) Reopen();
  }
  EXPECT_EQ(Drain("work"), Numbers(seen, put));
  Reopen();
  EXPECT_TRUE(Take("work").empty());
  PutMany("work", 0, 3);
  Reopen();
  EXPECT_EQ(Drain("work"), Numbers(0, 3));
}

TEST_F(WindowTest, ALeasedMessageHoldsTheFloorDown) {
  PutMany("work", 0, 1500);
  const Delivery held = TakeOne("work", {.lease = std::chrono::hours(1)});
  EXPECT_EQ(Drain("work"), Numbers(1, 1500));
  Reopen();
  EXPECT_EQ(Drain("work"), Texts{"0"});
}

TEST_F(WindowTest, AnAbandonBelowTheFloorIsFoundAfterReopen) {
  Put("work", "group", {.group = "g"});
  PutMany("work", 0, 1500);
  const Delivery group = TakeOne("work", {.lease = std::chrono::hours(1)});
  EXPECT_EQ(group.payload, "group");
  EXPECT_EQ(Drain("work").size(), 1500U);
  ASSERT_TRUE(store_->Abandon(group.lock_token).ok());
  PutMany("work", 1500, 1000, {.delay = kSecond});
  clock_.Advance(kSecond);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(TakeOne("work", {.max_messages = 1}).payload, "group");
    Reopen();
  }
}

TEST_F(WindowTest, AClockThatWentBackwardsLosesNothing) {
  PutMany("work", 0, 1500);
  EXPECT_EQ(Drain("work").size(), 1500U);
  store_.reset();
  ManualClock earlier(clock_.Now() - std::chrono::hours(1));
  RocksDbOptions options;
  options.mode = OpenMode::kCreateIfMissing;
  options.clock = &earlier;
  for (int round = 0; round < 2; ++round) {
    auto opened = RocksDbProvider::Open(directory_.path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    if (round == 0) {
      ASSERT_TRUE((*opened)->Enqueue("work", "early").ok());
    }
    const auto early = (*opened)->Dequeue("work");
    ASSERT_TRUE(early.ok()) << early.status();
    ASSERT_EQ(early->size(), 1U);
    EXPECT_EQ(early->front().payload, "early");
  }
}

TEST_F(WindowTest, DequeueDoesNotWalkOverWhatWasAcked) {
  PutMany("work", 0, 3000);
  clock_.Advance(std::chrono::milliseconds(1));  // the floor stays behind the present
  ASSERT_EQ(TakeAndAck("work", 2000).size(), 2000U);
  EXPECT_LE(TombstonesWalkedByDequeue("work", 1), 16U);
  Reopen();
  EXPECT_LE(TombstonesWalkedByDequeue("work", 1), 600U) << "a floor is stored every 256 removals";
  EXPECT_LE(TombstonesWalkedByDequeue("work", 1), 16U);
}

TEST_F(WindowTest, DequeueFromABacklogReadsNoMessageTwice) {
  PutMany("work", 0, 2000);
  Reopen();
  EXPECT_EQ(TakeAndAck("work", 1), Numbers(0, 1));  // with a refill
  for (int i = 1; i < 100; ++i) {
    ASSERT_EQ(ReadsOfDequeue("work"), 1U) << "its delivery count, message " << i;
  }
}

TEST_F(WindowTest, LargeMessagesAreReadWhenTheyAreTaken) {
  const std::string large(internal::ReadyWindow::kRefillRecordBytes / 4, 'x');
  for (int i = 0; i < 20; ++i) Put("work", std::to_string(i) + large);
  for (int i = 0; i < 20; ++i) {
    const Delivery delivery = TakeOne("work");
    EXPECT_EQ(delivery.payload, std::to_string(i) + large);
    ASSERT_TRUE(store_->Ack(delivery.lock_token).ok());
  }
}

TEST_F(WindowTest, WhatIsRemovedWhileItWaitsInTheWindowIsNotDelivered) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Add(Enqueue{"work", std::to_string(i), {.key = std::to_string(i)}});
  }
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  EXPECT_EQ(TakeAndAck("work", 1), Numbers(0, 1));  // with a refill
  for (int i = 1; i < 1000; i += 2) {
    ASSERT_TRUE(store_->AtomicBatch({CancelMessage{"work", std::to_string(i)}}).ok());
  }
  Texts expected;
  for (int i = 2; i < 1000; i += 2) expected.push_back(std::to_string(i));
  EXPECT_EQ(Drain("work"), expected);
}

TEST_F(WindowTest, DequeueOfAnEmptiedQueueDoesNotWalkOverItsPast) {
  for (int round = 0; round < 30; ++round) {
    PutMany("work", 0, 100);
    clock_.Advance(std::chrono::milliseconds(1));
    EXPECT_EQ(Drain("work").size(), 100U);
  }
  EXPECT_LE(TombstonesWalkedByDequeue("work", 0), 16U);
  Reopen();
  // One look, of bounded length, whether a queue without a record has lost it.
  EXPECT_LE(TombstonesWalkedByDequeue("work", 0), 2 * kPagePassedMax);
  EXPECT_LE(TombstonesWalkedByDequeue("work", 0), 16U);
}

TEST_F(WindowTest, DequeueOfAGroupDoesNotWalkOverItsPast) {
  Batch batch;
  for (int i = 0; i < 2000; ++i) batch.Add(Enqueue{"work", "x", {.group = "g"}});
  ASSERT_TRUE(store_->AtomicBatch(std::move(batch)).ok());
  for (int i = 0; i < 19; ++i) {
    const auto members = Take("work", {.max_messages = 100});
    ASSERT_EQ(members.size(), 100U);
    AckAll({members[0]});
  }
  EXPECT_LE(TombstonesWalkedByDequeue("work", 1), 16U);
}

// --- The window by itself -------------------------------------------------------------------

Place At(int micros) { return Place{Timestamp(std::chrono::microseconds(micros)), 1}; }

std::string RecordOf(const Place& place) {
  return std::to_string(place.visible_at.time_since_epoch().count());
}

TEST(ReadyWindowTest, WhatIsRemovedDuringARefillDoesNotComeWithItsRecord) {
  ReadyWindow window(At(0));
  ASSERT_EQ(window.BeginRefill(), At(0));
  window.Remove(At(1));
  window.EndRefill({{{At(1), {}}, RecordOf(At(1))}, {{At(2), {}}, RecordOf(At(2))}}, std::nullopt);
  ASSERT_NE(window.front(), nullptr);
  EXPECT_EQ(*window.front(), At(2));
  EXPECT_EQ(window.PopFront().record, RecordOf(At(2)));
  EXPECT_EQ(window.front(), nullptr);
}

TEST(ReadyWindowTest, AnOverflowDuringARefillIsNotForgotten) {
  ReadyWindow window(At(1'000'000));
  ASSERT_EQ(window.BeginRefill(), At(1'000'000));
  // More entries than the window holds arrive before the cursor: the rest stays on disk.
  for (std::size_t i = 0; i <= ReadyWindow::kEntriesMax; ++i) {
    window.Add(ReadyEntry{At(static_cast<int>(i)), {}});
  }
  window.EndRefill({}, std::nullopt);
  std::size_t count = 0;
  while (window.front() != nullptr) {
    window.PopFront();
    ++count;
  }
  EXPECT_TRUE(count == ReadyWindow::kEntriesMax + 1 || window.NeedsRefill())
      << count << " entries, and the rest is not looked for on disk";
}

// An index on "disk" and its window, driven at random: what is popped is always the first entry,
// and brings along no record but its own.
TEST(ReadyWindowTest, ItsFrontIsAlwaysTheFirstEntryOfTheIndex) {
  std::mt19937 random(static_cast<std::uint32_t>(testing::TestSeed()));
  const auto dice = [&random](int end) { return static_cast<int>(random() % end); };
  std::set<Place> index;
  ReadyWindow window(Place{});
  const auto put = [&](const Place& place) {
    if (index.insert(place).second) window.Add(ReadyEntry{place, {}});
  };
  for (int step = 0; step < 20'000; ++step) {
    for (int i = dice(3); i > 0; --i) put(At(dice(1'000'000)));
    if (dice(2000) == 0) {
      for (int i = 0; i < 1500; ++i) put(At(dice(1'000'000)));
    }
    if (window.NeedsRefill()) {
      const Place from = window.BeginRefill();
      if (dice(20) == 0) {
        window.CancelRefill();
        continue;
      }
      std::vector<ReadyWindow::Entry> scanned;
      std::optional<Place> rest;
      auto it = index.lower_bound(from);
      for (; it != index.end() && scanned.size() < ReadyWindow::kRefillEntries; ++it) {
        scanned.push_back({{*it, {}}, dice(2) == 0 ? RecordOf(*it) : ""});
      }
      if (it != index.end()) rest = *it;
      // Some of it is removed before the window knows of it, and some of that comes back.
      for (int i = dice(3); i > 0 && !scanned.empty(); --i) {
        const Place place = scanned[dice(static_cast<int>(scanned.size()))].entry.place;
        window.Remove(place);
        index.erase(place);
        if (dice(4) == 0) put(place);
      }
      for (int i = dice(20) == 0 ? dice(2000) : dice(3); i > 0; --i) put(At(dice(1'000'000)));
      window.EndRefill(std::move(scanned), rest);
    }
    if (window.NeedsRefill()) continue;
    ASSERT_EQ(window.front() == nullptr, index.empty()) << "step " << step;
    if (index.empty()) continue;
    ASSERT_EQ(*window.front(), *index.begin()) << "step " << step;
    for (int i = dice(4); i > 0 && window.front() != nullptr; --i) {
      const auto [entry, record] = window.PopFront();
      ASSERT_EQ(entry.place, *index.begin());
      ASSERT_TRUE(record.empty() || record == RecordOf(entry.place)) << record;
      index.erase(entry.place);
    }
  }
}

}  // namespace
}  // namespace tandem
