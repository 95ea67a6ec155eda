// Nobody ever sees part of a batch, and batches are as if one came after the other (B1, B6, B7).
// Readers in threads of their own check invariants while batches run.

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "tandem/tests/provider_conformance/internal/conformance_test.h"

namespace tandem::conformance {

CONFORMANCE_CHAPTER(Visibility)

namespace {

class VisibilityTest : public ConformanceTest {
 protected:
  static constexpr int kBatches = 120;

  static BatchOptions Options(int i) {
    return {i % 3 == 0 ? Durability::kBuffered : Durability::kSync, {}};
  }
  Version HeadOf(const StreamId& stream) {
    return Page(stream, {.direction = Direction::kBackward, .max_events = 1}).head;
  }

  const StreamId left_{"left", 0};
  const StreamId right_{"right", 0};
};

// Whoever reads what each batch writes, one after the other, may see later ones grow, but never a
// later one behind an earlier one.
CONFORMANCE_CASE(Visibility, NoReaderSeesHalfABatch, Shows("B1", "R7")) {
  std::atomic<bool> done = false;
  std::vector<std::future<void>> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.push_back(std::async(std::launch::async, [&] {
      while (!done) {
        const Version left = HeadOf(left_);
        const Entries entries = MetadataOf(right_);
        const Version noted = entries.empty() ? 0 : std::stoull(entries.at("n"));
        const Version right = HeadOf(right_);
        const Version left_again = Latest("left").value_or(PartitionHead()).head;
        ASSERT_LE(left, noted);
        ASSERT_LE(noted, right);
        ASSERT_LE(right, left_again);
      }
    }));
  }
  for (int i = 1; i <= kBatches; ++i) {
    Commit({AppendEvents{left_, {"x"}}, UpdateMetadata{right_, {{"n", std::to_string(i)}}, {}},
            AppendEvents{right_, {"x"}}},
           Options(i));
  }
  done = true;
  for (auto& reader : readers) reader.get();
}

CONFORMANCE_CASE(Visibility, TheFeedNeverEndsWithinABatch, Shows("B1", "R11").Needs(Part::kFeed)) {
  auto reader = std::async(std::launch::async, [&] {
    for (Position last = 0; last < Position{2} * kBatches;) {
      last = Feed(last, {.wait = kHour}).next;
      ASSERT_EQ(last % 2, 0U);
    }
  });
  for (int i = 1; i <= kBatches; ++i) {
    Commit({AppendEvents{left_, {"x"}}, AppendEvents{right_, {"x"}}}, Options(i));
  }
  reader.get();
}

// A message says how many events there were when it was sent.
CONFORMANCE_CASE(Visibility, AMessageIsNeverSeenBeforeItsEvents, Shows("B7", "B1")) {
  std::atomic<int> seen = 0;
  std::stop_source stop;
  std::vector<std::future<void>> consumers;
  for (int consumer = 0; consumer < 3; ++consumer) {
    consumers.push_back(std::async(std::launch::async, [&, consumer] {
      DequeueOptions options{.lease = 1000 * kHour, .stop = stop.get_token()};
      if (consumer > 0) options.wait = kHour;
      while (seen < kBatches) {
        for (const Delivery& delivery : Take(kQueue, options)) {
          ASSERT_GE(HeadOf(left_), std::stoull(delivery.payload));
          Ack(delivery.lock_token);
          if (++seen == kBatches) stop.request_stop();
        }
      }
    }));
  }
  for (int i = 1; i <= kBatches; ++i) {
    Commit({Enqueue{kQueue, std::to_string(i), {.group = i % 2 == 0 ? "g" : ""}},
            AppendEvents{left_, {"x"}, Expected::Exactly(static_cast<Version>(i) - 1)}},
           Options(i));
  }
  for (auto& consumer : consumers) consumer.get();
  EXPECT_EQ(seen, kBatches);
}

CONFORMANCE_CASE(Visibility, AWokenReaderFindsTheWholeBatch, Shows("B1", "R8")) {
  auto follower = std::async(std::launch::async, [&] {
    for (int i = 1; i <= kBatches; ++i) {
      const Version version = static_cast<Version>(i);
      ASSERT_FALSE(Page(left_, {.from = version, .wait = kHour}).events.empty());
      ASSERT_GE(HeadOf(right_), version);
      ASSERT_EQ(TakeOne(kQueue, {.lease = 1000 * kHour}).payload, std::to_string(i));
    }
  });
  for (int i = 1; i <= kBatches; ++i) {
    Commit({AppendEvents{left_, {"x"}}, AppendEvents{right_, {"x"}},
            Enqueue{kQueue, std::to_string(i), {}}},
           Options(i));
  }
  follower.get();
}

CONFORMANCE_CASE(Visibility, OfThoseThatExpectOneVersionOneSucceeds, Shows("B6", "E3", "E4")) {
  constexpr int kThreads = 6;
  constexpr Version kRounds = 40;
  std::atomic<int> won = 0;
  std::vector<std::future<void>> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.push_back(std::async(std::launch::async, [&, thread] {
      for (Version head = 0; head < kRounds;) {
        const auto result = store().AtomicBatch(
            {AppendEvents{left_, {"x"}, Expected::Exactly(head)}}, Options(thread));
        if (result.ok()) ++won;
        ASSERT_TRUE(result.ok() || Code(result) == StatusCode::kConflict) << result.status();
        if (!result.ok()) {
          ASSERT_GT(result.status().conflict()->actual, head) << "a head never goes back";
        }
        const Version before = head;
        head = HeadOf(left_);
        ASSERT_GT(head, before) << "somebody has won";
      }
    }));
  }
  for (auto& writer : writers) writer.get();
  EXPECT_EQ(static_cast<Version>(won), HeadOf(left_)) << "as many as have won, and no others";
}

// Money moves between two accounts whose balances stand in metadata.
CONFORMANCE_CASE(Visibility, ConcurrentTransfersLoseAndMakeNoMoney, Shows("B6", "B3")) {
  constexpr int kThreads = 4;
  constexpr int kTransfers = 20;
  const StreamId accounts{"accounts", 0};
  SetMetadata(accounts, {{"a", "1000"}, {"b", "1000"}});
  std::vector<std::future<void>> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.push_back(std::async(std::launch::async, [&, thread] {
      for (int moved = 0; moved < kTransfers;) {
        const Entries found = MetadataOf(accounts);
        const int a = std::stoi(found.at("a"));
        const int b = std::stoi(found.at("b"));
        ASSERT_EQ(a + b, 2000) << "one page is one snapshot";
        const auto result = store().AtomicBatch(
            {CheckMetadata{accounts, "a", found.at("a")},
             CheckMetadata{accounts, "b", found.at("b")},
             UpdateMetadata{accounts,
                            {{"a", std::to_string(a - thread)}, {"b", std::to_string(b + thread)}},
                            {}},
             AppendEvents{accounts, {"moved"}}},
            Options(moved));
        if (result.ok()) ++moved;
        ASSERT_TRUE(result.ok() || Code(result) == StatusCode::kConflict) << result.status();
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  EXPECT_EQ(MetadataOf(accounts).at("a"), std::to_string(1000 - kTransfers * (0 + 1 + 2 + 3)));
  EXPECT_EQ(HeadOf(accounts), static_cast<Version>(kThreads * kTransfers));
}

// Each of many tries to move the work on under the lease that it has; a holder moves it on once.
CONFORMANCE_CASE(Visibility, OneLeaseMovesTheWorkOnOnce, Shows("B6", "B4")) {
  Put(kQueue, "x");
  const LockToken token = TakeOne(kQueue).lock_token;
  std::vector<std::future<bool>> racers;
  for (int i = 0; i < 6; ++i) {
    racers.push_back(std::async(std::launch::async, [&] {
      return store().AtomicBatch({DeleteMessages{token}, AppendEvents{left_, {"done"}}}).ok();
    }));
  }
  int won = 0;
  for (auto& racer : racers) won += racer.get() ? 1 : 0;
  EXPECT_EQ(won, 1);
  EXPECT_EQ(Events(left_), Texts{"done"});
}

// Leases run out while their holders move the work on: an Ok goes to one holder, for good.
CONFORMANCE_CASE(Visibility, AnAckAndAnExpiryNeverBothWin, Shows("B6", "B4", "L3", "L4")) {
  constexpr std::size_t kMessages = 200;
  std::array<std::atomic<int>, kMessages> acks = {};
  std::atomic<std::size_t> acked = 0;
  for (std::size_t i = 0; i < kMessages; ++i) {
    Put(kQueue, std::to_string(i),
        {.group = i % 3 == 0 ? std::to_string(i) : "", .durability = Durability::kBuffered});
  }
  std::vector<std::future<void>> consumers;
  for (int consumer = 0; consumer < 6; ++consumer) {
    consumers.push_back(std::async(std::launch::async, [&] {
      while (acked < kMessages) {
        const Deliveries deliveries =
            Take(kQueue, {.lease = std::chrono::milliseconds(20), .max_messages = 3});
        clock().Advance(std::chrono::milliseconds(3));  // the work of one takes time for all
        for (const Delivery& delivery : deliveries) {
          const auto index = static_cast<std::size_t>(std::stoi(delivery.payload));
          const auto result = store().AtomicBatch(
              {DeleteMessages{delivery.lock_token}, AppendEvents{{"done", index}, {"x"}}},
              {Durability::kBuffered, {}});
          if (result.ok()) {
            ASSERT_EQ(acks[index].fetch_add(1), 0) << "acked twice";
            ++acked;
          } else {
            ASSERT_EQ(Code(result), StatusCode::kLeaseLost) << result.status();
          }
        }
      }
    }));
  }
  for (auto& consumer : consumers) consumer.get();
  for (std::size_t i = 0; i < kMessages; ++i) EXPECT_EQ(HeadOf({"done", i}), 1U);
  EXPECT_TRUE(Take(kQueue).empty());
}

}  // namespace
}  // namespace tandem::conformance
